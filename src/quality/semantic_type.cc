#include "quality/semantic_type.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>

#include "base/error.h"
#include "base/json.h"

namespace millwright::quality {
namespace {

constexpr double kIdDistinctShare = 0.95;
constexpr double kFreeTextLength = 40;
constexpr int64_t kCategoryDistinctMax = 50;
constexpr int64_t kNumberCategoryDistinctMax = 12;
// So much larger must the share of a form be that is looked for later.
constexpr double kFormMargin = 0.02;
constexpr int64_t kIdRowsMin = 20;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool IsHex(char c) {
  return std::isxdigit(static_cast<unsigned char>(c)) != 0;
}
bool IsLetterOrDigit(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

bool IsDomain(std::string_view text) {
  const size_t dot = text.find_last_of('.');
  if (dot == std::string_view::npos || dot == 0 || text.size() - dot < 3) return false;
  char before = '.';
  for (const char c : text) {
    if (c == '.' && before == '.') return false;
    if (c != '.' && c != '-' && !IsLetterOrDigit(c)) return false;
    before = c;
  }
  return std::none_of(text.begin() + static_cast<std::ptrdiff_t>(dot), text.end(), IsDigit);
}

bool IsEmail(std::string_view text) {
  const size_t at = text.find('@');
  if (at == std::string_view::npos || at == 0 || at > 64) return false;
  const auto allowed = [](char c) {
    return IsLetterOrDigit(c) ||
           std::string_view("!#$%&'*+-/=?^_`{|}~.").find(c) != std::string_view::npos;
  };
  return std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), allowed) &&
         text.find("..") == std::string_view::npos && IsDomain(text.substr(at + 1));
}

bool IsUuid(std::string_view text) {
  if (text.size() == 38 && text.front() == '{' && text.back() == '}') text = text.substr(1, 36);
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (is_dash ? text[i] != '-' : !IsHex(text[i])) return false;
  }
  return true;
}

bool IsUrl(std::string_view text) {
  const std::string lower = Lower(text.substr(0, 8));
  for (const std::string_view scheme : {"http://", "https://", "ftp://", "s3://", "gs://"}) {
    if (lower.starts_with(scheme))
      return text.size() > scheme.size() && text.find(' ') == std::string_view::npos;
  }
  return false;
}

bool IsIpv4(std::string_view text) {
  int parts = 0;
  while (parts < 4) {
    const size_t dot = std::min(text.find('.'), text.size());
    int number = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + dot, number);
    if (dot == 0 || dot > 3 || parsed.ptr != text.data() + dot || number > 255) return false;
    ++parts;
    if (dot == text.size()) return parts == 4;
    text = text.substr(dot + 1);
  }
  return false;
}

bool IsIp(std::string_view text) {
  if (IsIpv4(text)) return true;
  if (text.size() < 3 || text.size() > 39) return false;
  const auto colons = std::count(text.begin(), text.end(), ':');
  const bool has_gap = text.find("::") != std::string_view::npos;
  return (has_gap ? colons >= 2 && colons <= 7 : colons == 7) &&
         std::all_of(text.begin(), text.end(), [](char c) { return c == ':' || IsHex(c); });
}

bool IsMac(std::string_view text) {
  if (text.size() != 17) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i % 3 == 2 ? text[i] != text[2] || (text[i] != ':' && text[i] != '-') : !IsHex(text[i]))
      return false;
  }
  return true;
}

bool IsHash(std::string_view text) {
  static constexpr size_t kSizes[] = {32, 40, 56, 64, 96, 128};
  return std::find(std::begin(kSizes), std::end(kSizes), text.size()) != std::end(kSizes) &&
         std::all_of(text.begin(), text.end(), IsHex);
}

std::optional<double> ReadNumber(std::string_view text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  double value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || parsed.ec != std::errc() || parsed.ptr != text.data() + text.size())
    return std::nullopt;
  if (!IsDigit(text.back()) && text.back() != '.') return std::nullopt;  // "inf", "nan"
  return value;
}

// "1,234.50" and "1.234,50" as well.
bool IsGroupedNumber(std::string_view text) {
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  if (text.empty() || !IsDigit(text.front()) || !IsDigit(text.back())) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return IsDigit(c) || c == ',' || c == '.' || c == ' ' || c == '\'';
  });
}

