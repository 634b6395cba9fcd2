#include "http/loop_tasks.h"

#include <utility>

#include "base/clock.h"

namespace millwright::http {
namespace {

thread_local IoThread* io_thread = nullptr;

}  // namespace

IoThread* IoThread::Here() {
  return io_thread;
}

LoopTasks::LoopTasks(boost::asio::io_context& io, std::shared_ptr<LoopGate> gate)
    : io_(io), gate_(std::move(gate)), timer_(io) {}

void LoopTasks::Enter() {
  io_thread = this;
}

void LoopTasks::Ask(const MessagePeer& peer, const MessageFraming& framing,
                    std::shared_ptr<const std::string> message, MessageDone done) {
  auto found = peers_.find(peer.id);
  if (found == peers_.end()) {
    found = peers_.try_emplace(peer.id, io_, std::string(peer.path), framing).first;
  }
  const int64_t deadline_ms = MonotonicUs() / 1000 + peer.timeout_ms;
  found->second.Ask({std::move(message), std::move(done), deadline_ms});
}

IoThread::TimerId LoopTasks::After(int64_t delay_us, std::function<void()> task) {
  const int64_t due_us = MonotonicUs() + delay_us;
  const TimerId id = ++timers_made_;
  tasks_.emplace_hint(tasks_.end(), TimerKey(due_us, id), std::move(task));
  due_.emplace_hint(due_.end(), id, due_us);
  Arm();
  return id;
}

// The timer may go off for nothing then, which costs less than setting it anew for each request.
void LoopTasks::Cancel(TimerId timer) {
  const auto found = due_.find(timer);
  if (found == due_.end()) return;
  tasks_.erase({found->second, timer});
  due_.erase(found);
}

std::function<void(std::function<void()>)> LoopTasks::Poster() {
  return [gate = gate_](std::function<void()> task) { gate->Post(std::move(task)); };
}

void LoopTasks::Arm() {
  if (tasks_.empty()) return;
  const int64_t due_us = tasks_.begin()->first.first;
  if (armed_us_ != 0 && armed_us_ <= due_us) return;
  armed_us_ = due_us;
  timer_.expires_after(std::chrono::microseconds(std::max<int64_t>(0, due_us - MonotonicUs())));
  timer_.async_wait([this](const boost::system::error_code& ec) {
    if (!ec) RunDue();
  });
}

void LoopTasks::RunDue() {
  armed_us_ = 0;
  const int64_t now_us = MonotonicUs();
  while (!tasks_.empty() && tasks_.begin()->first.first <= now_us) {
    const auto task = std::move(tasks_.begin()->second);
    due_.erase(tasks_.begin()->first.second);
    tasks_.erase(tasks_.begin());
    task();
  }
  Arm();
}

void LoopTasks::CheckDeadlines(int64_t now_ms) {
  for (auto peer = peers_.begin(); peer != peers_.end();) {
    peer->second.CheckDeadlines(now_ms);
    peer = peer->second.empty() ? peers_.erase(peer) : std::next(peer);
  }
}

void LoopTasks::Close() {
  for (auto& [id, peer] : peers_) peer.Close();
  due_.clear();
  const auto tasks = std::exchange(tasks_, {});  // what they hold may cancel others
  timer_.cancel();
}

}  // namespace millwright::http
