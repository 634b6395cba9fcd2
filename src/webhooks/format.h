#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "events/event_log.h"

namespace millwright::webhooks {

inline constexpr size_t kBodyBytesMax = 4 << 20;

// What one webhook is told of one event.
struct Message {
  std::string topic;  // what a webhook asks for to get it
  std::string body;   // JSON
};

// How one protocol words messages and names the headers that go with them. The protocols' tables
// lie in api/; the composition root hands them to this room.
struct Format {
  std::string_view name;
  std::string_view id_header;
  std::string_view timestamp_header;
  std::string_view signature_header;
  // Words an event; nothing where the protocol has no words for it.
  std::optional<Message> (*word)(const events::Event& event);
  // Whether there is such a topic, or pattern of topics.
  bool (*knows)(std::string_view topic);
  // A made-up message of a topic, or of one that a pattern stands for, for the test call. Throws
  // kInvalidArgument for an unknown topic.
  std::string (*example)(std::string_view topic, int64_t now_ms);
};

using Formats = std::span<const Format* const>;

// Returns the format of a name. One that is not there is a programmer's error.
const Format& FindFormat(Formats formats, std::string_view name);

// Signs as the Standard Webhooks and MLflow do: "v1," and the base64 of the HMAC-SHA256 over
// "<delivery id>.<timestamp>.<body>". The key is the secret as it stands, or where it begins with
// "whsec_", as the Standard Webhooks' own secrets do, what follows decoded from base64.
std::string Sign(std::string_view secret, std::string_view delivery_id, std::string_view timestamp,
                 std::string_view body);

}  // namespace millwright::webhooks
