#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace millwright::http {

// How the body of an answer is framed on the wire.
enum class BodyFraming { kNone, kLength, kChunked, kUntilClose };

struct AnswerHead {
  BodyFraming framing = BodyFraming::kLength;
  uint64_t length = 0;  // with kLength
  bool keep_alive = true;
  bool http_1_0 = false;
  std::string_view date;
};

// Appends status line and header fields with the blank line after them. Line breaks and NULs inside
// values become blanks, so that no handler can be made to write a header of its caller's choice.
void AppendHead(const Response& response, const AnswerHead& head, std::string* out);

// The standard reason phrase, "Unknown" for others.
std::string_view ReasonPhrase(int status);

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string HttpDate(int64_t time_ms);

// A part of a file: `length` bytes from `offset` on.
struct FileRange {
  uint64_t offset;
  uint64_t length;
};
enum class RangeKind { kWhole, kPart, kUnsatisfiable };
struct RangeAnswer {
  RangeKind kind;
  FileRange range;
};
// Reads a `Range` header against a file's size. Other units, several ranges and malformed text mean
// the whole file, as the standard lets a server choose.
RangeAnswer ParseRange(std::optional<std::string_view> header, uint64_t file_size);

}  // namespace millwright::http
