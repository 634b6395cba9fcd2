#include "pipelines/scheduler.h"

#include "pipelines/follower.h"
#include "pipelines/scheduler_loop.h"

namespace millwright::pipelines {

Scheduler::Scheduler(PipelineStore& store, SchedulerOptions options)
    : loop_(std::make_unique<SchedulerLoop>(store, std::move(options))),
      follower_(std::make_unique<EventFollower>(store, loop_->notices())) {}

Scheduler::~Scheduler() {
  Stop();
}

void Scheduler::Stop() {
  follower_.reset();
  if (loop_) loop_->Stop();
}

}  // namespace millwright::pipelines
