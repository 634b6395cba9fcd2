#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "inference/python_options.h"
#include "inference/python_process.h"

namespace millwright::inference {

// Requests that wait for a worker of one model; more are refused.
inline constexpr int kPythonWaitingMax = 100;
// While every worker has been at one request for kPythonSlowMs, only so many wait: a model that
// does not return must not hold the threads of those who ask its neighbours.
inline constexpr int kPythonWaitingSlowMax = 4;
inline constexpr int64_t kPythonSlowMs = 1000;

// The workers of one model, which all have loaded it. A request goes to one that is free. A worker
// that has died is started again by the request that finds it so. Thread-safe.
class PythonWorkers {
 public:
  // Throws what PythonProcess::Start throws.
  PythonWorkers(const Json& spec, const PythonOptions& options);

  // What a worker says of the model.
  const Json& facts() const { return facts_; }
  // Throws what PythonProcess::Call throws, and kUnavailable when too many wait.
  PythonFrame Call(const PythonFrame& request);

 private:
  struct Worker {
    std::unique_ptr<PythonProcess> process;
    int64_t busy_since_ms = 0;  // 0: it is free
  };
  Worker& Take();
  void GiveBack(Worker& worker);
  // How long the worker that is busy shortest has been at its request.
  int64_t BusyMs() const;
  void RequirePatience() const;

  std::vector<Worker> workers_;
  Json facts_;
  mutable std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<Worker*> free_;  // the last is used next, so that few are warm rather than all cold
  int waiting_ = 0;
};

}  // namespace millwright::inference
