#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "webhooks/webhook.h"

namespace millwright::webhooks {

inline constexpr int64_t kDeliveriesPageMax = 500;
inline constexpr int64_t kAttemptsShownMax = 100;
inline constexpr size_t kResponseBytesMax = 4'096;
inline constexpr int64_t kReplayMax = 10'000;
// Deliveries of one webhook that wait at a time; beyond it new ones are dead letters at once.
inline constexpr int64_t kQueueMax = 10'000;

// Pending: it waits, or is being tried. Dead: it was given up, and may be replayed.
enum class DeliveryState { kPending, kDelivered, kDead };
std::string_view StateName(DeliveryState state);
// Reads "pending", "delivered" or "dead". Throws kInvalidArgument.
DeliveryState ParseState(std::string_view text);

// One try to deliver. Without a status there was no answer, and the error says why.
struct Attempt {
  int64_t number = 0;
  int64_t started_ms = 0;
  int64_t duration_ms = 0;
  std::optional<int64_t> status;
  std::string error;
  std::string response;  // how the answer's body begins
};

// A message to a webhook and what became of it.
struct Delivery {
  int64_t seq = 0;
  DeliveryId id;  // the same in every attempt and replay
  WebhookId webhook;
  int64_t event_seq = 0;
  std::string topic;
  std::string subject;
  std::string body;
  DeliveryState state = DeliveryState::kPending;
  int64_t attempts = 0;
  int64_t due_ms = 0;
  std::string error;  // of the last attempt, empty when it went well
  int64_t created_ms = 0;
  std::optional<int64_t> finished_ms;
};

// How many deliveries of a webhook have not ended well.
struct Unfinished {
  int64_t pending = 0;
  int64_t dead = 0;
};

}  // namespace millwright::webhooks
