#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"

namespace millwright::webhooks {

using WebhookId = Id<struct WebhookTag>;
using DeliveryId = Id<struct DeliveryTag>;

inline constexpr size_t kNameCharactersMax = 63;
inline constexpr size_t kDescriptionBytesMax = 8'000;
inline constexpr size_t kUrlBytesMax = 2'048;
inline constexpr size_t kSecretBytesMax = 1'000;
inline constexpr size_t kTopicsMax = 200;
inline constexpr int64_t kWebhooksMax = 1'000;
inline constexpr int64_t kWebhooksPageMax = 1'000;

// A disabled webhook gets no new deliveries; those that wait go on when it is active again.
enum class WebhookStatus { kActive, kDisabled };
std::string_view StatusName(WebhookStatus status);
// Reads "ACTIVE" or "DISABLED". Throws kInvalidArgument.
WebhookStatus ParseStatus(std::string_view text);

// Somebody who is told of events over HTTP.
struct Webhook {
  int64_t seq = 0;
  WebhookId id;
  std::string name;
  std::optional<std::string> description;
  std::string url;
  std::string format;  // the name of a Format: how its messages are worded
  // What it wants to be told of: topics as its format names them, "noun.*" for all of a noun, "*"
  // for all.
  std::vector<std::string> topics;
  WebhookStatus status = WebhookStatus::kActive;
  std::optional<std::string> sealed_secret;
  int64_t after_seq = 0;  // it is told of events after this one
  int64_t created_ms = 0;
  int64_t updated_ms = 0;
  std::string created_by;
  std::string settings = "{}";  // what its format needs beside, as JSON

  bool Wants(std::string_view topic) const;
};

struct NewWebhook {
  std::string name;
  std::optional<std::string> description;
  std::string url;
  std::string format;
  std::vector<std::string> topics;
  std::string secret;  // empty: its messages are not signed
  WebhookStatus status = WebhookStatus::kActive;
  std::string settings = "{}";
};

// What is to be changed; the rest stays. An empty secret takes the secret away.
struct WebhookChange {
  std::optional<std::string> name;
  std::optional<std::string> description;
  std::optional<std::string> url;
  std::optional<std::vector<std::string>> topics;
  std::optional<std::string> secret;
  std::optional<WebhookStatus> status;
  std::optional<std::string> settings;
};

// Throws kInvalidArgument, in MLflow's words, for a name that is none.
void RequireWebhookName(const std::string& name);

}  // namespace millwright::webhooks
