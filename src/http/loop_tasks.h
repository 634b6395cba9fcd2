#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "http/loop.h"
#include "http/message_client.h"
#include "http/peer_connection.h"

namespace millwright::http {

// What handlers leave to an I/O thread: questions to other processes, and moments to wait for.
class LoopTasks final : public IoThread {
 public:
  LoopTasks(boost::asio::io_context& io, std::shared_ptr<LoopGate> gate);
  ~LoopTasks() = default;

  void Ask(const MessagePeer& peer, const MessageFraming& framing,
           std::shared_ptr<const std::string> message, MessageDone done) override;
  TimerId After(int64_t delay_us, std::function<void()> task) override;
  void Cancel(TimerId timer) override;
  std::function<void(std::function<void()>)> Poster() override;

  // Makes it what Here gives on the calling thread, from now on.
  void Enter();
  // Called by the loop's ticker.
  void CheckDeadlines(int64_t now_ms);
  // Ends all questions and forgets all timers, so that the thread can end.
  void Close();

 private:
  // The same delay comes again and again, so that most tasks are put at the end.
  using TimerKey = std::pair<int64_t, TimerId>;  // when, in MonotonicUs
  void Arm();
  void RunDue();

  boost::asio::io_context& io_;
  const std::shared_ptr<LoopGate> gate_;
  std::map<uint64_t, PeerConnections> peers_;
  std::map<TimerKey, std::function<void()>> tasks_;
  std::map<TimerId, int64_t> due_;  // of what is in `tasks_`
  TimerId timers_made_ = 0;
  int64_t armed_us_ = 0;  // when `timer_` goes off; 0: not
  Timer timer_;
};

}  // namespace millwright::http
