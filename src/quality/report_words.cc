#include "quality/report_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace millwright::quality {
namespace {

constexpr std::string_view kNarrowGap = "\u202f";

// The kwargs of an expectation, with names of suite parameters looked up. Nothing here throws: what
// is absent or of another type is a null pointer, an empty list or an empty text.
class Arguments {
 public:
  Arguments(const Json& kwargs, const Json& parameters)
      : kwargs_(kwargs), parameters_(parameters) {}

  const Json* Find(std::string_view key) const {
    const Json* value = kwargs_.Find(key);
    if (value == nullptr || value->is_null()) return nullptr;
    if (!value->is_object()) return value;
    const Json* name = value->Find("$PARAMETER");
    if (name == nullptr || !name->is_string()) return value;
    const Json* given = parameters_.Find(name->AsString());
    return given != nullptr ? given : value;
  }

  const Json::Array& List(std::string_view key) const {
    static const Json::Array kNone;
    const Json* value = Find(key);
    return value != nullptr && value->is_array() ? value->AsArray() : kNone;
  }

  std::string Text(std::string_view key) const {
    const Json* value = Find(key);
    return value != nullptr && value->is_string() ? value->AsString() : "";
  }

  bool IsTrue(std::string_view key, bool fallback = false) const {
    const Json* value = Find(key);
    return value != nullptr && value->is_bool() ? value->AsBool() : fallback;
  }

  bool Has(std::string_view key) const { return Find(key) != nullptr; }

