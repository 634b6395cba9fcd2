#include "quality/row_rules.h"

#include <re2/re2.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/error.h"
#include "quality/expectation_type.h"
#include "quality/plan_sql.h"

namespace millwright::quality {
namespace {

constexpr std::string_view kOrderedColumns = "expect_table_columns_to_match_ordered_list";

using Kind = ValueRule::Kind;

constexpr size_t kShownBytesMax = 120;

std::string Shown(const Json& value) {
  const std::string text = value.is_string() ? value.AsString() : value.Dump();
  return text.size() <= kShownBytesMax ? text : text.substr(0, kShownBytesMax) + "…";
}

// Characters, not bytes.
double LengthOf(std::string_view text) {
  return static_cast<double>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::shared_ptr<const re2::RE2> Compile(const std::string& pattern) {
  auto regex = std::make_shared<const re2::RE2>(pattern, re2::RE2::Quiet);
  if (!regex->ok()) throw InvalidArgument("regex cannot be read: {}: {}", regex->error(), pattern);
  return regex;
}

// SQL's LIKE as a regular expression of the whole text.
std::string LikeAsRegex(const std::string& pattern) {
  std::string regex = "(?s)^";
  for (const char c : pattern) {
    if (c == '%') {
      regex += ".*";
    } else if (c == '_') {
      regex += ".";
    } else {
      regex += re2::RE2::QuoteMeta(std::string_view(&c, 1));
    }
  }
  return regex + "$";
}

std::vector<std::string> Patterns(const Json& kwargs, const char* one, const char* list) {
  if (kwargs.Has(one)) return {kwargs.At(one).AsString(one)};
  std::vector<std::string> patterns;
  for (const Json& pattern : ValueSet(kwargs, list)) patterns.push_back(pattern.AsString(list));
  if (patterns.empty()) throw InvalidArgument("{} is empty", list);
  return patterns;
}

}  // namespace

// Turns one expectation into a rule, or nothing when it is not about single values.
struct RuleMaker {
  using Make = void (*)(const Json&, ValueRule*);

