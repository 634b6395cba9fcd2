#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millwright::http {

enum class Method { kGet, kPost, kPut, kPatch, kDelete, kHead, kOptions };
std::string_view MethodName(Method method);

// Compares ASCII text without case, as header names are.
bool EqualsIgnoringCase(std::string_view a, std::string_view b);

// Header fields in order; names are compared without case.
class Headers {
 public:
  void Add(std::string name, std::string value) {
    if (fields_.empty()) fields_.reserve(kUsualFields);  // most have five to eight
    fields_.emplace_back(std::move(name), std::move(value));
  }
  void Set(std::string name, std::string value);
  // The first value of the name, or nothing.
  std::optional<std::string_view> Find(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }

 private:
  static constexpr size_t kUsualFields = 8;
  std::vector<std::pair<std::string, std::string>> fields_;
};

// Reads a request's body piece by piece; blocks the calling lane thread until bytes come. Used by
// one thread at a time and not after the reply; the connection goes on when the reader is
// destroyed.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  // Fills up to `size` bytes and returns how many; 0 at the end. Throws kInvalidArgument when the
  // client breaks off, kDeadlineExceeded when it is too slow, kResourceExhausted over the limit.
  virtual size_t Read(char* buffer, size_t size) = 0;
  // The declared Content-Length, nothing for chunked bodies.
  virtual std::optional<uint64_t> length() const = 0;
};

struct Request {
  Method method = Method::kGet;
  std::string path;  // decoded once, without the query
  std::string raw_target;
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
  Headers headers;
  std::string body;                         // whole, unless the route streams
  std::unique_ptr<BodyReader> body_reader;  // only for routes with Body::kStream
  // Values of {name} parts of the route's pattern, in order of appearance.
  std::vector<std::pair<std::string, std::string>> path_values;
  std::string peer;                     // "127.0.0.1:50312"
  std::string principal = "anonymous";  // set by authorisation before the handler runs
  bool principal_verified = false;
  std::string token;  // of the principal, by which it called, likewise; empty where by none
  std::string request_id;

  std::optional<std::string_view> Query(std::string_view name) const;
  // The value of a {name} part; it is there, for the router put it in.
  const std::string& PathValue(std::string_view name) const;
};

// Writes a body of unknown length piece by piece (chunked): downloads, logs, server-sent events.
class BodyWriter {
 public:
  virtual ~BodyWriter() = default;
  // Blocks while the client is slow. Returns false once the client is gone or the server drains:
  // stop then.
  virtual bool Write(std::string_view bytes) = 0;
  // Writes a part of an open file without copying it through this process; only into a body whose
  // length was declared.
  virtual bool WriteFile(int fd, uint64_t offset, uint64_t length) = 0;
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
  // No browser guesses its type or frames it: X-Content-Type-Options, X-Frame-Options.
  bool is_guarded = false;
  bool body_has_ranges = false;  // `Range` is honoured for `body` too, as for files
  // When set, sends this file instead (streamed; `Range` is honoured, ETag by the caller).
  std::string file;
  // When set, is called on a thread of its own to write the body; the connection goes on after it
  // returns. With a Content-Length among the headers the bytes go out as they are, else in chunks.
  // What it throws is logged and the connection is cut, so that the client sees a broken answer.
  std::function<void(BodyWriter&)> producer;

  // When set, like `producer` for a body of `parts_bytes`, of which it writes `length` bytes from
  // `offset` on, exactly; `Range` is honoured as for files, and it waits for its turn as they do.
  std::function<void(BodyWriter&, uint64_t offset, uint64_t length)> parts;
  uint64_t parts_bytes = 0;

  static Response Text(int status, std::string text, std::string_view type = "text/plain");
  static Response JsonText(int status, std::string json);
};

}  // namespace millwright::http
