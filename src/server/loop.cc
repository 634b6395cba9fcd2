#include "server/loop.h"

#include "base/lane.h"
#include "base/log.h"

namespace millwright::server {
namespace {

// After work that failed.
constexpr int64_t kRetryMs = 1'000;

void Run(const std::string& what, const Loop::Work& work, const std::stop_token& stop) {
  int64_t wait_ms = 0;
  do {
    wait_ms = kRetryMs;
    try {
      wait_ms = work(stop);
    } catch (const std::exception& error) {
      Log(LogLevel::kError, "server", "cannot " + what, {{"error", error.what()}});
    }
  } while (!WaitForStop(stop, wait_ms));
}

}  // namespace

Loop::Loop(std::string thread_name, std::string what, Work work)
    : thread_([name = std::move(thread_name), what = std::move(what),
               work = std::move(work)](const std::stop_token& stop) {
        NameThisThread(name);
        Run(what, work, stop);
      }) {}

}  // namespace millwright::server