  static void Present(const Json&, ValueRule* rule) {
    rule->kind = Kind::kPresent;
    rule->required = "must not be missing";
  }
  static void Missing(const Json&, ValueRule* rule) {
    rule->kind = Kind::kMissing;
    rule->required = "must be missing";
  }
  static void SetBound(const Json& kwargs, const char* key, const char* strict, const char* words,
                       const char* strict_words, ValueRule* rule, ValueRule::Bound* bound) {
    const Json* value = kwargs.Find(key);
    if (value == nullptr || value->is_null()) return;
    bound->is_set = true;
    bound->is_strict = kwargs.GetBool(strict);
    if (value->is_string()) {
      rule->of_text_ = true;
      bound->text = value->AsString();
    } else {
      bound->number = value->AsDouble(key);
    }
    rule->required += (rule->required.empty() ? "must be " : " and ") +
                      std::string(bound->is_strict ? strict_words : words) + " " + Shown(*value);
  }
  static void Between(const Json& kwargs, ValueRule* rule) {
    rule->kind = Kind::kBetween;
    SetBound(kwargs, "min_value", "strict_min", "at least", "above", rule, &rule->min_);
    SetBound(kwargs, "max_value", "strict_max", "at most", "below", rule, &rule->max_);
    if (!rule->min_.is_set && !rule->max_.is_set) {
      throw InvalidArgument("min_value and max_value cannot both be None");
    }
  }
  static void Length(const Json& kwargs, ValueRule* rule) {
    if (kwargs.Has("value")) {
      const Json value = kwargs.At("value");
      Between(Json::Of({{"min_value", value}, {"max_value", value}}), rule);
    } else {
      Between(kwargs, rule);
    }
    if (rule->of_text_) throw InvalidArgument("The bounds of a length are numbers");
    rule->kind = Kind::kLength;
    rule->required = "has a length that " + rule->required;
  }
  static void Set(const Json& kwargs, ValueRule* rule) {
    const Json::Array& values = ValueSet(kwargs, "value_set");
    std::string shown;
    for (const Json& value : values) {
      if (value.is_string()) {
        rule->texts_.insert(value.AsString());
      } else if (value.is_bool()) {
        rule->numbers_.push_back(value.AsBool() ? 1 : 0);
      } else if (value.is_number()) {
        rule->numbers_.push_back(value.AsDouble());
      }
      if (shown.size() < kShownBytesMax) shown += (shown.empty() ? "" : ", ") + Shown(value);
    }
    std::sort(rule->numbers_.begin(), rule->numbers_.end());
    rule->required = shown;
  }
  static void InSet(const Json& kwargs, ValueRule* rule) {
    Set(kwargs, rule);
    rule->kind = Kind::kInSet;
    rule->required = "must be one of " + rule->required;
  }
  static void NotInSet(const Json& kwargs, ValueRule* rule) {
    Set(kwargs, rule);
    rule->kind = Kind::kNotInSet;
    rule->required = "must be none of " + rule->required;
  }
  static void Pattern(const std::vector<std::string>& patterns, bool is_like, Kind kind,
                      ValueRule* rule) {
    rule->kind = kind;
    rule->required = kind == Kind::kMatch ? "must match " : "must not match ";
    for (const std::string& pattern : patterns) {
      rule->patterns_.push_back(Compile(is_like ? LikeAsRegex(pattern) : pattern));
      if (rule->required.size() < kShownBytesMax) {
        rule->required += (rule->patterns_.size() == 1 ? "" : ", ") + Shown(Json(pattern));
      }
    }
  }
  static void Match(const Json& kwargs, ValueRule* rule) {
    rule->any_suffices_ = kwargs.GetString("match_on", "any") == "any";
    Pattern(Patterns(kwargs, "regex", "regex_list"), false, Kind::kMatch, rule);
  }
  static void NoMatch(const Json& kwargs, ValueRule* rule) {
    Pattern(Patterns(kwargs, "regex", "regex_list"), false, Kind::kNoMatch, rule);
  }
  static void Like(const Json& kwargs, ValueRule* rule) {
    rule->any_suffices_ = kwargs.GetString("match_on", "any") == "any";
    Pattern(Patterns(kwargs, "like_pattern", "like_pattern_list"), true, Kind::kMatch, rule);
  }
  static void NotLike(const Json& kwargs, ValueRule* rule) {
    Pattern(Patterns(kwargs, "like_pattern", "like_pattern_list"), true, Kind::kNoMatch, rule);
  }

  static std::optional<ValueRule> Of(const Expectation& expectation) {
    for (const auto& [type, make] : kMakers) {
      if (type != expectation.type) continue;
      ValueRule rule;
      rule.type = expectation.type;
      make(expectation.kwargs, &rule);
      return rule;
    }
    return std::nullopt;
  }

