#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

namespace millwright::fetch {

// Whether a connection to a mail server that begins in the clear goes on over TLS.
enum class MailTls { kRequired, kIfOffered, kNone };

// One message for a mail server (RFC 5321).
struct MailRequest {
  std::string url;             // smtp://host:587, or smtps://host:465, which is TLS from the start
  std::string user, password;  // no one logs in without a user
  std::string from;
  std::vector<std::string> to;
  std::string message;  // RFC 5322, lines ended by CR LF
  MailTls tls = MailTls::kRequired;
  int64_t timeout_ms = 30'000;
  std::stop_token stop = {};
};

// What the server said last. Not accepted: the message was refused with this code.
struct MailReply {
  bool accepted = false;
  int code = 0;
  std::string text;
};

}  // namespace millwright::fetch
