#include "webhooks/outbox.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "webhooks/rows.h"
#include "webhooks/sql.h"

namespace millwright::webhooks {
namespace {

using storage::Connection;
using storage::Row;

constexpr int64_t kPruneBatch = 500;
constexpr int64_t kDoublingsMax = 30;

}  // namespace

int64_t RetryDelayMs(const RetryPlan& plan, int64_t tries, int64_t retry_after_ms) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const int64_t doublings = std::clamp<int64_t>(tries - 1, 0, kDoublingsMax);
  const int64_t full_ms = std::min(plan.first_ms << doublings, plan.delay_ms_max);
  const int64_t half_ms = full_ms / 2;
  const int64_t own_ms =
      half_ms + std::uniform_int_distribution<int64_t>(0, full_ms - half_ms)(random);
  return std::min(std::max(own_ms, retry_after_ms), plan.delay_ms_max);
}

bool Enqueue(Connection& connection, const QueuedMessage& message, int64_t now_ms) {
  const int64_t webhook = FindWebhook(connection, message.webhook).seq;
  std::string refused;
  if (connection.SelectOne(sql::kCountPending, {webhook, kQueueMax})->Int(0) >= kQueueMax)
    refused = fmt::format("{} deliveries of this webhook wait already", kQueueMax);
  const bool too_large = message.body.size() > kBodyBytesMax;
  if (too_large) refused = fmt::format("The message has more than {} bytes", kBodyBytesMax);
  const auto state = refused.empty() ? DeliveryState::kPending : DeliveryState::kDead;
  connection.Execute(
      sql::kInsertDelivery,
      {webhook, NewHexId(), int64_t{0}, message.topic, message.subject,
       too_large ? std::string() : message.body, std::string(StateName(state)), now_ms, refused,
       refused.empty() ? storage::Value() : storage::Value(now_ms)});
  return refused.empty();
}

Outbox::Outbox(storage::Database& database, events::EventLog& events, const Clock& clock,
               Formats formats, const RetryPlan& plan)
    : database_(database), events_(events), clock_(clock), formats_(formats), plan_(plan) {}

std::vector<Outbox::Turn> Outbox::Turns() const {
  // No turn is further away than the longest delay, unless the clock was set back meanwhile.
  const int64_t now_ms = clock_.NowMs();
  return database_.Read([&](Connection& connection) {
    std::vector<Turn> turns;
    for (const Row& row : connection.Select(sql::kDueHeads)) {
      const int64_t due_ms = row.Int(2);
      turns.push_back(
          {row.Int(0), row.Int(1), due_ms, due_ms - now_ms > plan_.delay_ms_max ? now_ms : due_ms});
    }
    std::stable_sort(turns.begin(), turns.end(),
                     [](const Turn& a, const Turn& b) { return a.start_ms < b.start_ms; });
    return turns;
  });
}

std::optional<Outbox::Loaded> Outbox::Load(const Turn& turn) const {
  const auto row = database_.Read([&](Connection& connection) {
    return connection.SelectOne(sql::kLoadOutgoing, {turn.delivery_seq, turn.due_ms});
  });
  if (!row) return std::nullopt;
  return Loaded{.outgoing = {.webhook = WebhookId(row->Text(6)),
                             .url = row->Text(7),
                             .format = row->Text(8),
                             .sealed_secret = row->OptionalText(9),
                             .delivery = DeliveryId(row->Text(1)),
                             .body = row->Text(3),
                             .settings = row->Text(10)},
                .seq = row->Int(0),
                .tries = row->Int(4),
                .attempts = row->Int(5),
                .topic = row->Text(2),
                .created_ms = row->Int(11)};
}

void Outbox::Note(const Loaded& loaded, Sending sending) {
  if (sending.verdict == Verdict::kGivenUp) return;
  Attempt& attempt = sending.attempt;
  attempt.number = loaded.attempts + 1;
  const int64_t now_ms = clock_.NowMs();
  const int64_t tries = loaded.tries + 1;
  const int64_t keep_trying_ms = FindFormat(formats_, loaded.outgoing.format).keep_trying_ms;
  const bool spent = keep_trying_ms == 0 ? tries >= plan_.attempts_max
                                         : now_ms - loaded.created_ms >= keep_trying_ms;
  const bool last = sending.verdict == Verdict::kRefused || spent;
  const auto state = sending.verdict == Verdict::kDelivered ? DeliveryState::kDelivered
                     : last                                 ? DeliveryState::kDead
                                                            : DeliveryState::kPending;
  const bool waits = state == DeliveryState::kPending;
  const int64_t due_ms =
      waits ? now_ms + RetryDelayMs(plan_, tries, sending.retry_after_ms) : now_ms;
  database_.Write([&](Connection& connection) {
    if (connection.Execute(sql::kNoteAttempt,
                           {loaded.seq, loaded.attempts, std::string(StateName(state)), due_ms,
                            attempt.error, waits ? storage::Value() : storage::Value(now_ms)}) == 0)
      return;
    connection.Execute(sql::kInsertAttempt,
                       {loaded.seq, attempt.number, attempt.started_ms, attempt.duration_ms,
                        storage::Optional(attempt.status), attempt.error, attempt.response});
    if (state != DeliveryState::kDead) return;
    events_.Append(connection, "webhook.delivery_died", "webhook:" + loaded.outgoing.webhook.str(),
                   "system",
                   Json::Of({{"delivery", loaded.outgoing.delivery.str()},
                             {"topic", loaded.topic},
                             {"attempts", attempt.number},
                             {"error", attempt.error}}));
  });
}

bool Outbox::Prune(int64_t keep_ms) {
  return database_.Write([&](Connection& connection) {
    const auto rows =
        connection.Select(sql::kStaleDeliveries, {clock_.NowMs() - keep_ms, kPruneBatch});
    for (const Row& row : rows) {
      connection.Execute(sql::kDeleteAttempts, {row.Int(0)});
      connection.Execute(sql::kDeleteDelivery, {row.Int(0)});
    }
    if (rows.empty()) connection.Execute(sql::kDeleteEmptyWebhooks);
    return static_cast<int64_t>(rows.size()) == kPruneBatch;
  });
}

}  // namespace millwright::webhooks
