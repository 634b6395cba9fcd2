#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "quality/association.h"
#include "quality/distinct_sketch.h"
#include "quality/distribution.h"
#include "quality/moments.h"
#include "quality/number_figures.h"
#include "quality/semantic_type.h"

namespace millwright::quality {

// Texts longer than this are cut where a profile shows them.
inline constexpr size_t kProfileTextBytesMax = 200;
inline constexpr size_t kTableProfileBytesMax = 256 << 20;

enum class FiguresKind { kNumber, kTime, kText };

// Statistics of a column's texts; lengths are in characters. Booleans and nested values are texts
// as DuckDB prints them.
struct TextFigures {
  int64_t length_min = 0, length_max = 0;
  double length_mean = 0;
  std::optional<double> length_median;
  // In nats, and 1 less its share of what equal counts would have. Absent where a merge of profiles
  // does not have all values' counts.
  std::optional<double> entropy, imbalance;
  int64_t surrounded_by_blanks = 0;
  int64_t empty = 0;
};

struct TimeGap {
  std::string after, before;
  double seconds = 0;
};

struct TimeFigures {
  std::string unit;         // the longest of day, hour, minute, second that all times are whole in
  double step_seconds = 0;  // the median distance between neighbours
  double coverage = 0;      // distinct times as a share of the units between the first and the last
  std::vector<TimeGap> gaps;  // the longest of those that are far above the step, in time order
  int64_t gap_count = 0;
};

// What merging needs beside the figures. Sizes are bounded whatever the table.
struct ColumnSketch {
  Distribution values;  // of numbers and times; of lengths for texts
  Moments moments;      // of numbers
  DistinctSketch distinct;
  std::optional<uint64_t> first, last;  // keys in row order, of numbers and times
  // How often values occur, by their text; those that are not here at most `counts_error` times.
  // Empty for numbers whose distribution is exact.
  std::map<std::string, int64_t> counts;
  int64_t counts_error = 0;
};

struct ColumnStatistics {
  std::string name;
  std::string type;  // analytics::ColumnTypeName
  std::string sql_type;
  FiguresKind kind = FiguresKind::kText;
  int64_t rows = 0;
  int64_t missing = 0;        // NULL and NaN
  int64_t distinct = 0;       // values
  int64_t unique = 0;         // values that occur once
  double distinct_error = 0;  // the standard error of the two as a share, 0 where they are exact
  std::vector<TopValue> top_values;
  int64_t top_values_error =
      0;                  // so much too low a count may be, and may one be that is not listed
  double rank_error = 0;  // of quantiles and histograms, as a share of the rows
  SemanticType semantic;
  std::optional<NumberFigures> numbers;
  std::optional<TextFigures> text;
  std::optional<TimeFigures> time;
  ColumnSketch sketch;

  int64_t count() const { return rows - missing; }
  double MissingShare() const;
};

// A value for two columns by name.
struct PairValue {
  std::string a, b;
  double value = 0;  // NaN where it is not defined
};

struct Associations {
  std::vector<std::string> numbers, categories;  // the columns looked at
  std::vector<PairValue> pearson, spearman, kendall, mutual_information;
  std::vector<std::pair<PairValue, CategoryAssociation>> categorical;
  std::vector<PairValue> correlation_ratio;  // a: the categories, b: the numbers
  int64_t rank_rows = 0;  // rows of which Spearman, Kendall and mutual information are

  // What merging needs.
  std::map<std::pair<std::string, std::string>, PairMoments> pair_moments;
  std::map<std::pair<std::string, std::string>, ContingencyTable> tables;
  std::map<std::pair<std::string, std::string>, std::map<std::string, GroupMoments>> groups;
};

// How well a column alone tells the target: over rows that its rule was not made from, the share of
// the errors of guessing the commonest class (of the variance, for a number) that it takes away.
struct TargetPower {
  std::string column;
  double power = 0;
};

struct ProfileWarning {
  std::string kind;    // "constant", "leak", …
  std::string column;  // empty for the table
  std::string message;
};

// Everything about a table that a person looks at first. Profiles of parts of a table, made
// anywhere, merge into that of the whole (MergeProfiles).
struct TableProfile {
  std::string name;
  int64_t rows = 0;
  int64_t parts = 1;
  int64_t duplicate_rows = 0;  // rows that an earlier one equals
  bool duplicates_across_parts_unknown = false;
  int64_t rows_with_missing = 0;
  std::vector<ColumnStatistics> columns;
  Associations associations;
  std::vector<std::pair<std::string, std::string>> copies;  // columns that are equal in all rows
  std::string target;
  std::vector<TargetPower> target_powers;  // the strongest first
  std::vector<ProfileWarning> warnings;

  int64_t MissingCells() const;
  const ColumnStatistics* Find(std::string_view column) const;
  // With `sketches` it can be merged; without them it is as small as its figures.
  enum class Sketches { kWith, kWithout };
  Json ToJson(Sketches sketches = Sketches::kWith) const;
  // Throws kInvalidArgument for what no version of ToJson wrote.
  static TableProfile FromJson(const Json& json);
};

}  // namespace millwright::quality