 private:
  const Json& kwargs_;
  const Json& parameters_;
};

// Writes the sentence of one type, or returns false when the kwargs do not have what it needs.
using Wording = bool (*)(Sentence&, const Arguments&);

// "between 0 and 6000", "more than 0", "at least 1 and less than 5".
bool AddBounds(Sentence& sentence, const Arguments& arguments) {
  const Json* low = arguments.Find("min_value");
  const Json* high = arguments.Find("max_value");
  if (low == nullptr && high == nullptr) return false;
  const bool strict_low = arguments.IsTrue("strict_min");
  const bool strict_high = arguments.IsTrue("strict_max");
  if (low != nullptr && high != nullptr && !strict_low && !strict_high) {
    if (*low == *high) {
      sentence.Words("exactly ").Value(*low);
    } else {
      sentence.Words("between ").Value(*low).Words(" and ").Value(*high);
    }
    return true;
  }
  if (low != nullptr) sentence.Words(strict_low ? "more than " : "at least ").Value(*low);
  if (low != nullptr && high != nullptr) sentence.Words(" and ");
  if (high != nullptr) sentence.Words(strict_high ? "less than " : "at most ").Value(*high);
  return true;
}

bool StartColumn(Sentence& sentence, const Arguments& arguments) {
  if (!arguments.Has("column")) return false;
  sentence.Column(arguments.Text("column"));
  return true;
}

// "The mean of delay must be between 0 and 20".
bool FigureBetween(Sentence& sentence, const Arguments& arguments, std::string_view figure) {
  sentence.Words(figure).Words(" of ");
  if (!StartColumn(sentence, arguments)) return false;
  return AddBounds(sentence.Words(" must be "), arguments);
}

bool Between(Sentence& sentence, const Arguments& arguments) {
  return StartColumn(sentence, arguments) && AddBounds(sentence.Words(" must be "), arguments);
}

// "distance" and some words that need no argument.
bool ColumnMust(Sentence& sentence, const Arguments& arguments, std::string_view words) {
  if (!StartColumn(sentence, arguments)) return false;
  sentence.Words(words);
  return true;
}

// "origin must match the pattern ^[A-Z]{3}$".
bool ColumnMustValue(Sentence& sentence, const Arguments& arguments, std::string_view words,
                     std::string_view key) {
  if (!StartColumn(sentence, arguments) || !arguments.Has(key)) return false;
  sentence.Words(words).Value(*arguments.Find(key));
  return true;
}

bool ColumnMustList(Sentence& sentence, const Arguments& arguments, std::string_view words,
                    std::string_view key, std::string_view last) {
  if (!StartColumn(sentence, arguments) || !arguments.Has(key)) return false;
  const Json::Array& list = arguments.List(key);
  if (list.empty()) return false;
  sentence.Words(words).Values(list, last);
  return true;
}

bool InSet(Sentence& sentence, const Arguments& arguments) {
  return ColumnMustList(sentence, arguments, " must be one of ", "value_set", "or");
}

bool NotInSet(Sentence& sentence, const Arguments& arguments) {
  return ColumnMustList(sentence, arguments, " must not be ", "value_set", "or");
}

bool NotNull(Sentence& sentence, const Arguments& arguments) {
  return ColumnMust(sentence, arguments, " must not be missing");
}

bool Null(Sentence& sentence, const Arguments& arguments) {
  return ColumnMust(sentence, arguments, " must be missing");
}

bool Unique(Sentence& sentence, const Arguments& arguments) {
  return ColumnMust(sentence, arguments, " must be unique");
}

bool Increasing(Sentence& sentence, const Arguments& arguments) {
  return ColumnMust(sentence, arguments,
                    arguments.IsTrue("strictly") ? " must rise from row to row"
                                                 : " must not fall from row to row");
}

bool Decreasing(Sentence& sentence, const Arguments& arguments) {
  return ColumnMust(sentence, arguments,
                    arguments.IsTrue("strictly") ? " must fall from row to row"
                                                 : " must not rise from row to row");
}

bool ZScores(Sentence& sentence, const Arguments& arguments) {
  if (!ColumnMustValue(sentence, arguments, " must be less than ", "threshold")) return false;
  sentence.Words(arguments.IsTrue("double_sided", true) ? " standard deviations from its mean"
                                                        : " standard deviations above its mean");
  return true;
}

bool OfType(Sentence& sentence, const Arguments& arguments) {
  return ColumnMustValue(sentence, arguments, " must be of type ", "type_");
}

bool InTypeList(Sentence& sentence, const Arguments& arguments) {
  return ColumnMustList(sentence, arguments, " must be of type ", "type_list", "or");
}

bool MatchRegex(Sentence& sentence, const Arguments& arguments) {
  return ColumnMustValue(sentence, arguments, " must match the pattern ", "regex");
}

bool NotMatchRegex(Sentence& sentence, const Arguments& arguments) {
  return ColumnMustValue(sentence, arguments, " must not match the pattern ", "regex");
}

bool MatchesAll(const Arguments& arguments) {
  return arguments.Text("match_on") == "all";
}

bool MatchRegexList(Sentence& sentence, const Arguments& arguments) {
  const bool all = MatchesAll(arguments);
  return ColumnMustList(
      sentence, arguments,
      all ? " must match all of the patterns " : " must match one of the patterns ", "regex_list",
      all ? "and" : "or");
}

bool NotMatchRegexList(Sentence& sentence, const Arguments& arguments) {
  return ColumnMustList(sentence, arguments, " must match none of the patterns ", "regex_list",
                        "or");
}

bool MatchLike(Sentence& sentence, const Arguments& arguments) {
  return ColumnMustValue(sentence, arguments, " must be like ", "like_pattern");
}

bool NotMatchLike(Sentence& sentence, const Arguments& arguments) {
  return ColumnMustValue(sentence, arguments, " must not be like ", "like_pattern");
}

bool MatchLikeList(Sentence& sentence, const Arguments& arguments) {
  return ColumnMustList(sentence, arguments, " must be like ", "like_pattern_list",
                        MatchesAll(arguments) ? "and" : "or");
}

bool NotMatchLikeList(Sentence& sentence, const Arguments& arguments) {
  return ColumnMustList(sentence, arguments, " must not be like ", "like_pattern_list", "or");
}

bool MatchStrftime(Sentence& sentence, const Arguments& arguments) {
  return ColumnMustValue(sentence, arguments, " must be a time of the form ", "strftime_format");
}

bool DateutilParseable(Sentence& sentence, const Arguments& arguments) {
  return ColumnMust(sentence, arguments, " must be readable as a date or time");
}

bool JsonParseable(Sentence& sentence, const Arguments& arguments) {
  return ColumnMust(sentence, arguments, " must be valid JSON");
}

bool MatchJsonSchema(Sentence& sentence, const Arguments& arguments) {
  return ColumnMustValue(sentence, arguments, " must be JSON that meets the schema ",
                         "json_schema");
}

bool LengthsBetween(Sentence& sentence, const Arguments& arguments) {
  if (!StartColumn(sentence, arguments)) return false;
  if (!AddBounds(sentence.Words(" must have "), arguments)) return false;
  sentence.Words(" characters");
  return true;
}

bool LengthsEqual(Sentence& sentence, const Arguments& arguments) {
  if (!ColumnMustValue(sentence, arguments, " must have exactly ", "value")) return false;
  sentence.Words(" characters");
  return true;
}

bool Min(Sentence& sentence, const Arguments& arguments) {
  return FigureBetween(sentence, arguments, "The smallest value");
}

bool Max(Sentence& sentence, const Arguments& arguments) {
  return FigureBetween(sentence, arguments, "The largest value");
}

bool Mean(Sentence& sentence, const Arguments& arguments) {
  return FigureBetween(sentence, arguments, "The mean");
}

bool Median(Sentence& sentence, const Arguments& arguments) {
  return FigureBetween(sentence, arguments, "The median");
}

bool Stdev(Sentence& sentence, const Arguments& arguments) {
  return FigureBetween(sentence, arguments, "The standard deviation");
}

bool Sum(Sentence& sentence, const Arguments& arguments) {
  return FigureBetween(sentence, arguments, "The sum");
}

bool UniqueCount(Sentence& sentence, const Arguments& arguments) {
  return FigureBetween(sentence, arguments, "The number of distinct values");
}

bool UniqueProportion(Sentence& sentence, const Arguments& arguments) {
  return FigureBetween(sentence, arguments, "The share of distinct values");
}

bool Quantiles(Sentence& sentence, const Arguments& arguments) {
  const Json* ranges = arguments.Find("quantile_ranges");
  if (ranges == nullptr || !ranges->is_object() || !arguments.Has("column")) return false;
  const Arguments inner(*ranges, *ranges);
  const Json::Array& quantiles = inner.List("quantiles");
  const Json::Array& bounds = inner.List("value_ranges");
  if (quantiles.empty() || quantiles.size() != bounds.size()) return false;
  const bool one = quantiles.size() == 1;
  sentence.Words(one ? "The quantile " : "The quantiles ").Values(quantiles, "and");
  sentence.Words(" of ").Column(arguments.Text("column"));
  sentence.Words(one ? " must lie in its range" : " must lie in their ranges");
  return true;
}

bool DistinctInSet(Sentence& sentence, const Arguments& arguments) {
  sentence.Words("Every distinct value of ");
  return ColumnMustList(sentence, arguments, " must be one of ", "value_set", "or");
}

bool DistinctContainSet(Sentence& sentence, const Arguments& arguments) {
  sentence.Words("The values of ");
  return ColumnMustList(sentence, arguments, " must include ", "value_set", "and");
}

bool DistinctEqualSet(Sentence& sentence, const Arguments& arguments) {
  sentence.Words("The distinct values of ");
  return ColumnMustList(sentence, arguments, " must be exactly ", "value_set", "and");
}

bool MostCommonInSet(Sentence& sentence, const Arguments& arguments) {
  sentence.Words("The most common value of ");
  const bool many = arguments.List("value_set").size() > 1;
  return ColumnMustList(sentence, arguments, many ? " must be one of " : " must be ", "value_set",
                        "or");
}

bool KlLessThan(Sentence& sentence, const Arguments& arguments) {
  sentence.Words("The distribution of ");
  return ColumnMustValue(sentence, arguments,
                         " must be near the expected one, its KL divergence at most ", "threshold");
}

bool StartPair(Sentence& sentence, const Arguments& arguments, std::string_view words) {
  if (!arguments.Has("column_A") || !arguments.Has("column_B")) return false;
  sentence.Column(arguments.Text("column_A")).Words(words).Column(arguments.Text("column_B"));
  return true;
}

bool PairEqual(Sentence& sentence, const Arguments& arguments) {
  return StartPair(sentence, arguments, " must equal ");
}

bool PairGreater(Sentence& sentence, const Arguments& arguments) {
  return StartPair(sentence, arguments,
                   arguments.IsTrue("or_equal") ? " must be at least " : " must be greater than ");
}

bool PairInSet(Sentence& sentence, const Arguments& arguments) {
  const Json::Array& pairs = arguments.List("value_pairs_set");
  if (pairs.empty() || !StartPair(sentence, arguments, " and ")) return false;
  sentence.Words(" together must be one of ").Values(pairs, "or");
  return true;
}

bool StartColumns(Sentence& sentence, const Arguments& arguments) {
  const Json::Array& columns = arguments.List("column_list");
  if (columns.empty()) return false;
  sentence.Columns(columns, "and");
  return true;
}

bool CompoundUnique(Sentence& sentence, const Arguments& arguments) {
  if (!StartColumns(sentence, arguments)) return false;
  sentence.Words(" together must be unique");
  return true;
}

bool UniqueWithinRecord(Sentence& sentence, const Arguments& arguments) {
  if (!StartColumns(sentence, arguments)) return false;
  sentence.Words(" must differ from one another in each row");
  return true;
}

bool SumEquals(Sentence& sentence, const Arguments& arguments) {
  sentence.Words("The sum of ");
  if (!arguments.Has("sum_total") || !StartColumns(sentence, arguments)) return false;
  sentence.Words(" must be ").Value(*arguments.Find("sum_total"));
  return true;
}

bool TableHas(Sentence& sentence, const Arguments& arguments, const char* noun) {
  sentence.Words("The table must have ");
  if (const Json* value = arguments.Find("value")) {
    sentence.Words("exactly ").Value(*value);
  } else if (!AddBounds(sentence, arguments)) {
    return false;
  }
  sentence.Words(noun);
  return true;
}

bool RowCount(Sentence& sentence, const Arguments& arguments) {
  return TableHas(sentence, arguments, " rows");
}

bool ColumnCount(Sentence& sentence, const Arguments& arguments) {
  return TableHas(sentence, arguments, " columns");
}

bool ColumnsMatchSet(Sentence& sentence, const Arguments& arguments) {
  const Json::Array& columns = arguments.List("column_set");
  if (columns.empty()) return false;
  sentence.Words(arguments.IsTrue("exact_match", true) ? "The columns must be exactly "
                                                       : "The columns must include ");
  sentence.Columns(columns, "and");
  return true;
}

bool ColumnsMatchOrderedList(Sentence& sentence, const Arguments& arguments) {
  sentence.Words("The columns must be, in this order, ");
  return StartColumns(sentence, arguments);
}

bool ColumnExists(Sentence& sentence, const Arguments& arguments) {
  sentence.Words("There must be a column ");
  if (!StartColumn(sentence, arguments)) return false;
  if (const Json* index = arguments.Find("column_index"); index != nullptr && index->is_int()) {
    sentence.Words(" in place ").Value(index->AsInt() + 1);
  }
  return true;
}

bool UnexpectedRows(Sentence& sentence, const Arguments& arguments) {
  if (!arguments.Has("unexpected_rows_query")) return false;
  sentence.Words("The query must find no rows: ").Value(*arguments.Find("unexpected_rows_query"));
  return true;
}

struct TypeWording {
  std::string_view type;
  Wording wording;
};

constexpr TypeWording kWordings[] = {
    {"expect_column_distinct_values_to_be_in_set", DistinctInSet},
    {"expect_column_distinct_values_to_contain_set", DistinctContainSet},
    {"expect_column_distinct_values_to_equal_set", DistinctEqualSet},
    {"expect_column_kl_divergence_to_be_less_than", KlLessThan},
    {"expect_column_max_to_be_between", Max},
    {"expect_column_mean_to_be_between", Mean},
    {"expect_column_median_to_be_between", Median},
    {"expect_column_min_to_be_between", Min},
    {"expect_column_most_common_value_to_be_in_set", MostCommonInSet},
    {"expect_column_pair_values_a_to_be_greater_than_b", PairGreater},
    {"expect_column_pair_values_to_be_equal", PairEqual},
    {"expect_column_pair_values_to_be_in_set", PairInSet},
    {"expect_column_proportion_of_unique_values_to_be_between", UniqueProportion},
    {"expect_column_quantile_values_to_be_between", Quantiles},
    {"expect_column_stdev_to_be_between", Stdev},
    {"expect_column_sum_to_be_between", Sum},
    {"expect_column_to_exist", ColumnExists},
    {"expect_column_unique_value_count_to_be_between", UniqueCount},
    {"expect_column_value_lengths_to_be_between", LengthsBetween},
    {"expect_column_value_lengths_to_equal", LengthsEqual},
    {"expect_column_value_z_scores_to_be_less_than", ZScores},
    {"expect_column_values_to_be_between", Between},
    {"expect_column_values_to_be_dateutil_parseable", DateutilParseable},
    {"expect_column_values_to_be_decreasing", Decreasing},
    {"expect_column_values_to_be_in_set", InSet},
    {"expect_column_values_to_be_in_type_list", InTypeList},
    {"expect_column_values_to_be_increasing", Increasing},
    {"expect_column_values_to_be_json_parseable", JsonParseable},
    {"expect_column_values_to_be_null", Null},
    {"expect_column_values_to_be_of_type", OfType},
    {"expect_column_values_to_be_unique", Unique},
    {"expect_column_values_to_match_json_schema", MatchJsonSchema},
    {"expect_column_values_to_match_like_pattern", MatchLike},
    {"expect_column_values_to_match_like_pattern_list", MatchLikeList},
    {"expect_column_values_to_match_regex", MatchRegex},
    {"expect_column_values_to_match_regex_list", MatchRegexList},
    {"expect_column_values_to_match_strftime_format", MatchStrftime},
    {"expect_column_values_to_not_be_in_set", NotInSet},
    {"expect_column_values_to_not_be_null", NotNull},
    {"expect_column_values_to_not_match_like_pattern", NotMatchLike},
    {"expect_column_values_to_not_match_like_pattern_list", NotMatchLikeList},
    {"expect_column_values_to_not_match_regex", NotMatchRegex},
    {"expect_column_values_to_not_match_regex_list", NotMatchRegexList},
    {"expect_compound_columns_to_be_unique", CompoundUnique},
    {"expect_multicolumn_sum_to_equal", SumEquals},
    {"expect_select_column_values_to_be_unique_within_record", UniqueWithinRecord},
    {"expect_table_column_count_to_be_between", ColumnCount},
    {"expect_table_column_count_to_equal", ColumnCount},
    {"expect_table_columns_to_match_ordered_list", ColumnsMatchOrderedList},
    {"expect_table_columns_to_match_set", ColumnsMatchSet},
    {"expect_table_row_count_to_be_between", RowCount},
    {"expect_table_row_count_to_equal", RowCount},
    {"unexpected_rows_expectation", UnexpectedRows},
};

// The type and its kwargs, for what has no wording.
Sentence Verbatim(const Expectation& expectation) {
  Sentence sentence;
  sentence.Words(Clip(expectation.type, kWordsTextMax));
  if (!expectation.kwargs.is_object()) return sentence;
  const Json::Object& kwargs = expectation.kwargs.AsObject();
  for (size_t i = 0; i < std::min(kwargs.size(), kWordsListMax); ++i) {
    sentence.Words(i == 0 ? ": " : ", ").Words(Clip(kwargs[i].first, kWordsTextMax)).Words(" ");
    sentence.Value(kwargs[i].second);
  }
  if (kwargs.size() > kWordsListMax) {
    sentence.Words(fmt::format(" and {} more", kwargs.size() - kWordsListMax));
  }
  return sentence;
}

void AddCondition(Sentence& sentence, const Expectation& expectation, const Arguments& arguments) {
  const Json* mostly = arguments.Find("mostly");
  if (mostly != nullptr && mostly->is_number() && mostly->AsDouble() < 1) {
    const bool values =
        arguments.Has("column") && expectation.type.find("null") == std::string::npos;
    sentence.Words(", in at least " + PercentText(mostly->AsDouble()));
    sentence.Words(values ? " of values" : " of rows");
  }
  // A row_condition does not apply to a table as a whole.
  const Json* condition = arguments.Find("row_condition");
  if (condition != nullptr && !expectation.type.starts_with("expect_table_")) {
    sentence.Words(", in rows where ").Value(*condition);
  }
}

std::string GroupThousands(std::string digits) {
  const size_t first = digits.starts_with('-') ? 1 : 0;
  for (size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string NumberText(double value, bool whole_precision) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "∞" : "-∞";
  if (std::trunc(value) == value && std::abs(value) < 1e15) return fmt::format("{:.0f}", value);
  if (whole_precision) return fmt::format("{}", value);
  if (std::abs(value) >= 1e4 && std::abs(value) < 1e15) return fmt::format("{:.2f}", value);
  return fmt::format("{:.6g}", value);
}

std::string Printed(const Json& value, bool whole_precision) {
  if (value.is_string()) return value.AsString();
  if (value.is_double()) return NumberText(value.AsDouble(), whole_precision);
  std::string text;
  // Nobody reads on after so much; the caller clips it.
  const auto full = [&] { return text.size() > 8 * kWordsTextMax; };
  if (value.is_array()) {
    for (const Json& item : value.AsArray()) {
      if (full()) break;
      text += (text.empty() ? "" : ", ") + Printed(item, whole_precision);
    }
    return "(" + text + ")";
  }
  if (value.is_object()) {
    for (const Json::Field& field : value.AsObject()) {
      if (full()) break;
      text +=
          (text.empty() ? "" : ", ") + field.first + ": " + Printed(field.second, whole_precision);
    }
    return "(" + text + ")";
  }
  return value.Dump();
}

}  // namespace

Sentence& Sentence::Words(std::string_view text) {
  parts_.push_back({Kind::kWords, std::string(text)});
  return *this;
}

Sentence& Sentence::Column(std::string_view name) {
  parts_.push_back({Kind::kColumn, Clip(name, kWordsTextMax)});
  return *this;
}

Sentence& Sentence::Value(const Json& value) {
  parts_.push_back({Kind::kValue, Clip(ValueText(value), kWordsTextMax)});
  return *this;
}

Sentence& Sentence::Values(const Json::Array& values, std::string_view last) {
  List(Kind::kValue, values, last);
  return *this;
}

Sentence& Sentence::Columns(const Json::Array& names, std::string_view last) {
  List(Kind::kColumn, names, last);
  return *this;
}

void Sentence::List(Kind kind, const Json::Array& items, std::string_view last) {
  const size_t shown = items.size() <= kWordsListMax ? items.size() : kWordsListMax - 1;
  for (size_t i = 0; i < shown; ++i) {
    if (i > 0) Words(i + 1 == items.size() ? fmt::format(" {} ", last) : ", ");
    parts_.push_back({kind, Clip(ValueText(items[i]), kWordsTextMax)});
  }
  if (shown < items.size()) {
    Words(fmt::format(" {} {} more", last, CountText(static_cast<int64_t>(items.size() - shown))));
  }
}

std::string Sentence::Text() const {
  std::string text;
  for (const Part& part : parts_) text += part.text;
  return text;
}

Sentence DescribeExpectation(const Expectation& expectation, const Json& parameters) {
  const Arguments arguments(expectation.kwargs, parameters);
  for (const TypeWording& row : kWordings) {
    if (row.type != expectation.type) continue;
    Sentence sentence;
    if (!row.wording(sentence, arguments)) break;
    AddCondition(sentence, expectation, arguments);
    return sentence;
  }
  return Verbatim(expectation);
}

std::vector<std::string> ColumnsOf(const Expectation& expectation) {
  std::vector<std::string> columns;
  const auto add = [&](const Json* name) {
    if (name != nullptr && name->is_string()) columns.push_back(name->AsString());
  };
  for (const char* key : {"column", "column_A", "column_B"}) add(expectation.kwargs.Find(key));
  const Json* list = expectation.kwargs.Find("column_list");
  if (list == nullptr || !list->is_array() || expectation.type.starts_with("expect_table_")) {
    return columns;
  }
  for (const Json& name : list->AsArray()) add(&name);
  return columns;
}

std::string ValueText(const Json& value) {
  return Printed(value, true);
}

std::string FigureText(const Json& value) {
  return Printed(value, false);
}

std::string CountText(int64_t count) {
  return GroupThousands(std::to_string(count));
}

std::string CountOf(int64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", CountText(count), noun, count == 1 ? "" : "s");
}

std::string PercentText(double share) {
  static constexpr double kRounding = 1e-9;
  const double percent = share * 100;
  std::string text;
  if (percent > 0 && percent < 0.01 - kRounding) {
    text = "<" + std::string(kNarrowGap) + "0.01";
  } else if (percent < 100 && percent > 99.99 + kRounding) {
    text = ">" + std::string(kNarrowGap) + "99.99";
  } else {
    text = fmt::format("{:.{}f}", percent, percent < 10 || percent > 99 ? 2 : 1);
    while (text.ends_with('0')) text.pop_back();
    if (text.ends_with('.')) text.pop_back();
  }
  return text + std::string(kNarrowGap) + "%";
}

std::string Clip(std::string_view text, size_t characters_max) {
  static constexpr size_t kBytesOfCharacterMax = 4;
  size_t characters = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    const bool starts = (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80;
    const bool full = starts && characters++ == characters_max;
    if (full || at == characters_max * kBytesOfCharacterMax) {
      return std::string(text.substr(0, at)) + "…";
    }
  }
  return std::string(text);
}

}  // namespace millwright::quality
