#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace millwright::alerts {

// What names one series or one alert among others. An absent label and an empty one are the same.
using Labels = std::map<std::string, std::string>;

std::string_view LabelOf(const Labels& labels, const std::string& name);
Json LabelsJson(const Labels& labels);
Labels LabelsFromJson(const Json& json);
// `{a="x", b="y"}`, in the order of the names; empty for no labels.
std::string LabelsText(const Labels& labels);
// Whether Prometheus takes it for the name of a label: letters, digits and underscores.
bool IsLabelName(std::string_view name);

enum class MatchType { kEqual, kNotEqual, kMatch, kNoMatch };
std::string_view MatchSign(MatchType type);  // =, !=, =~, !~

// One condition on a label, as in Prometheus and Alertmanager: regular expressions match the whole
// value. They are RE2's, so that none takes more than linear time. Copies share the expression.
class Matcher {
 public:
  // Throws kInvalidArgument for what is no regular expression.
  Matcher(std::string name, MatchType type, std::string value);

  const std::string& name() const { return name_; }
  MatchType type() const { return type_; }
  const std::string& value() const { return value_; }
  bool Matches(const Labels& labels) const;
  // As it is written: name="value".
  std::string Text() const;

 private:
  struct Pattern;
  std::string name_;
  MatchType type_;
  std::string value_;
  std::shared_ptr<const Pattern> pattern_;
};

using Matchers = std::vector<Matcher>;

// Reads `severity=critical`, `team=~"risk|fraud"`; quotes may be left out. Throws kInvalidArgument.
Matcher ParseMatcher(std::string_view text);
bool MatchesAll(const Matchers& matchers, const Labels& labels);
Json MatchersJson(const Matchers& matchers);  // a list of texts
Matchers MatchersFromJson(const Json& json, std::string_view what);

// A duration as Prometheus writes it, "90s", "1h30m", "500ms", or a number of seconds. Throws
// kInvalidArgument.
int64_t ParseDurationMs(const Json& json, std::string_view what);
std::string DurationText(int64_t ms);

}  // namespace millwright::alerts
