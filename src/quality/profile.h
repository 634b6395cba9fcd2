#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "analytics/session.h"
#include "base/json.h"

namespace millwright::quality {

inline constexpr size_t kHistogramBins = 30;
inline constexpr size_t kTopValues = 50;
// A number column with at most this many distinct values is compared value by value.
inline constexpr int64_t kCategoricalDistinctMax = 20;
inline constexpr size_t kProfileBytesMax = 16 << 20;

// Counts of values in bins between edges; one edge more than counts. A bin holds its upper edge;
// the first one holds its lower edge too.
struct Histogram {
  std::vector<double> edges;
  std::vector<int64_t> counts;
};

struct TopValue {
  Json value;
  int64_t count = 0;
};

// What a column looked like.
struct ColumnProfile {
  std::string name;
  std::string type;     // analytics::ColumnTypeName
  int64_t missing = 0;  // NULL and NaN
  int64_t distinct = 0;
  bool distinct_approximate = false;  // a sketch, exact below 1,000
  Json min, max;                      // null for an empty column; times as text
  // Of finite values of numbers, else absent.
  std::optional<double> mean, stddev;
  std::vector<std::pair<std::string, double>> quantiles;  // "p05", "p25", "p50", "p75", "p95"
  std::optional<Histogram> histogram;  // kHistogramBins of equal width between min and max
  // Bins of about equal counts (the deciles), for drift; absent for what is compared by value.
  std::optional<Histogram> deciles;
  // The most frequent values, by falling count: of text, booleans and numbers of few values.
  std::vector<TopValue> top_values;

  // Tells whether drift is measured over values instead of over bins.
  bool categorical() const { return !deciles.has_value(); }
};

// A table seen in two scans: what the UI shows of a dataset version and what a model version was
// trained on, as drift's reference. Small: some kilobytes a column.
struct Profile {
  int64_t row_count = 0;
  bool quantiles_approximate = false;  // of a table above 200,000 rows
  std::vector<ColumnProfile> columns;

  const ColumnProfile* Find(std::string_view name) const;
  Json ToJson() const;
  // Throws kInvalidArgument.
  static Profile FromJson(const Json& json);
};

// Profiles a table (as Validate takes it), or only some of its columns when `columns` is not empty.
// Throws kInvalidArgument for an unknown column.
Profile ProfileTable(analytics::Session& session, const std::string& table,
                     const std::vector<std::string>& columns = {});

}  // namespace millwright::quality