bool IsNumberText(std::string_view text) {
  return ReadNumber(text).has_value();
}

bool IsCurrency(std::string_view text) {
  static constexpr std::string_view kSigns[] = {"$",   "€",   "£",   "¥",   "₹",   "USD", "EUR",
                                                "GBP", "JPY", "CHF", "INR", "CNY", "kr",  "zł"};
  const bool is_negative = text.starts_with('-');
  if (is_negative) text.remove_prefix(1);
  for (const std::string_view sign : kSigns) {
    if (text.starts_with(sign)) return IsGroupedNumber(Trim(text.substr(sign.size())));
    if (text.ends_with(sign))
      return IsGroupedNumber(Trim(text.substr(0, text.size() - sign.size())));
  }
  return false;
}

bool IsPercentage(std::string_view text) {
  return text.ends_with('%') && IsGroupedNumber(Trim(text.substr(0, text.size() - 1)));
}

// "2001-13-45" is a wrong date rather than a telephone's number.
bool LooksLikeDate(std::string_view text) {
  if (text.size() < 8 || text.size() > 10) return false;
  size_t parts = 1, year_digits = 0, digits = 0;
  for (const char c : text) {
    if (IsDigit(c)) {
      year_digits = std::max(year_digits, ++digits);
    } else {
      ++parts;
      digits = 0;
    }
  }
  return parts == 3 && year_digits == 4;
}

bool IsPhone(std::string_view text) {
  size_t digits = 0, marks = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (IsDigit(c)) {
      ++digits;
    } else if ((c == '+' && i == 0) || c == '-' || c == ' ' || c == '(' || c == ')' || c == '.' ||
               c == '/') {
      ++marks;
    } else {
      return false;
    }
  }
  return digits >= 7 && digits <= 15 && marks > 0 && !IsNumberText(text) &&
         (text.front() == '+' || text.front() == '(' || marks >= 2) && !IsIpv4(text) &&
         !LooksLikeDate(text);
}

bool IsCoordinates(std::string_view text) {
  if (text.starts_with('(') && text.ends_with(')')) text = text.substr(1, text.size() - 2);
  const size_t comma = text.find(',');
  if (comma == std::string_view::npos) return false;
  const auto first = ReadNumber(Trim(text.substr(0, comma)));
  const auto second = ReadNumber(Trim(text.substr(comma + 1)));
  return first && second && text.find('.') != std::string_view::npos && *first >= -90 &&
         *first <= 90 && *second >= -180 && *second <= 180;
}

bool IsJson(std::string_view text) {
  if (text.empty() || (text.front() != '{' && text.front() != '[')) return false;
  try {
    ParseJson(text);
    return true;
  } catch (const Error&) {  // the question is just whether it parses
    return false;
  }
}

bool IsBoolean(std::string_view text) {
  static constexpr std::string_view kWords[] = {"true", "false", "yes", "no", "y",
                                                "n",    "t",     "f",   "on", "off"};
  const std::string lower = Lower(text);
  return std::find(std::begin(kWords), std::end(kWords), lower) != std::end(kWords);
}

// Reads exactly `digits` digits at the front and takes them off.
std::optional<int> TakeDigits(std::string_view* text, size_t digits) {
  if (text->size() < digits) return std::nullopt;
  int number = 0;
  for (size_t i = 0; i < digits; ++i) {
    if (!IsDigit((*text)[i])) return std::nullopt;
    number = number * 10 + ((*text)[i] - '0');
  }
  text->remove_prefix(digits);
  return number;
}

bool TakeMonthName(std::string_view* text) {
  static constexpr std::string_view kMonths = "janfebmaraprmayjunjulaugsepoctnovdec";
  if (text->size() < 3) return false;
  const size_t place = kMonths.find(Lower(text->substr(0, 3)));
  if (place == std::string_view::npos || place % 3 != 0) return false;
  text->remove_prefix(3);
  return true;
}

// "+02:00", "-0500", "Z" or nothing.
bool TakeZone(std::string_view* text) {
  if (text->empty()) return true;
  if (text->front() == 'Z') {
    text->remove_prefix(1);
    return true;
  }
  if (text->front() != '+' && text->front() != '-') return false;
  text->remove_prefix(1);
  if (!TakeDigits(text, 2)) return false;
  if (text->starts_with(':')) text->remove_prefix(1);
  return text->empty() || TakeDigits(text, 2).has_value();
}

