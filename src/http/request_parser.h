#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace millwright::http {

// More header fields than this are refused with 431.
inline constexpr size_t kHeaderFieldsMax = 128;

// What a malformed request is answered with before the connection is closed.
struct Refusal {
  int status;
  std::string_view text;
};

// How the body of a parsed head is framed and what the connection does afterwards.
struct Framing {
  std::optional<uint64_t> length;
  bool chunked = false;
  bool keep_alive = true;
  bool http_1_0 = false;
  bool expects_continue = false;
};

// Parses request heads and chunked bodies from raw bytes; Boost.Beast's parser inside, which writes
// straight into the Request. Stricter than the standard asks: both framings at once, repeated
// Content-Length or Host, folded header lines and codings other than "chunked" are refused, for
// these are the shapes that smuggle requests past proxies. Not thread-safe.
class RequestParser {
 public:
  RequestParser();
  ~RequestParser();

  // Forgets everything and waits for the next request's head.
  void Reset();

  // Feeds bytes that begin where the last call stopped; returns how many were used. Call again with
  // more bytes until head_done() or refusal().
  size_t PutHead(std::string_view bytes);
  bool head_done() const;
  const std::optional<Refusal>& refusal() const;
  // Valid once head_done(): method, targets, query and headers are set.
  Request& request();
  const Framing& framing() const;

  // Feeds bytes of a chunked body, appending the decoded bytes to `out`; returns how many were
  // used.
  size_t PutChunked(std::string_view bytes, std::string* out);
  bool body_done() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace millwright::http
