#pragma once

#include <cstdint>
#include <stop_token>
#include <thread>

namespace millwright::cli {

// Lets SIGINT and SIGTERM end a command that follows something between two pieces of work, never in
// one. The second SIGINT or SIGTERM ends the process at once, should a piece hang. One at a time.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // Waits for a signal; returns whether one came by now.
  bool WaitFor(int64_t timeout_ms);

 private:
  int pipe_[2] = {-1, -1};
  bool is_stopped_ = false;
};

// Asks for the end of what runs when SIGINT or SIGTERM comes.
class StopOnSignal {
 public:
  StopOnSignal();
  std::stop_token token() const { return stop_.get_token(); }

 private:
  StopSignals signals_;
  std::stop_source stop_;
  std::jthread watcher_;
};

}  // namespace millwright::cli