bool TakeFraction(std::string_view* text) {
  if (!text->starts_with('.') && !text->starts_with(',')) return true;
  text->remove_prefix(1);
  const size_t digits = std::min(text->find_first_not_of("0123456789"), text->size());
  if (digits == 0 || digits > 9) return false;
  text->remove_prefix(digits);
  return true;
}

bool TakeIn(std::string_view* text, size_t digits, int min, int max) {
  const auto number = TakeDigits(text, digits);
  return number && *number >= min && *number <= max;
}

// Understands %Y %m %d %H %M %S %b, %f (a fraction or nothing), %z (a zone or nothing).
bool TakeField(char field, std::string_view* text) {
  switch (field) {
    case 'Y':
      return TakeIn(text, 4, 1000, 2999);
    case 'm':
      return TakeIn(text, 2, 1, 12);
    case 'd':
      return TakeIn(text, 2, 1, 31);
    case 'H':
      return TakeIn(text, 2, 0, 24);
    case 'M':
      return TakeIn(text, 2, 0, 59);
    case 'S':
      return TakeIn(text, 2, 0, 60);
    case 'b':
      return TakeMonthName(text);
    case 'f':
      return TakeFraction(text);
    default:
      return TakeZone(text);
  }
}

bool HasFormat(std::string_view text, std::string_view format) {
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] == '%') {
      if (!TakeField(format[++i], &text)) return false;
    } else if (text.starts_with(format[i])) {
      text.remove_prefix(1);
    } else {
      return false;
    }
  }
  return text.empty();
}

struct TimeFormat {
  std::string_view name;
  std::string_view format;
};
// Where two fit equally often, as "%d/%m/%Y" and "%m/%d/%Y" may, the first is taken.
constexpr TimeFormat kTimeFormats[] = {
    {"date", "%Y-%m-%d"},
    {"date", "%Y/%m/%d"},
    {"date", "%Y.%m.%d"},
    {"date", "%d/%m/%Y"},
    {"date", "%m/%d/%Y"},
    {"date", "%d.%m.%Y"},
    {"date", "%d-%m-%Y"},
    {"date", "%m-%d-%Y"},
    {"date", "%d-%b-%Y"},
    {"date", "%d %b %Y"},
    {"date", "%b %d, %Y"},
    {"date", "%Y%m%d"},
    {"datetime", "%Y-%m-%dT%H:%M:%S%f%z"},
    {"datetime", "%Y-%m-%d %H:%M:%S%f%z"},
    {"datetime", "%Y-%m-%d %H:%M"},
    {"datetime", "%Y-%m-%dT%H:%M"},
    {"datetime", "%Y/%m/%d %H:%M:%S"},
    {"datetime", "%d/%m/%Y %H:%M:%S"},
    {"datetime", "%d/%m/%Y %H:%M"},
    {"datetime", "%m/%d/%Y %H:%M:%S"},
    {"datetime", "%m/%d/%Y %H:%M"},
    {"datetime", "%d.%m.%Y %H:%M:%S"},
    {"datetime", "%d.%m.%Y %H:%M"},
    {"time", "%H:%M:%S%f"},
    {"time", "%H:%M"},
};

struct Form {
  std::string_view name;
  bool (*fits)(std::string_view);
};
// The more special first: where two forms fit equally often, the first is taken.
constexpr Form kForms[] = {
    {"uuid", IsUuid},
    {"email", IsEmail},
    {"url", IsUrl},
    {"ip", IsIp},
    {"mac", IsMac},
    {"hash", IsHash},
    {"json", IsJson},
    {"currency", IsCurrency},
    {"percentage", IsPercentage},
    {"coordinates", IsCoordinates},
    {"boolean", IsBoolean},
    {"number", IsNumberText},
    {"phone", IsPhone},
};

template <typename Fits>
double ShareOf(const std::vector<ValueSample>& sample, const Fits& fits) {
  int64_t all = 0, fitting = 0;
  for (const ValueSample& one : sample) {
    const std::string_view text = Trim(one.value);
    if (text.empty()) continue;
    all += one.count;
    if (fits(text)) fitting += one.count;
  }
  return all == 0 ? 0 : static_cast<double>(fitting) / static_cast<double>(all);
}

