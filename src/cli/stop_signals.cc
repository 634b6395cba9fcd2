#include "cli/stop_signals.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <limits>

#include "base/check.h"
#include "base/error.h"

namespace millwright::cli {
namespace {

constexpr int64_t kLookMs = 50;  // at whether it is over
constexpr int kSignals[] = {SIGINT, SIGTERM};

// A handler may only write to what it finds here.
volatile sig_atomic_t g_write_end = -1;

void Tell(int /*signal*/) {
  const char byte = 0;
  // A full pipe has been told already.
  [[maybe_unused]] const ssize_t written = write(g_write_end, &byte, 1);
}

}  // namespace

StopSignals::StopSignals() {
  CHECK(g_write_end == -1);
  if (pipe2(pipe_, O_CLOEXEC | O_NONBLOCK) != 0) throw Internal("Cannot make a pipe");
  g_write_end = pipe_[1];
  struct sigaction action {};
  action.sa_handler = Tell;
  // The second signal finds the default again, which ends the process.
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  for (const int signal : kSignals) sigaction(signal, &action, nullptr);
}

StopSignals::~StopSignals() {
  for (const int signal : kSignals) ::signal(signal, SIG_DFL);
  g_write_end = -1;
  for (const int end : pipe_) close(end);
}

bool StopSignals::WaitFor(int64_t timeout_ms) {
  if (is_stopped_) return true;
  pollfd ready{pipe_[0], POLLIN, 0};
  const int timeout =
      static_cast<int>(std::min<int64_t>(timeout_ms, std::numeric_limits<int>::max()));
  // Broken off by a signal of its own, poll finds the byte at the second look.
  is_stopped_ = poll(&ready, 1, timeout) > 0 || poll(&ready, 1, 0) > 0;
  return is_stopped_;
}

StopOnSignal::StopOnSignal()
    : watcher_([this](const std::stop_token& over) {
        while (!over.stop_requested() && !stop_.stop_requested()) {
          if (signals_.WaitFor(kLookMs)) stop_.request_stop();
        }
      }) {}

}  // namespace millwright::cli
