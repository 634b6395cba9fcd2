#include "inference/python_workers.h"

#include <algorithm>
#include <chrono>
#include <future>

#include "base/clock.h"
#include "base/error.h"

namespace millwright::inference {
namespace {

int64_t NowMs() {
  return MonotonicUs() / 1000;
}

}  // namespace

PythonWorkers::PythonWorkers(const Json& spec, const PythonOptions& options)
    : workers_(static_cast<size_t>(std::clamp(options.workers, 1, kPythonWorkersMax))) {
  // Loading takes seconds: all do it at the same time.
  std::vector<std::future<void>> starts;
  for (Worker& worker : workers_) {
    worker.process = std::make_unique<PythonProcess>(spec, options);
    free_.push_back(&worker);
    starts.push_back(
        std::async(std::launch::async, [&process = *worker.process] { process.Start(); }));
  }
  for (auto& start : starts) start.wait();
  for (auto& start : starts) start.get();
  facts_ = workers_.front().process->Start();
}

PythonFrame PythonWorkers::Call(const PythonFrame& request) {
  Worker& worker = Take();
  try {
    PythonFrame answer = worker.process->Call(request);
    GiveBack(worker);
    return answer;
  } catch (...) {
    GiveBack(worker);
    throw;
  }
}

PythonWorkers::Worker& PythonWorkers::Take() {
  std::unique_lock lock(mutex_);
  ++waiting_;
  try {
    while (free_.empty()) {
      RequirePatience();
      freed_.wait_for(lock, std::chrono::milliseconds(kPythonSlowMs));
    }
  } catch (...) {
    --waiting_;
    throw;
  }
  --waiting_;
  Worker& worker = *free_.back();
  free_.pop_back();
  worker.busy_since_ms = NowMs();
  return worker;
}

void PythonWorkers::GiveBack(Worker& worker) {
  {
    const std::lock_guard lock(mutex_);
    worker.busy_since_ms = 0;
    // One that has to be started again comes last.
    free_.insert(worker.process->is_running() ? free_.end() : free_.begin(), &worker);
  }
  freed_.notify_one();
}

int64_t PythonWorkers::BusyMs() const {
  int64_t since_ms = 0;
  for (const Worker& worker : workers_) since_ms = std::max(since_ms, worker.busy_since_ms);
  return NowMs() - since_ms;
}

void PythonWorkers::RequirePatience() const {
  const int64_t busy_ms = BusyMs();
  const int most = busy_ms < kPythonSlowMs ? kPythonWaitingMax : kPythonWaitingSlowMax;
  if (waiting_ <= most) return;
  throw Unavailable(
      "The model's {} Python workers are busy, each for {} ms or longer, and {} requests wait "
      "(--python-workers sets how many there are)",
      workers_.size(), busy_ms, most);
}

}  // namespace millwright::inference