bool HasWord(std::string_view name, std::initializer_list<std::string_view> words) {
  const std::string lower = Lower(name);
  for (const std::string_view word : words) {
    for (size_t at = lower.find(word); at != std::string::npos; at = lower.find(word, at + 1)) {
      const bool starts = at == 0 || !IsLetterOrDigit(lower[at - 1]);
      const size_t end = at + word.size();
      if (starts && (end == lower.size() || !IsLetterOrDigit(lower[end]))) return true;
    }
  }
  return false;
}

bool NearlyAllDistinct(const ColumnFacts& facts) {
  return facts.count >= kIdRowsMin &&
         static_cast<double>(facts.distinct) >= kIdDistinctShare * static_cast<double>(facts.count);
}

double ShareDistinct(const ColumnFacts& facts) {
  return facts.count == 0 ? 0
                          : static_cast<double>(facts.distinct) / static_cast<double>(facts.count);
}

}  // namespace

SemanticType SemanticTypeOfText(const ColumnFacts& facts, const std::vector<ValueSample>& sample) {
  if (sample.empty()) return {};
  SemanticType best;
  const auto offer = [&](std::string_view name, std::string_view format, double share,
                         double margin) {
    if (share >= kSemanticShareMin && share > best.share + margin)
      best = {std::string(name), std::string(format), share};
  };
  for (const TimeFormat& one : kTimeFormats) {
    const auto fits = [&](std::string_view text) { return HasFormat(text, one.format); };
    offer(one.name, one.format, ShareOf(sample, fits), 0);
  }
  for (const Form& form : kForms)
    offer(form.name, "", ShareOf(sample, form.fits), best.share > 0 ? kFormMargin : 0);
  if (best.share > 0) return best;
  if (facts.mean_length >= kFreeTextLength && facts.distinct > kCategoryDistinctMax)
    return {"free text", "", 1};
  if (NearlyAllDistinct(facts)) return {"id", "", ShareDistinct(facts)};
  const bool has_words = ShareOf(sample, [](std::string_view text) {
                           return std::count(text.begin(), text.end(), ' ') >= 3;
                         }) >= kSemanticShareMin;
  if (has_words && facts.distinct > kCategoryDistinctMax) return {"free text", "", 1};
  return {"category", "", 1};
}

bool HasForm(const SemanticType& type, std::string_view text) {
  const std::string_view trimmed = Trim(text);
  if (!type.format.empty()) return HasFormat(trimmed, type.format);
  for (const Form& form : kForms) {
    if (form.name == type.name) return form.fits(trimmed);
  }
  return true;
}

SemanticType SemanticTypeOfNumbers(const ColumnFacts& facts, const NumberRange& range) {
  if (facts.count == 0) return {};
  if (range.is_integer && range.min >= 0 && range.max <= 1) return {"boolean", "", 1};
  if (HasWord(facts.name, {"lat", "latitude"}) && range.min >= -90 && range.max <= 90)
    return {"latitude", "", 1};
  if (HasWord(facts.name, {"lon", "lng", "long", "longitude"}) && range.min >= -180 &&
      range.max <= 180)
    return {"longitude", "", 1};
  if (!range.is_integer) {
    const bool is_money =
        HasWord(facts.name, {"price", "cost", "amount", "fee", "salary", "revenue"});
    return {is_money ? "amount" : "number", "", 1};
  }
  if (HasWord(facts.name, {"year"}) && range.min >= 1000 && range.max <= 2999)
    return {"year", "", 1};
  if (HasWord(facts.name, {"timestamp", "time", "ts", "epoch"}) && range.min >= 1e8 &&
      range.max < 1e14)
    return {"unix time", "", 1};
  if (NearlyAllDistinct(facts)) return {"id", "", ShareDistinct(facts)};
  if (facts.distinct <= kNumberCategoryDistinctMax && facts.distinct * 10 < facts.count &&
      range.max - range.min < 1000)
    return {"category", "", 1};
  return {range.min >= 0 ? "count" : "number", "", 1};
}

}  // namespace millwright::quality
