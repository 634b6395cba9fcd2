#include "cli/session_watch.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "base/error.h"

namespace millwright::cli {
namespace {

constexpr auto kDrawEvery = std::chrono::milliseconds(100);
constexpr int kInterruptsMax = 50;  // one at each drawing: five seconds

}  // namespace

SessionWatch::SessionWatch(analytics::Session& session, Progress& progress)
    : session_(session),
      progress_(progress),
      drawer_([this](const std::stop_token& over) { Draw(over); }) {}

void SessionWatch::Tell(double share, std::string_view note, double step) {
  {
    const std::lock_guard lock(mutex_);
    share_ = share;
    note_ = note;
    step_ = step;
  }
  if (signals_.token().stop_requested()) throw Aborted("Interrupted");
  progress_.Update(share, note);
}

void SessionWatch::Draw(const std::stop_token& over) {
  std::unique_lock lock(mutex_);
  int interrupts = 0;
  while (!changed_.wait_for(lock, over, kDrawEvery, [&] { return over.stop_requested(); })) {
    if (over.stop_requested()) return;
    if (signals_.token().stop_requested()) {
      session_.Interrupt();
      // Some functions of SQL do not look whether they are to end.
      if (++interrupts == kInterruptsMax) {
        std::fputs("Error: Interrupted\n", stderr);
        std::_Exit(1);
      }
    }
    const auto done = session_.Progress();
    if (!done) continue;
    const std::string note = step_ > 0 ? note_ : fmt::format("{} {:.0f} %", note_, 100 * *done);
    progress_.Update(share_ + step_ * *done, note);
  }
}

}  // namespace millwright::cli
