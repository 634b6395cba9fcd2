#include "http/outbox.h"

#include <utility>

#include "base/clock.h"
#include "http/connection.h"

namespace millwright::http {
namespace {

constexpr int64_t kHeldUsMax = 200;

}  // namespace

bool Outbox::Holds(const Connection* connection) {
  const bool is_another = std::exchange(last_, connection) != connection;
  return is_another || !held_.empty();
}

void Outbox::Add(std::shared_ptr<Connection> connection) {
  const int64_t now_us = MonotonicUs();
  if (held_.empty()) since_us_ = now_us;
  held_.push_back(std::move(connection));
  if (!is_posted_) {
    is_posted_ = true;
    // Comes behind what is ready now.
    boost::asio::post(io_, [this] {
      is_posted_ = false;
      Send();
    });
  }
  if (now_us - since_us_ > kHeldUsMax) Send();
}

void Outbox::Send() {
  if (!sending_.empty()) return;  // within a HeldIsSent: what is held has been posted
  sending_.swap(held_);
  for (const auto& connection : sending_) connection->SendHeld();
  for (const auto& connection : sending_) connection->HeldIsSent();
  sending_.clear();
}

}  // namespace millwright::http