  static constexpr std::pair<std::string_view, Make> kMakers[] = {
      {"expect_column_values_to_not_be_null", Present},
      {"expect_column_values_to_be_null", Missing},
      {"expect_column_values_to_be_between", Between},
      {"expect_column_values_to_be_in_set", InSet},
      {"expect_column_distinct_values_to_be_in_set", InSet},
      {"expect_column_values_to_not_be_in_set", NotInSet},
      {"expect_column_values_to_match_regex", Match},
      {"expect_column_values_to_match_regex_list", Match},
      {"expect_column_values_to_not_match_regex", NoMatch},
      {"expect_column_values_to_not_match_regex_list", NoMatch},
      {"expect_column_values_to_match_like_pattern", Like},
      {"expect_column_values_to_match_like_pattern_list", Like},
      {"expect_column_values_to_not_match_like_pattern", NotLike},
      {"expect_column_values_to_not_match_like_pattern_list", NotLike},
      {"expect_column_value_lengths_to_be_between", Length},
      {"expect_column_value_lengths_to_equal", Length},
  };
};

bool ValueRule::IsWithin(double value) const {
  if (min_.is_set && (min_.is_strict ? !(value > min_.number) : !(value >= min_.number))) {
    return false;
  }
  return !max_.is_set || (max_.is_strict ? value < max_.number : value <= max_.number);
}

bool ValueRule::Holds(double value) const {
  switch (kind) {
    case Kind::kPresent:
      return true;
    case Kind::kMissing:
      return false;
    case Kind::kBetween:
      return !of_text_ && IsWithin(value);
    case Kind::kInSet:
      return std::binary_search(numbers_.begin(), numbers_.end(), value);
    case Kind::kNotInSet:
      return !std::binary_search(numbers_.begin(), numbers_.end(), value);
    case Kind::kMatch:
    case Kind::kNoMatch:
    case Kind::kLength:
      break;
  }
  // A number is judged by the text that JSON would print.
  return Holds(std::string_view(Json(value).Dump()));
}

bool ValueRule::Holds(std::string_view value) const {
  const auto matches = [&](const auto& regex) { return re2::RE2::PartialMatch(value, *regex); };
  switch (kind) {
    case Kind::kPresent:
      return true;
    case Kind::kMissing:
      return false;
    case Kind::kBetween:
      if (!of_text_) return false;
      if (min_.is_set && (min_.is_strict ? value <= min_.text : value < min_.text)) return false;
      return !max_.is_set || (max_.is_strict ? value < max_.text : value <= max_.text);
    case Kind::kInSet:
      return texts_.count(std::string(value)) > 0;
    case Kind::kNotInSet:
      return texts_.count(std::string(value)) == 0;
    case Kind::kMatch:
      return any_suffices_ ? std::any_of(patterns_.begin(), patterns_.end(), matches)
                           : std::all_of(patterns_.begin(), patterns_.end(), matches);
    case Kind::kNoMatch:
      return std::none_of(patterns_.begin(), patterns_.end(), matches);
    case Kind::kLength:
      return IsWithin(LengthOf(value));
  }
  return true;
}

bool ValueRule::NarrowTo(double* low, double* high) const {
  if (kind == Kind::kPresent) return true;
  if (kind != Kind::kBetween || of_text_) return false;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (min_.is_set) {
    const double least = min_.is_strict ? std::nextafter(min_.number, kInfinity) : min_.number;
    *low = std::max(*low, least);
  }
  if (max_.is_set) {
    const double most = max_.is_strict ? std::nextafter(max_.number, -kInfinity) : max_.number;
    *high = std::min(*high, most);
  }
  return true;
}

const ValueRule* ColumnRules::BrokenOf(double value) const {
  if (std::isnan(value)) return BrokenByMissing();
  for (const ValueRule& rule : rules) {
    if (!rule.Holds(value)) return &rule;
  }
  return nullptr;
}

const ValueRule* ColumnRules::Broken(std::string_view value) const {
  for (const ValueRule& rule : rules) {
    if (!rule.Holds(value)) return &rule;
  }
  return nullptr;
}

const ValueRule* ColumnRules::BrokenByMissing() const {
  for (const ValueRule& rule : rules) {
    if (!rule.HoldsForMissing()) return &rule;
  }
  return nullptr;
}

RowRules::RowRules(const Suite& suite) : suite_(suite.name) {
  for (const Expectation& expectation : suite.expectations) {
    RequireKnown(expectation);
    const Json& kwargs = expectation.kwargs;
    if (expectation.type == kOrderedColumns) {
      for (const Json& name : kwargs.At("column_list").AsArray())
        ordered_columns_.push_back(name.AsString("column_list"));
      continue;
    }
    std::optional<ValueRule> rule;
    if (Mostly(kwargs) >= 1 && kwargs.GetString("row_condition").empty()) {
      rule = RuleMaker::Of(expectation);
    }
    if (!rule) {
      left_out_.push_back(expectation.type);
      continue;
    }
    const std::string& name = kwargs.At("column").AsString("column");
    auto column = std::find_if(columns_.begin(), columns_.end(),
                               [&](const ColumnRules& one) { return one.column == name; });
    if (column == columns_.end()) {
      column = columns_.insert(columns_.end(), ColumnRules());
      column->column = name;
    }
    column->ranges_suffice &= rule->NarrowTo(&column->low, &column->high);
    column->rules.push_back(*std::move(rule));
  }
  if (columns_.empty()) {
    throw InvalidArgument("The suite {} says nothing of single values that a request could keep",
                          suite.name);
  }
}

const ColumnRules* RowRules::Find(std::string_view column) const {
  for (const ColumnRules& one : columns_) {
    if (one.column == column) return &one;
  }
  return nullptr;
}

}  // namespace millwright::quality
