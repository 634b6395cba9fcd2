#pragma once

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "inference/python_options.h"
#include "inference/shared_memory.h"

namespace millwright::inference {

inline constexpr int64_t kPythonStartMsMax = 60'000;  // until the model is loaded
inline constexpr size_t kPythonHeaderBytesMax = size_t{16} << 20;
inline constexpr size_t kPythonBodyBytesMax = size_t{1} << 30;
// Smaller bodies go over the socket, larger ones through memory that both processes have.
inline constexpr size_t kPythonSharedBytesMin = size_t{64} << 10;
// What a body leaves in that memory is given back to the system if it is more than this.
inline constexpr size_t kPythonSharedBytesKept = size_t{16} << 20;
// A worker that died while it started is not started again at once.
inline constexpr int64_t kPythonRestartPauseMs = 1000;

// A frame of the worker's protocol; src/inference/python_worker.py describes it.
struct PythonFrame {
  Json header;
  std::string body;
};

// A child process of python3 with the embedded worker script and one model. It is killed when it
// does not answer in time, and started again at the next call. One call at a time; not thread-safe.
class PythonProcess {
 public:
  // `spec` tells the worker what to load.
  PythonProcess(Json spec, const PythonOptions& options);
  ~PythonProcess();

  // Starts the process if none runs and returns what the worker says of the model. Throws
  // kInvalidArgument with Python's words when the model cannot be loaded, kUnavailable when there
  // is no Python or the worker died a moment ago.
  const Json& Start();
  // Throws kInvalidArgument when the model itself refuses, kInternal when it wants more
  // memory than it may have or its process died, kDeadlineExceeded when it took too long; after
  // these three the process is started again at the next call.
  PythonFrame Call(const PythonFrame& request);

  // Whether a worker runs that has loaded the model, as far as the last call could tell.
  bool is_running() const { return connection_ >= 0; }
  // For tests and logs; 0 while none runs.
  pid_t pid() const { return child_ ? child_->pid() : 0; }

 private:
  void Keep(const std::stop_token& stop);
  void Launch();
  void End();
  // Whether the process has gone since the last answer.
  bool IsGone() const;
  void ShareMemory(int64_t deadline_ms);
  void SendFrame(const PythonFrame& frame, int64_t deadline_ms);
  void SendBytes(std::string_view bytes, int64_t deadline_ms);
  PythonFrame ReceiveFrame(int64_t deadline_ms);
  [[noreturn]] void GiveUp(const std::string& why, Code code = Code::kInternal);

  const Json spec_;
  const PythonOptions options_;
  TempDir folder_;  // of the socket
  SharedMemory requests_{kPythonBodyBytesMax};
  SharedMemory answers_{kPythonBodyBytesMax};
  Json facts_;  // null until the worker that runs has loaded the model
  int listener_ = -1;
  int connection_ = -1;
  int64_t failed_at_ms_ = 0;
  std::optional<ChildProcess> child_;

  // A child dies with the thread that started it, and callers' threads come and go: this one stays.
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool wanted_ = false;
  std::string launch_error_;
  std::jthread keeper_;
};

}  // namespace millwright::inference
