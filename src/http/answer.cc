#include "http/answer.h"

#include <algorithm>
#include <charconv>
#include <ctime>

#include "base/words.h"

namespace millwright::http {
namespace {

void AppendNumber(uint64_t number, std::string* out) {
  char text[20];
  const auto end = std::to_chars(text, text + sizeof text, number).ptr;
  out->append(text, static_cast<size_t>(end - text));
}

bool BreaksLine(char c) {
  return c == '\r' || c == '\n' || c == '\0';
}

void AppendClean(std::string_view text, std::string* out) {
  const size_t start = out->size();
  out->append(text);
  // Nearly every text has none of the characters before the space, of which some break a line.
  if (words::All(text, [](uint64_t word) { return words::AnyBelow(word, ' ') == 0; })) return;
  std::replace_if(out->begin() + static_cast<ptrdiff_t>(start), out->end(), BreaksLine, ' ');
}

bool IsFramingHeader(std::string_view name) {
  const size_t size = name.size();
  if (size != 14 && size != 17 && size != 10) return false;
  return EqualsIgnoringCase(name, "Content-Length") ||
         EqualsIgnoringCase(name, "Transfer-Encoding") || EqualsIgnoringCase(name, "Connection");
}

std::optional<uint64_t> ParseNumber(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 499:
      return "Client Closed Request";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Unknown";
  }
}

void AppendHead(const Response& response, const AnswerHead& head, std::string* out) {
  out->append("HTTP/1.1 ");
  AppendNumber(static_cast<uint64_t>(std::clamp(response.status, 100, 999)), out);
  out->append(" ").append(ReasonPhrase(response.status)).append("\r\nDate: ").append(head.date);
  for (const auto& [name, value] : response.headers.fields()) {
    if (IsFramingHeader(name)) continue;
    out->append("\r\n");
    AppendClean(name, out);
    out->append(": ");
    AppendClean(value, out);
  }
  if (response.is_guarded) {
    out->append("\r\nX-Content-Type-Options: nosniff\r\nX-Frame-Options: SAMEORIGIN");
  }
  if (head.framing == BodyFraming::kLength) {
    out->append("\r\nContent-Length: ");
    AppendNumber(head.length, out);
  } else if (head.framing == BodyFraming::kChunked) {
    out->append("\r\nTransfer-Encoding: chunked");
  }
  if (!head.keep_alive) {
    out->append("\r\nConnection: close");
  } else if (head.http_1_0) {
    out->append("\r\nConnection: keep-alive");
  }
  out->append("\r\n\r\n");
}

std::string HttpDate(int64_t time_ms) {
  const std::time_t seconds = time_ms / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  // Names are spelled out here, for strftime's follow the locale.
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  char text[40];
  const int size = std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT",
                                 kDays[parts.tm_wday], parts.tm_mday, kMonths[parts.tm_mon],
                                 parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
  return {text, static_cast<size_t>(size)};
}

RangeAnswer ParseRange(std::optional<std::string_view> header, uint64_t file_size) {
  const RangeAnswer whole{RangeKind::kWhole, {0, file_size}};
  if (!header || !header->starts_with("bytes=")) return whole;
  const std::string_view spec = header->substr(6);
  const size_t dash = spec.find('-');
  if (dash == std::string_view::npos) return whole;
  const std::string_view first_text = spec.substr(0, dash);
  const std::string_view last_text = spec.substr(dash + 1);
  const auto first = ParseNumber(first_text);
  const auto last = ParseNumber(last_text);
  if ((!first && !first_text.empty()) || (!last && !last_text.empty()) || (!first && !last))
    return whole;
  const RangeAnswer none{RangeKind::kUnsatisfiable, {0, 0}};
  if (!first) {  // the last n bytes
    if (*last == 0 || file_size == 0) return none;
    const uint64_t length = std::min(*last, file_size);
    return {RangeKind::kPart, {file_size - length, length}};
  }
  if (last && *last < *first) return whole;
  if (*first >= file_size) return none;
  const uint64_t end = last ? std::min(*last, file_size - 1) : file_size - 1;
  return {RangeKind::kPart, {*first, end - *first + 1}};
}

}  // namespace millwright::http
