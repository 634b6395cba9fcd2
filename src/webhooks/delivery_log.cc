#include "webhooks/delivery_log.h"

#include <algorithm>

#include "base/error.h"
#include "webhooks/rows.h"
#include "webhooks/sql.h"

namespace millwright::webhooks {
namespace {

using storage::Connection;
using storage::Row;

Delivery ReadDelivery(const Row& row) {
  return {.seq = row.Int(0),
          .id = DeliveryId(row.Text(1)),
          .webhook = WebhookId(row.Text(12)),
          .event_seq = row.Int(2),
          .topic = row.Text(3),
          .subject = row.Text(4),
          .body = row.Text(5),
          .state = ParseState(row.Text(6)),
          .attempts = row.Int(7),
          .due_ms = row.Int(8),
          .error = row.Text(9),
          .created_ms = row.Int(10),
          .finished_ms = row.OptionalInt(11)};
}

Delivery FindDelivery(Connection& connection, const DeliveryId& id) {
  const auto row = connection.SelectOne(sql::kFindDelivery, {id.str()});
  if (!row) throw NotFound("Delivery", id.str());
  return ReadDelivery(*row);
}

}  // namespace

std::string_view StateName(DeliveryState state) {
  switch (state) {
    case DeliveryState::kPending:
      return "pending";
    case DeliveryState::kDelivered:
      return "delivered";
    case DeliveryState::kDead:
      return "dead";
  }
  return "";
}

DeliveryState ParseState(std::string_view text) {
  for (const auto state :
       {DeliveryState::kPending, DeliveryState::kDelivered, DeliveryState::kDead})
    if (text == StateName(state)) return state;
  throw InvalidArgument("state must be pending, delivered or dead, not \"{}\"", text)
      .WithField("state");
}

DeliveryLog::DeliveryLog(storage::Database& database, events::EventLog& events, const Clock& clock)
    : database_(database), events_(events), clock_(clock) {}

std::vector<Delivery> DeliveryLog::List(const WebhookId& webhook,
                                        const DeliverySearch& search) const {
  const std::string state(search.state ? StateName(*search.state) : "");
  return database_.Read([&](Connection& connection) {
    std::vector<Delivery> deliveries;
    for (const Row& row : connection.Select(
             sql::kListDeliveries,
             {FindWebhook(connection, webhook).seq, search.before_seq, state, search.topic,
              std::clamp<int64_t>(search.limit, 1, kDeliveriesPageMax)}))
      deliveries.push_back(ReadDelivery(row));
    return deliveries;
  });
}

Delivery DeliveryLog::Get(const DeliveryId& id) const {
  return database_.Read([&](Connection& connection) { return FindDelivery(connection, id); });
}

std::vector<Attempt> DeliveryLog::Attempts(const Delivery& delivery) const {
  return database_.Read([&](Connection& connection) {
    std::vector<Attempt> attempts;
    for (const Row& row : connection.Select(sql::kListAttempts, {delivery.seq, kAttemptsShownMax}))
      attempts.push_back({.number = row.Int(0),
                          .started_ms = row.Int(1),
                          .duration_ms = row.Int(2),
                          .status = row.OptionalInt(3),
                          .error = row.Text(4),
                          .response = row.Text(5)});
    return attempts;
  });
}

std::map<int64_t, Unfinished> DeliveryLog::CountUnfinished() const {
  return database_.Read([&](Connection& connection) {
    std::map<int64_t, Unfinished> counts;
    for (const Row& row : connection.Select(sql::kCountUnfinished)) {
      Unfinished& count = counts[row.Int(0)];
      (ParseState(row.Text(1)) == DeliveryState::kDead ? count.dead : count.pending) = row.Int(2);
    }
    return counts;
  });
}

void DeliveryLog::Replay(const DeliveryId& id, const std::string& who) {
  database_.Write([&](Connection& connection) {
    const Delivery delivery = FindDelivery(connection, id);
    if (connection.Execute(sql::kReplayDelivery, {delivery.seq, clock_.NowMs()}) == 0)
      throw FailedPrecondition("The message of this delivery was too large to be kept: {}",
                               id.str());
    events_.Append(connection, "webhook.replayed", "webhook:" + delivery.webhook.str(), who,
                   Json::Of({{"deliveries", 1}}));
  });
}

int64_t DeliveryLog::ReplayDead(const WebhookId& webhook, const std::string& who) {
  return database_.Write([&](Connection& connection) {
    const int64_t seq = FindWebhook(connection, webhook).seq;
    const int64_t replayed =
        connection.Execute(sql::kReplayDead, {seq, clock_.NowMs(), kReplayMax});
    if (replayed > 0)
      events_.Append(connection, "webhook.replayed", "webhook:" + webhook.str(), who,
                     Json::Of({{"deliveries", replayed}}));
    return replayed;
  });
}

}  // namespace millwright::webhooks
