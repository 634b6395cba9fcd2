#include "base/scheduling.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace millwright {
namespace {

constexpr uint64_t kTurnNs = 100'000;  // the least that Linux takes; usual are three milliseconds

// What sched_setattr(2) takes; the C library has no name for it before version 2.41.
struct SchedulingAttributes {
  uint32_t size = sizeof(SchedulingAttributes);
  uint32_t policy = SCHED_OTHER;
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime_ns = kTurnNs;
  uint64_t deadline_ns = 0;
  uint64_t period_ns = 0;
};

}  // namespace

void PreferShortTurns() {
  if (sched_getscheduler(0) != SCHED_OTHER) return;
  SchedulingAttributes attributes;
  attributes.nice = getpriority(PRIO_PROCESS, 0);
  // A wish: what does not grant it serves as before.
  [[maybe_unused]] const long refused = syscall(SYS_sched_setattr, 0, &attributes, 0);
}

}  // namespace millwright
