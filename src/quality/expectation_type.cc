#include "quality/expectation_type.h"

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "base/option.h"

namespace millwright::quality {
namespace {

constexpr Kwarg kKwargs[] = {
    {"column", "column", "text", "The column that is judged"},
    {"mostly", "mostly", "number from 0 to 1", "The share of judged rows that must be as expected"},
    {"min_value", "min", "number, text or time", "The lower bound, itself allowed"},
    {"max_value", "max", "number, text or time", "The upper bound, itself allowed"},
    {"strict_min", "strict_min", "boolean", "The lower bound itself is not allowed"},
    {"strict_max", "strict_max", "boolean", "The upper bound itself is not allowed"},
    {"value_set", "values", "list of values", "The values"},
    {"strictly", "strictly", "boolean", "Equal neighbours are unexpected"},
    {"threshold", "threshold", "number", "The bound of the figure"},
    {"double_sided", "double_sided", "boolean", "Values far below the mean are unexpected too"},
    {"type_", "type", "text", "A type by the name of numpy, Python or SQL"},
    {"type_list", "types", "list of text", "Types, any of them"},
    {"regex", "regex", "text", "A regular expression (RE2), found anywhere in the text"},
    {"regex_list", "regexes", "list of text", "Regular expressions"},
    {"like_pattern", "pattern", "text", "SQL's LIKE: % for any text, _ for one character"},
    {"like_pattern_list", "patterns", "list of text", "Patterns of LIKE"},
    {"match_on", "match_on", "any or all", "How many of the list must match"},
    {"strftime_format", "format", "text", "A time format, as %Y-%m-%d"},
    {"json_schema", "schema", "object", "A JSON schema (the plain keywords)"},
    {"value", "value", "number", "The number"},
    {"column_A", "a", "text", "The first column"},
    {"column_B", "b", "text", "The second column"},
    {"or_equal", "or_equal", "boolean", "Equal values are as expected"},
    {"value_pairs_set", "pairs", "list of pairs", "The pairs that may occur"},
    {"ignore_row_if", "ignore_row_if", "text",
     "Which rows are not judged: both_values_are_missing, either_value_is_missing, neither "
     "(pairs); "
     "all_values_are_missing, any_value_is_missing, never (lists of columns)"},
    {"column_list", "columns", "list of text", "Columns, in the order that counts"},
    {"sum_total", "total", "number", "What the columns of a row must add up to"},
    {"quantile_ranges", "ranges", "object",
     "{quantiles: [0.25, …], value_ranges: [[min, max], …]}; a bound may be null"},
    {"ties_okay", "ties_okay", "boolean", "One of several most common values suffices"},
    {"partition_object", "partition", "object",
     "{values, weights} of categories or {bins, weights} of numbers"},
    {"tail_weight_holdout", "tail_weight_holdout", "number", "Weight kept for what is outside"},
    {"internal_weight_holdout", "internal_weight_holdout", "number", "Weight kept for empty bins"},
    {"bucketize_data", "bucketize_data", "boolean", "Accepted; data is counted as partition says"},
    {"allow_relative_error", "allow_relative_error", "boolean or text",
     "Accepted; quantiles are exact"},
    {"column_index", "index", "integer", "The column's place, from 0"},
    {"column_set", "columns", "list of text", "The columns' names"},
    {"exact_match", "exact_match", "boolean", "Further columns are unexpected"},
    {"other_table_name", "table", "text", "A table given by --table NAME=FILE"},
    {"unexpected_rows_query", "query", "SQL",
     "A SELECT over {batch}; each of its rows is a failure"},
    {"sql", "sql", "SQL", "An expression over the table's columns"},
};

constexpr Kwarg kCommonKwargs[] = {
    {"row_condition", "where", "text", "Only rows that meet it are judged"},
    {"condition_parser", "condition_parser", "text",
     "pandas or great_expectations; both are understood whatever is said"},
    {"batch_id", "batch_id", "text", "Accepted, not used"},
    {"result_format", "result_format", "text or object", "Accepted, not used: the run says it"},
    {"catch_exceptions", "catch_exceptions", "boolean", "Accepted: exceptions are always caught"},
    {"include_config", "include_config", "boolean", "Accepted: the configuration is always there"},
    {"severity", "severity", "text", "Accepted, not used"},
};

// What suites of 0.x hold in their defaults. A default changes nothing; another value would.
constexpr std::string_view kObsolete[] = {"auto",
                                          "profiler_config",
                                          "parse_strings_as_datetimes",
                                          "output_strftime_format",
                                          "allow_cross_type_comparisons",
                                          "windows",
                                          "meta"};

constexpr ExpectationType kTypes[] = {
    {"expect_column_values_to_not_be_null", "not_null", "column! mostly", "No value is missing"},
    {"expect_column_values_to_be_null", "is_null", "column! mostly", "All values are missing"},
    {"expect_column_values_to_be_unique", "unique", "column! mostly", "No value occurs twice"},
    {"expect_column_values_to_be_between", "between",
     "column! min_value max_value strict_min strict_max mostly", "Values are within bounds"},
    {"expect_column_values_to_be_in_set", "in_set", "column! value_set! mostly",
     "Values are of a set"},
    {"expect_column_values_to_not_be_in_set", "not_in_set", "column! value_set! mostly",
     "Values are not of a set"},
    {"expect_column_values_to_be_of_type", "of_type", "column! type_! mostly",
     "Values have a type"},
    {"expect_column_values_to_be_in_type_list", "in_types", "column! type_list! mostly",
     "Values have one of several types"},
    {"expect_column_values_to_be_increasing", "increasing", "column! strictly mostly",
     "Each value is as large as the one before, or larger"},
    {"expect_column_values_to_be_decreasing", "decreasing", "column! strictly mostly",
     "Each value is as small as the one before, or smaller"},
    {"expect_column_value_z_scores_to_be_less_than", "z_scores",
     "column! threshold! double_sided mostly", "Values are near the mean, in standard deviations"},
    {"expect_column_values_to_match_regex", "regex", "column! regex! mostly",
     "Texts match a regular expression"},
    {"expect_column_values_to_not_match_regex", "not_regex", "column! regex! mostly",
     "Texts do not match a regular expression"},
    {"expect_column_values_to_match_regex_list", "regexes", "column! regex_list! match_on mostly",
     "Texts match any, or all, of several regular expressions"},
    {"expect_column_values_to_not_match_regex_list", "not_regexes", "column! regex_list! mostly",
     "Texts match none of several regular expressions"},
    {"expect_column_values_to_match_like_pattern", "like", "column! like_pattern! mostly",
     "Texts are LIKE a pattern"},
    {"expect_column_values_to_not_match_like_pattern", "not_like", "column! like_pattern! mostly",
     "Texts are not LIKE a pattern"},
    {"expect_column_values_to_match_like_pattern_list", "likes",
     "column! like_pattern_list! match_on mostly", "Texts are LIKE any, or all, of several"},
    {"expect_column_values_to_not_match_like_pattern_list", "not_likes",
     "column! like_pattern_list! mostly", "Texts are LIKE none of several patterns"},
    {"expect_column_values_to_match_strftime_format", "time_format",
     "column! strftime_format! mostly", "Texts are times of a format"},
    {"expect_column_values_to_be_dateutil_parseable", "date_like", "column! mostly",
     "Texts are dates or times of a usual form"},
    {"expect_column_values_to_be_json_parseable", "json", "column! mostly", "Texts are JSON"},
    {"expect_column_values_to_match_json_schema", "json_schema", "column! json_schema! mostly",
     "Texts are JSON of a schema"},
    {"expect_column_value_lengths_to_be_between", "length_between",
     "column! min_value max_value strict_min strict_max mostly",
     "Texts have so many characters, within bounds"},
    {"expect_column_value_lengths_to_equal", "length", "column! value! mostly",
     "Texts have so many characters"},
    {"expect_column_pair_values_to_be_equal", "pair_equal",
     "column_A! column_B! ignore_row_if mostly", "Two columns are equal in each row"},
    {"expect_column_pair_values_a_to_be_greater_than_b", "pair_greater",
     "column_A! column_B! or_equal ignore_row_if mostly", "A is greater than B in each row"},
    {"expect_column_pair_values_to_be_in_set", "pair_in_set",
     "column_A! column_B! value_pairs_set! ignore_row_if mostly", "Pairs of values are of a set"},
    {"expect_compound_columns_to_be_unique", "unique_together", "column_list! ignore_row_if mostly",
     "No combination of values occurs twice"},
    {"expect_select_column_values_to_be_unique_within_record", "unique_within_row",
     "column_list! ignore_row_if mostly", "The columns of a row differ from one another"},
    {"expect_multicolumn_sum_to_equal", "row_sum", "column_list! sum_total! ignore_row_if mostly",
     "The columns of each row add up to a number"},
    {"expect_column_min_to_be_between", "min", "column! min_value max_value strict_min strict_max",
     "The smallest value is within bounds"},
    {"expect_column_max_to_be_between", "max", "column! min_value max_value strict_min strict_max",
     "The largest value is within bounds"},
    {"expect_column_mean_to_be_between", "mean",
     "column! min_value max_value strict_min strict_max", "The mean is within bounds"},
    {"expect_column_median_to_be_between", "median",
     "column! min_value max_value strict_min strict_max", "The median is within bounds"},
    {"expect_column_stdev_to_be_between", "stdev",
     "column! min_value max_value strict_min strict_max",
     "The standard deviation of the sample is within bounds"},
    {"expect_column_sum_to_be_between", "sum", "column! min_value max_value strict_min strict_max",
     "The sum is within bounds"},
    {"expect_column_quantile_values_to_be_between", "quantiles",
     "column! quantile_ranges! allow_relative_error", "Quantiles are within bounds"},
    {"expect_column_unique_value_count_to_be_between", "distinct_count",
     "column! min_value max_value strict_min strict_max", "So many distinct values"},
    {"expect_column_proportion_of_unique_values_to_be_between", "distinct_share",
     "column! min_value max_value strict_min strict_max",
     "Distinct values as a share of the values"},
    {"expect_column_proportion_of_non_null_values_to_be_between", "present_share",
     "column! min_value max_value strict_min strict_max",
     "Values that are not missing as a share of the rows"},
    {"expect_column_distinct_values_to_be_in_set", "distinct_in_set", "column! value_set!",
     "Every value that occurs is of a set"},
    {"expect_column_distinct_values_to_contain_set", "distinct_contain_set", "column! value_set!",
     "Every value of a set occurs"},
    {"expect_column_distinct_values_to_equal_set", "distinct_equal_set", "column! value_set!",
     "The values that occur are a set"},
    {"expect_column_most_common_value_to_be_in_set", "most_common_in_set",
     "column! value_set! ties_okay", "The most common value is of a set"},
    {"expect_column_kl_divergence_to_be_less_than", "kl_divergence",
     "column! partition_object! threshold! tail_weight_holdout internal_weight_holdout "
     "bucketize_data",
     "The values are distributed as a partition says"},
    {"expect_column_pair_cramers_phi_value_to_be_less_than", "cramers_phi",
     "column_A! column_B! threshold", "Two columns do not depend on one another"},
    {"expect_column_to_exist", "exists", "column! column_index", "The column is there"},
    {"expect_table_row_count_to_equal", "row_count", "value!", "So many rows"},
    {"expect_table_row_count_to_be_between", "row_count_between",
     "min_value max_value strict_min strict_max", "So many rows, within bounds"},
    {"expect_table_row_count_to_equal_other_table", "row_count_of", "other_table_name!",
     "As many rows as another table"},
    {"expect_table_column_count_to_equal", "column_count", "value!", "So many columns"},
    {"expect_table_column_count_to_be_between", "column_count_between",
     "min_value max_value strict_min strict_max", "So many columns, within bounds"},
    {"expect_table_columns_to_match_set", "columns", "column_set! exact_match",
     "The columns are these, in any order"},
    {"expect_table_columns_to_match_ordered_list", "ordered_columns", "column_list!",
     "The columns are these, in this order"},
    {"unexpected_rows_expectation", "no_rows", "unexpected_rows_query!",
     "A query over the table finds nothing"},
    {"expect_rows_to_satisfy_sql", "rows_satisfy", "sql! column_list mostly",
     "An SQL predicate holds in each row; a row where it is NULL is not judged"},
    {"expect_sql_value_to_be_between", "sql_value",
     "sql! min_value max_value strict_min strict_max", "An SQL aggregate is within bounds"},
};

const Kwarg* FindIn(std::span<const Kwarg> kwargs, std::string_view name) {
  const auto found =
      std::find_if(kwargs.begin(), kwargs.end(), [&](const Kwarg& k) { return k.name == name; });
  return found == kwargs.end() ? nullptr : &*found;
}

// Whether a value of an obsolete kwarg is what it was by default.
bool IsDefault(const Json& value) {
  return value.is_null() || (value.is_bool() && !value.AsBool()) ||
         (value.is_object() && value.AsObject().empty());
}

// As Great Expectations' classes are called: ExpectColumnToExist.
std::string SnakeCase(std::string_view name) {
  std::string text;
  for (const char c : name) {
    const bool is_upper = std::isupper(static_cast<unsigned char>(c)) != 0;
    if (is_upper && !text.empty()) text += '_';
    text += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return text;
}

std::string Nearest(std::string_view name, const std::vector<std::string_view>& known) {
  const std::string nearest = NearestName(name, known);
  return nearest.empty() ? "" : " (did you mean " + nearest + "?)";
}

void RequireKnownKwarg(const ExpectationType& type, const std::vector<KwargUse>& uses,
                       std::string_view name, const Json& value) {
  if (value.is_null() || FindIn(kCommonKwargs, name) != nullptr) return;
  for (const KwargUse& use : uses) {
    if (use.kwarg->name == name) return;
  }
  const bool obsolete =
      std::find(std::begin(kObsolete), std::end(kObsolete), name) != std::end(kObsolete);
  if (obsolete && IsDefault(value)) return;
  std::vector<std::string_view> known;
  for (const KwargUse& use : uses) known.push_back(use.kwarg->name);
  for (const Kwarg& kwarg : kCommonKwargs) known.push_back(kwarg.name);
  throw InvalidArgument("{} takes no {}{}", type.type, name, Nearest(name, known))
      .WithField(std::string(name));
}

}  // namespace

std::span<const ExpectationType> ExpectationTypes() {
  return kTypes;
}

const ExpectationType* FindExpectationType(std::string_view name) {
  for (const ExpectationType& type : kTypes) {
    if (type.type == name || type.brief == name) return &type;
  }
  return nullptr;
}

std::vector<KwargUse> KwargsOf(const ExpectationType& type) {
  std::vector<KwargUse> uses;
  std::string_view rest = type.kwargs;
  while (!rest.empty()) {
    std::string_view word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    const bool required = word.ends_with('!');
    if (required) word.remove_suffix(1);
    uses.push_back({FindIn(kKwargs, word), required});
  }
  return uses;
}

const Kwarg* FindKwarg(std::string_view name) {
  const Kwarg* kwarg = FindIn(kKwargs, name);
  return kwarg != nullptr ? kwarg : FindIn(kCommonKwargs, name);
}

std::span<const Kwarg> CommonKwargs() {
  return kCommonKwargs;
}

void RequireKnown(const Expectation& expectation) {
  const ExpectationType* type = FindExpectationType(expectation.type);
  if (type == nullptr || type->type != expectation.type) {
    std::vector<std::string_view> known;
    const std::string asked = SnakeCase(expectation.type);
    const bool is_brief = !asked.starts_with("expect");
    for (const ExpectationType& one : kTypes) known.push_back(is_brief ? one.brief : one.type);
    throw Unimplemented("Expectation type is not supported: {}{}", expectation.type,
                        Nearest(asked, known));
  }
  const std::vector<KwargUse> uses = KwargsOf(*type);
  for (const auto& [name, value] : expectation.kwargs.AsObject("kwargs")) {
    RequireKnownKwarg(*type, uses, name, value);
  }
  for (const KwargUse& use : uses) {
    const Json* value = expectation.kwargs.Find(use.kwarg->name);
    if (use.is_required && (value == nullptr || value->is_null())) {
      throw InvalidArgument("{} needs {}", type->type, use.kwarg->name)
          .WithField(std::string(use.kwarg->name));
    }
  }
}

}  // namespace millwright::quality
