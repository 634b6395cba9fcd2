#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fetch/address.h"
#include "fetch/mail.h"

namespace millwright::fetch {

// What is done with an answer's body that is longer than body_bytes_max. Where it is cut, an answer
// whose head came counts as an answer, however its body ended.
enum class LongBody { kRefuse, kCut };

struct FetchRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  // Streams the body from a file instead; retried only if `retries` says so.
  std::string body_file;
  // Is shown the head of a 2xx answer, its body still empty, before on_body sees the first piece.
  std::function<void(const struct FetchResponse&)> on_head;
  // Receives the body of a 2xx answer piece by piece instead of FetchResponse::body; return false
  // to stop. What it throws comes out of Fetch. The body of an error stays in FetchResponse::body.
  std::function<bool(std::string_view)> on_body;
  int64_t timeout_ms = 30'000;  // of the whole exchange; 0: none
  int64_t connect_timeout_ms = 5'000;
  // Gives up with kDeadlineExceeded once no byte has moved for as long, in whole seconds; 0: never.
  int64_t stall_timeout_ms = 0;
  uint64_t body_bytes_max = 1ULL << 30;  // of the answer; more is kResourceExhausted
  LongBody long_body = LongBody::kRefuse;
  // How often a failed connection or a 429, 502, 503 or 504 is tried again, with jittered back-off
  // and Retry-After. Only for requests that are safe to repeat.
  int retries = 0;
  bool follow_redirects = false;
  // Ends the call within a second of being asked to, with kAborted.
  std::stop_token stop = {};
};

struct FetchResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  // The first value of a header, "" when absent; names are compared without case.
  std::string_view Header(std::string_view name) const;
};

// Calls HTTP and HTTPS servers, no other protocol (libcurl inside), keeping connections open
// between calls. Thread-safe: each call uses a handle of a pool. An answer of any status is a
// FetchResponse; no answer at all throws kUnavailable (refused, broken off) or kDeadlineExceeded.
// A kept connection that turns out to be closed before the first byte of an answer is replaced
// once, whatever `retries` says.
class Client {
 public:
  // Decides whether a connection for a URL may be opened to an address that its host name has.
  using Guard = std::function<bool(const std::string& url, const Address& address)>;

  Client();
  // Asks `guard` before each connection is opened, at the moment when the name has been resolved
  // and without another look-up after it. What it refuses is kPermissionDenied. Such a client uses
  // no proxy, behind which the address could not be judged.
  explicit Client(Guard guard);
  ~Client();
  FetchResponse Fetch(const FetchRequest& request);
  // Hands a message to a mail server, once. A server that refuses it is an answer; throws
  // kInvalidArgument for addresses with line breaks, kPermissionDenied for an address that the
  // guard refuses, kUnavailable and kDeadlineExceeded where there is no answer, or no TLS where it
  // is required, kAborted when asked to stop.
  MailReply SendMail(const MailRequest& request);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Percent-encodes all but unreserved characters (RFC 3986); slashes are kept when asked for.
enum class Slashes { kEncode, kKeep };
std::string PercentEncode(std::string_view text, Slashes slashes = Slashes::kEncode);

}  // namespace millwright::fetch
