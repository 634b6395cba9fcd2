#include "http/plain_head.h"

#include <array>
#include <charconv>
#include <cstring>

#include "base/words.h"
#include "http/target.h"

namespace millwright::http {
namespace {

constexpr std::string_view kVersion = " HTTP/1.1";
constexpr size_t kLengthDigitsMax = 18;

// Those of RFC 9110's tokens.
constexpr std::array<bool, 256> MakeTokenCharacters() {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("!#$%&'*+-.^_`|~0123456789"))
    table[static_cast<uint8_t>(c)] = true;
  for (char c = 'a'; c <= 'z'; ++c) table[static_cast<uint8_t>(c)] = true;
  for (char c = 'A'; c <= 'Z'; ++c) table[static_cast<uint8_t>(c)] = true;
  return table;
}
constexpr auto kTokenCharacters = MakeTokenCharacters();

bool IsVisible(std::string_view text) {
  return words::All(text, [](uint64_t word) {
    return (words::AnyBelow(word, ' ') | words::AnyEqual(word, 0x7f) | (word & words::kTopBits)) ==
           0;
  });
}

std::optional<Method> MethodOf(std::string_view name) {
  for (const Method method : {Method::kPost, Method::kGet, Method::kPut, Method::kPatch,
                              Method::kDelete, Method::kHead, Method::kOptions}) {
    if (MethodName(method) == name) return method;
  }
  return std::nullopt;
}

class HeadReader {
 public:
  HeadReader(std::string_view bytes, Request* request, Framing* framing)
      : begin_(bytes.data()), rest_(bytes), request_(*request), framing_(*framing) {}

  size_t Read() {
    std::string_view line;
    if (!TakeLine(&line) || !ReadRequestLine(line)) return 0;
    for (size_t fields = 0; TakeLine(&line); ++fields) {
      if (line.empty()) {
        return has_host_ ? static_cast<size_t>(rest_.data() - begin_) : 0;
      }
      if (fields == kHeaderFieldsMax || !ReadField(line)) return 0;
    }
    return 0;
  }

 private:
  // Takes what is before the next CRLF.
  bool TakeLine(std::string_view* line) {
    const auto* const end = static_cast<const char*>(std::memchr(rest_.data(), '\r', rest_.size()));
    if (end == nullptr) return false;
    const auto size = static_cast<size_t>(end - rest_.data());
    if (size + 2 > rest_.size() || end[1] != '\n') return false;
    *line = rest_.substr(0, size);
    rest_.remove_prefix(size + 2);
    return true;
  }

  bool ReadRequestLine(std::string_view line) {
    const size_t space = line.find(' ');
    if (space == std::string_view::npos || !line.ends_with(kVersion)) return false;
    const auto method = MethodOf(line.substr(0, space));
    line.remove_prefix(space + 1);
    if (!method || line.size() <= kVersion.size()) return false;
    line.remove_suffix(kVersion.size());
    const auto parts = line.front() == '/' && IsVisible(line) ? SplitTarget(line) : std::nullopt;
    auto path = parts ? PercentDecode(parts->path) : std::nullopt;
    if (!path) return false;
    request_.method = *method;
    request_.path = std::move(*path);
    request_.raw_target = line;
    if (!parts->query.empty()) request_.query = ParseQuery(parts->query);
    return true;
  }

  bool ReadField(std::string_view line) {
    size_t name_size = 0;
    while (name_size < line.size() && kTokenCharacters[static_cast<uint8_t>(line[name_size])]) {
      ++name_size;
    }
    if (name_size == 0 || name_size == line.size() || line[name_size] != ':') return false;
    const std::string_view name = line.substr(0, name_size);
    std::string_view value = line.substr(name_size + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    while (value.ends_with(' ')) value.remove_suffix(1);
    if (!IsVisible(value) || !NoteField(name, value)) return false;
    request_.headers.Add(std::string(name), std::string(value));
    return true;
  }

  // Fields that say how the connection or the body goes on.
  bool NoteField(std::string_view name, std::string_view value) {
    const auto is = [&](std::string_view known) {
      return name.size() == known.size() && EqualsIgnoringCase(name, known);
    };
    if (is("Host")) {
      const bool is_first = !has_host_;
      has_host_ = true;
      return is_first;
    }
    if (is("Content-Length")) {
      uint64_t length = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
      const bool is_first = !framing_.length;
      framing_.length = length;
      return is_first && error == std::errc() && end == value.data() + value.size() &&
             value.size() <= kLengthDigitsMax;
    }
    if (is("Connection")) {
      const bool is_first = !has_connection_;
      has_connection_ = true;
      framing_.keep_alive = EqualsIgnoringCase(value, "keep-alive");
      return is_first && (framing_.keep_alive || EqualsIgnoringCase(value, "close"));
    }
    return !is("Transfer-Encoding") && !is("Expect") && !is("Upgrade") && !is("Proxy-Connection");
  }

  const char* const begin_;
  std::string_view rest_;
  Request& request_;
  Framing& framing_;
  bool has_host_ = false;
  bool has_connection_ = false;
};

}  // namespace

size_t ReadPlainHead(std::string_view bytes, Request* request, Framing* framing) {
  return HeadReader(bytes, request, framing).Read();
}

}  // namespace millwright::http
