#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "http/loop.h"

namespace millwright::http {

// Short answers of one I/O thread that go out together, when the requests that one look at the
// sockets brought are answered. A client that sleeps is woken by the first of its answers and finds
// the others there: waking it for each costs as much as a small answer itself, and the answer to
// the next request would wait for that. No answer is held for more than kHeldUsMax beside the
// handler that runs; one that follows another of its own connection is not held at all.
class Outbox {
 public:
  explicit Outbox(boost::asio::io_context& io) : io_(io) {}

  // Whether a connection's answer should be held; asked once for each answer.
  bool Holds(const Connection* connection);
  // Holds it: calls SendHeld of all connections first, then HeldIsSent of all.
  void Add(std::shared_ptr<Connection> connection);

 private:
  void Send();

  boost::asio::io_context& io_;
  const Connection* last_ = nullptr;  // that answered; only to compare it
  std::vector<std::shared_ptr<Connection>> held_;
  std::vector<std::shared_ptr<Connection>> sending_;
  int64_t since_us_ = 0;  // when the first of `held_` came
  bool is_posted_ = false;
};

}  // namespace millwright::http
