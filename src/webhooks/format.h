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

// What the secret of a webhook is for.
enum class SecretUse {
  kSign,      // messages are signed with it
  kUrl,       // it is the URL itself, where whoever knows it may send
  kBearer,    // it goes with each message as a token
  kPassword,  // of the user at the mail server
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
  SecretUse secret_use = SecretUse::kSign;
  // A delivery is tried for so long, whatever the plan of the outbox says; 0: as that says.
  int64_t keep_trying_ms = 0;
  // Messages go by SMTP to a URL smtp:// or smtps://: their body is one of RFC 5322, and the
  // webhook's settings name the sender, the recipients and the user.
  bool is_mail = false;
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
