#include "serving/blocking_loop.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "base/check.h"
#include "base/clock.h"
#include "base/error.h"

namespace millwright::serving {

class BlockingLoop::Mailbox {
 public:
  Mailbox() : event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!event_.open()) throw ResourceExhausted("No file descriptor is left for a waiting request");
  }
  int fd() const { return event_.fd(); }
  void Post(Task task) {
    std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(event_.fd(), &one, sizeof one);
  }
  std::vector<Task> Take() {
    std::lock_guard lock(mutex_);
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = read(event_.fd(), &count, sizeof count);
    return std::exchange(tasks_, {});
  }

 private:
  const Socket event_;
  std::mutex mutex_;
  std::vector<Task> tasks_;
};

BlockingLoop::~BlockingLoop() = default;

void BlockingLoop::Ask(const std::shared_ptr<ReplicaClient>& client,
                       std::shared_ptr<const std::string> frame, Answered answered) {
  auto call = client->Start(*frame);
  if (!call) return answered(Outcome::kGone, FrameKind::kError, {});
  const int64_t deadline_us = MonotonicUs() + client->timeout_ms() * 1000;
  questions_.push_back({client, *std::move(call), std::move(answered), deadline_us});
}

ReplicaLoop::TimerId BlockingLoop::After(int64_t delay_us, Task task) {
  timers_.push_back({++timers_made_, MonotonicUs() + delay_us, std::move(task)});
  return timers_made_;
}

void BlockingLoop::Cancel(TimerId timer) {
  std::erase_if(timers_, [&](const Timer& one) { return one.id == timer; });
}

ReplicaLoop::Poster BlockingLoop::MakePoster() {
  if (mailbox_ == nullptr) mailbox_ = std::make_shared<Mailbox>();
  return [mailbox = mailbox_](Task task) { mailbox->Post(std::move(task)); };
}

void BlockingLoop::RunUntil(const bool& finished) {
  while (!finished) {
    if (!RunDueTimer() && !ExpireQuestion()) Wait();
  }
}

bool BlockingLoop::RunDueTimer() {
  const int64_t now_us = MonotonicUs();
  const auto due = std::find_if(timers_.begin(), timers_.end(),
                                [&](const Timer& timer) { return timer.due_us <= now_us; });
  if (due == timers_.end()) return false;
  const Task task = std::move(due->task);
  timers_.erase(due);
  task();
  return true;
}

bool BlockingLoop::ExpireQuestion() {
  const int64_t now_us = MonotonicUs();
  const auto late =
      std::find_if(questions_.begin(), questions_.end(),
                   [&](const Question& question) { return question.deadline_us <= now_us; });
  if (late == questions_.end()) return false;
  const Question question = std::move(*late);
  questions_.erase(late);
  question.answered(Outcome::kTimedOut, FrameKind::kError, {});
  return true;
}

int64_t BlockingLoop::NextUs() const {
  int64_t next_us = std::numeric_limits<int64_t>::max();
  for (const Timer& timer : timers_) next_us = std::min(next_us, timer.due_us);
  for (const Question& question : questions_) next_us = std::min(next_us, question.deadline_us);
  return next_us;
}

void BlockingLoop::Wait() {
  std::vector<pollfd> polled;
  for (const Question& question : questions_) {
    polled.push_back({question.call.socket.fd(), POLLIN, 0});
  }
  if (mailbox_ != nullptr) polled.push_back({mailbox_->fd(), POLLIN, 0});
  // Nobody could ever wake this thread: whoever asks has forgotten to finish.
  CHECK(!polled.empty() || !timers_.empty());
  const int64_t left_us = std::max<int64_t>(0, NextUs() - MonotonicUs());
  const timespec left{left_us / 1'000'000, left_us % 1'000'000 * 1000};
  if (ppoll(polled.data(), polled.size(), &left, nullptr) <= 0) return;
  for (size_t i = 0; i < questions_.size(); ++i) {
    if (polled[i].revents != 0) return TakeAnswer(i);
  }
  if (mailbox_ == nullptr) return;
  for (const Task& task : mailbox_->Take()) task();
}

void BlockingLoop::TakeAnswer(size_t index) {
  Question question = std::move(questions_[index]);
  questions_.erase(questions_.begin() + static_cast<std::ptrdiff_t>(index));
  Frame answer;
  switch (question.client->Receive(std::move(question.call), &answer)) {
    case Transfer::kDone:
      return question.answered(Outcome::kAnswered, answer.kind, answer.body);
    case Transfer::kClosed:
      return question.answered(Outcome::kGone, FrameKind::kError, {});
    case Transfer::kTimedOut:
      return question.answered(Outcome::kTimedOut, FrameKind::kError, {});
  }
}

}  // namespace millwright::serving
