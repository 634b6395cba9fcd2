#include "http/target.h"

#include "base/words.h"
#include "http/message.h"

namespace millwright::http {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The byte of an escape at `text`, which begins with '%', or -1.
int EscapedByte(std::string_view text) {
  if (text.size() < 3) return -1;
  const int high = HexDigit(text[1]);
  const int low = HexDigit(text[2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

std::string DecodeQueryPart(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const int byte = text[i] == '%' ? EscapedByte(text.substr(i)) : -1;
    if (byte >= 0) {
      out.push_back(static_cast<char>(byte));
      i += 2;
    } else {
      out.push_back(text[i] == '+' ? ' ' : text[i]);
    }
  }
  return out;
}

}  // namespace

std::optional<std::string> PercentDecode(std::string_view text) {
  if (text.find('%') == std::string_view::npos) return std::string(text);
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    const int byte = EscapedByte(text.substr(i));
    if (byte <= 0) return std::nullopt;
    out.push_back(static_cast<char>(byte));
    i += 2;
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> ParseQuery(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!query.empty()) {
    const size_t end = query.find('&');
    const std::string_view part = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (part.empty()) continue;
    const size_t equals = part.find('=');
    pairs.emplace_back(DecodeQueryPart(part.substr(0, equals)),
                       equals == std::string_view::npos ? std::string()
                                                        : DecodeQueryPart(part.substr(equals + 1)));
  }
  return pairs;
}

std::optional<TargetParts> SplitTarget(std::string_view target) {
  const bool printable = words::All(target, [](uint64_t word) {
    return (words::AnyBelow(word, 0x21) | words::AnyEqual(word, 0x7f) |
            words::AnyEqual(word, '#')) == 0;
  });
  if (!printable || target.empty()) return std::nullopt;
  if (target[0] != '/') {
    const size_t scheme_end = target.find("://");
    if (scheme_end == std::string_view::npos) return std::nullopt;
    const std::string_view scheme = target.substr(0, scheme_end);
    if (!EqualsIgnoringCase(scheme, "http") && !EqualsIgnoringCase(scheme, "https"))
      return std::nullopt;
    target.remove_prefix(scheme_end + 3);
    const size_t path_start = target.find_first_of("/?");
    target = path_start == std::string_view::npos ? "/" : target.substr(path_start);
    if (target[0] == '?') return TargetParts{"/", target.substr(1)};
  }
  const size_t question = target.find('?');
  if (question == std::string_view::npos) return TargetParts{target, {}};
  return TargetParts{target.substr(0, question), target.substr(question + 1)};
}

}  // namespace millwright::http
