#include "webhooks/fan_out.h"

#include <fmt/format.h>

#include <map>

#include "webhooks/delivery.h"
#include "webhooks/rows.h"
#include "webhooks/sql.h"

namespace millwright::webhooks {
namespace {

using storage::Connection;

// With kWebhooksMax webhooks that want everything, this many times as many rows are one
// transaction.
constexpr int kPage = 64;
constexpr int64_t kCursorLagMax = 1000;
// A webhook that fails is not told so: it and another that fails would feed each other for ever.
constexpr std::string_view kNeverTold = "webhook.delivery_died";
// Alerts queue messages of their own.
constexpr std::string_view kQueued = "alert.notified";

}  // namespace

struct FanOut::Queued {
  int64_t webhook_seq;
  DeliveryId id;
  int64_t event_seq;
  std::string subject;
  Message message;
};

FanOut::FanOut(storage::Database& database, events::EventLog& events, const Clock& clock,
               Formats formats)
    : database_(database), events_(events), clock_(clock), formats_(formats) {}

void FanOut::Reload() {
  seq_ = saved_ = database_.Read(
      [](Connection& connection) { return connection.SelectOne(sql::kReadWebhookCursor)->Int(0); });
}

bool FanOut::Step() {
  const auto events = events_.After(seq_, kPage);
  if (events.empty()) return false;
  // Read after the events, so that a webhook that was there before an event is seen.
  std::vector<Webhook> webhooks;
  database_.Read([&](Connection& connection) {
    for (const auto& row : connection.Select(sql::kActiveWebhooks))
      webhooks.push_back(ReadWebhook(row));
  });
  const auto queued = Match(events, webhooks);
  const int64_t last = events.back().seq;
  if (!queued.empty()) {
    if (!Queue(queued, last)) {
      Reload();
      return true;
    }
    saved_ = last;
  }
  seq_ = last;
  if (seq_ - saved_ >= kCursorLagMax) Save();
  for (const auto& event : events)
    if (event.kind.starts_with("webhook.") || event.kind == kQueued) return true;
  return !queued.empty();
}

std::vector<FanOut::Queued> FanOut::Match(const std::vector<events::Event>& events,
                                          const std::vector<Webhook>& webhooks) const {
  std::vector<Queued> queued;
  for (const auto& event : events) {
    if (event.kind == kNeverTold) continue;
    for (const Format* format : formats_) {
      std::optional<Message> message;  // worded when somebody has that format
      for (const Webhook& webhook : webhooks) {
        if (webhook.format != format->name || event.seq <= webhook.after_seq) continue;
        if (!message) message = format->word(event);
        if (!message) break;
        if (!webhook.Wants(message->topic)) continue;
        queued.push_back({webhook.seq, DeliveryId(NewHexId()), event.seq, event.subject, *message});
      }
    }
  }
  return queued;
}

// Returns whether the cursor was where this follower thought.
bool FanOut::Queue(const std::vector<Queued>& queued, int64_t seq) {
  return database_.Write([&](Connection& connection) {
    if (connection.Execute(sql::kMoveWebhookCursor, {saved_, seq}) == 0) return false;
    std::map<int64_t, int64_t> waiting;
    for (const auto& [webhook_seq, id, event_seq, subject, message] : queued) {
      const auto [count, is_new] = waiting.try_emplace(webhook_seq, 0);
      if (is_new)
        count->second = connection.SelectOne(sql::kCountPending, {webhook_seq, kQueueMax})->Int(0);
      std::string refused;
      if (count->second >= kQueueMax)
        refused = fmt::format("{} deliveries of this webhook wait already", kQueueMax);
      const bool too_large = message.body.size() > kBodyBytesMax;
      if (too_large) refused = fmt::format("The message has more than {} bytes", kBodyBytesMax);
      if (refused.empty()) ++count->second;
      const auto state = refused.empty() ? DeliveryState::kPending : DeliveryState::kDead;
      const int64_t now_ms = clock_.NowMs();
      connection.Execute(
          sql::kInsertDelivery,
          {webhook_seq, id.str(), event_seq, message.topic, subject,
           too_large ? std::string() : message.body, std::string(StateName(state)), now_ms, refused,
           refused.empty() ? storage::Value() : storage::Value(now_ms)});
    }
    return true;
  });
}

void FanOut::Save() {
  if (seq_ == saved_) return;
  const int64_t moved = database_.Write([&](Connection& connection) {
    return connection.Execute(sql::kMoveWebhookCursor, {saved_, seq_});
  });
  if (moved == 1) {
    saved_ = seq_;
  } else {
    Reload();
  }
}

}  // namespace millwright::webhooks
