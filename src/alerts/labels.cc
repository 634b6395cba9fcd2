#include "alerts/labels.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <charconv>

#include "base/error.h"

namespace millwright::alerts {
namespace {

constexpr size_t kPatternBytesMax = 1'000;
constexpr int64_t kPatternMemoryBytes = 1 << 20;

struct Unit {
  std::string_view name;
  int64_t ms;
};
// The longest name first where one begins another.
constexpr Unit kUnits[] = {
    {"ms", 1},         {"s", 1'000},       {"m", 60'000},        {"h", 3'600'000},
    {"d", 86'400'000}, {"w", 604'800'000}, {"y", 31'536'000'000}};

std::string Quoted(std::string_view value) {
  std::string text = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') text += '\\';
    if (c == '\n') {
      text += "\\n";
    } else {
      text += c;
    }
  }
  return text + "\"";
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::string Unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::string(text);
  std::string value;
  for (size_t i = 1; i + 1 < text.size(); ++i) {
    if (text[i] == '\\' && i + 2 < text.size()) ++i;
    value += text[i];
  }
  return value;
}

}  // namespace

std::string_view LabelOf(const Labels& labels, const std::string& name) {
  const auto found = labels.find(name);
  return found == labels.end() ? std::string_view() : std::string_view(found->second);
}

Json LabelsJson(const Labels& labels) {
  Json json = Json::MakeObject();
  for (const auto& [name, value] : labels) json.Set(name, value);
  return json;
}

Labels LabelsFromJson(const Json& json) {
  Labels labels;
  for (const auto& [name, value] : json.AsObject("labels")) labels[name] = value.AsString(name);
  return labels;
}

std::string LabelsText(const Labels& labels) {
  std::string text;
  for (const auto& [name, value] : labels)
    text += fmt::format("{}{}={}", text.empty() ? "{" : ", ", name, Quoted(value));
  return text.empty() ? text : text + "}";
}

bool IsLabelName(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && is_letter(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

std::string_view MatchSign(MatchType type) {
  switch (type) {
    case MatchType::kEqual:
      return "=";
    case MatchType::kNotEqual:
      return "!=";
    case MatchType::kMatch:
      return "=~";
    case MatchType::kNoMatch:
      return "!~";
  }
  return "";
}

struct Matcher::Pattern {
  explicit Pattern(const std::string& text, const RE2::Options& options) : re(text, options) {}
  RE2 re;
};

Matcher::Matcher(std::string name, MatchType type, std::string value)
    : name_(std::move(name)), type_(type), value_(std::move(value)) {
  if (type_ == MatchType::kEqual || type_ == MatchType::kNotEqual) return;
  if (value_.size() > kPatternBytesMax)
    throw InvalidArgument("A pattern has at most {} bytes", kPatternBytesMax);
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kPatternMemoryBytes);
  auto pattern = std::make_shared<Pattern>(value_, options);
  if (!pattern->re.ok())
    throw InvalidArgument("Not a regular expression: {} ({})", value_, pattern->re.error());
  pattern_ = std::move(pattern);
}

bool Matcher::Matches(const Labels& labels) const {
  const std::string_view value = LabelOf(labels, name_);
  switch (type_) {
    case MatchType::kEqual:
      return value == value_;
    case MatchType::kNotEqual:
      return value != value_;
    case MatchType::kMatch:
      return RE2::FullMatch(re2::StringPiece(value.data(), value.size()), pattern_->re);
    case MatchType::kNoMatch:
      return !RE2::FullMatch(re2::StringPiece(value.data(), value.size()), pattern_->re);
  }
  return false;
}

std::string Matcher::Text() const {
  return fmt::format("{}{}{}", name_, MatchSign(type_), Quoted(value_));
}

Matcher ParseMatcher(std::string_view text) {
  const size_t at = text.find_first_of("=!");
  const std::string_view rest = at == std::string_view::npos ? "" : text.substr(at);
  const std::string name(Trimmed(text.substr(0, at)));
  if (!IsLabelName(name))
    throw InvalidArgument("Not a condition on a label, such as severity=critical: {}", text);
  for (const MatchType type :
       {MatchType::kMatch, MatchType::kNoMatch, MatchType::kNotEqual, MatchType::kEqual}) {
    const std::string_view sign = MatchSign(type);
    if (!rest.starts_with(sign)) continue;
    return Matcher(name, type, Unquoted(Trimmed(rest.substr(sign.size()))));
  }
  throw InvalidArgument("Between a label and its value stands =, !=, =~ or !~: {}", text);
}

bool MatchesAll(const Matchers& matchers, const Labels& labels) {
  return std::all_of(matchers.begin(), matchers.end(),
                     [&](const Matcher& matcher) { return matcher.Matches(labels); });
}

Json MatchersJson(const Matchers& matchers) {
  Json list = Json::MakeArray();
  for (const Matcher& matcher : matchers) list.Append(matcher.Text());
  return list;
}

Matchers MatchersFromJson(const Json& json, std::string_view what) {
  Matchers matchers;
  for (const Json& one : json.AsArray(what)) matchers.push_back(ParseMatcher(one.AsString(what)));
  return matchers;
}

int64_t ParseDurationMs(const Json& json, std::string_view what) {
  const auto refuse = [&](std::string_view text) {
    return InvalidArgument("{} must be a duration such as 90s, 5m or 1h30m, not {}", what, text)
        .WithField(std::string(what));
  };
  constexpr double kMsMax = 10.0 * 31'536'000'000;  // ten years
  if (json.is_number()) {
    const double ms = json.AsDouble() * 1'000;
    if (!(ms >= 0 && ms <= kMsMax)) throw refuse(json.Dump());
    return static_cast<int64_t>(ms);
  }
  const std::string& text = json.AsString(what);
  const char* at = text.data();
  const char* const end = at + text.size();
  int64_t total_ms = 0;
  if (at == end) throw refuse("an empty text");
  while (at != end) {
    int64_t number = 0;
    const auto [after, error] = std::from_chars(at, end, number);
    if (error != std::errc() || after == at || number < 0) throw refuse(text);
    const std::string_view rest(after, static_cast<size_t>(end - after));
    const auto* unit = std::find_if(std::begin(kUnits), std::end(kUnits),
                                    [&](const Unit& one) { return rest.starts_with(one.name); });
    if (unit == std::end(kUnits) || static_cast<double>(number) * double(unit->ms) > kMsMax)
      throw refuse(text);
    total_ms += number * unit->ms;
    at = after + unit->name.size();
  }
  return total_ms;
}

std::string DurationText(int64_t ms) {
  if (ms == 0) return "0s";
  std::string text;
  for (const std::string_view name : {"d", "h", "m", "s", "ms"}) {
    const auto* unit = std::find_if(std::begin(kUnits), std::end(kUnits),
                                    [&](const Unit& one) { return one.name == name; });
    if (ms >= unit->ms) text += fmt::format("{}{}", ms / unit->ms, name);
    ms %= unit->ms;
  }
  return text;
}

}  // namespace millwright::alerts
