#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analytics/session.h"

// What some rows of the prediction log are like, in a few kilobytes a column that can be put
// together with those of other rows. Counts, sums and ends are exact; middles are right to a
// hundredth of the rows, and distinct values beyond kFewValuesMax to some hundredths.
namespace millwright::monitoring {

// So many distinct values are told apart, and so many of the most frequent texts are counted.
inline constexpr size_t kFewValuesMax = 256;

// How many distinct values there are: all hashes while they are few, then HyperLogLog.
class DistinctSketch {
 public:
  void Add(uint64_t hash);
  void Add(const DistinctSketch& other);
  bool is_exact() const { return is_exact_; }
  int64_t count() const;

  void Encode(std::string* out) const;
  static DistinctSketch Decode(std::string_view* bytes);

 private:
  static constexpr int kIndexBits = 10;
  bool is_exact_ = true;
  std::vector<uint64_t> few_;  // rising
  std::array<uint8_t, 1 << kIndexBits> ranks_{};
};

// Numbers that stand for as many of a column as their weights say.
struct WeightedNumber {
  double value = 0;
  double weight = 0;
};

// The finite numbers of a column.
struct NumberSums {
  int64_t count = 0;
  int64_t infinite = 0;  // and what is no number
  double sum = 0;
  double min = std::numeric_limits<double>::infinity();
  double max = -std::numeric_limits<double>::infinity();
  int64_t halves = 0;       // of all numbers, 0.5 and more
  bool is_sampled = false;  // `points` are fewer than the numbers
  std::vector<WeightedNumber> points;

  // Takes all numbers of a column, in any order, and reorders them; `points_max` stand for them.
  static NumberSums Of(std::vector<double>* numbers, size_t points_max);
  void Add(const NumberSums& other);
  std::optional<double> Quantile(double share) const;
  // How many are at least as large.
  double CountFrom(double threshold) const;
};

// The most frequent texts.
struct TextSums {
  std::map<std::string, int64_t> counts;
  bool is_complete = true;  // there are no others
  void Add(const TextSums& other);
  // By falling count, then by name.
  std::vector<std::pair<std::string, int64_t>> MostFrequent(size_t count) const;
};

struct ColumnSums {
  std::string name;
  bool is_number = false;
  int64_t present = 0;
  DistinctSketch distinct;
  NumberSums numbers;
  TextSums texts;
};

// Of predictions that are no shadows.
struct RowSums {
  int64_t rows = 0;
  int64_t errors = 0;
  int64_t first_ms = std::numeric_limits<int64_t>::max();
  int64_t last_ms = std::numeric_limits<int64_t>::min();
  NumberSums latency_us;
  TextSums versions;
  std::vector<ColumnSums> columns;  // inputs and outputs, in the order of the first rows

  // Returns false, and is of no use, where a column is a number here and a text there.
  bool Add(const RowSums& other);
};

// What became of predictions that are no shadows.
struct KnownSums {
  int64_t known = 0;
  int64_t feedback = 0;
  ColumnSums numbers{.name = "outcome", .is_number = true};
  ColumnSums texts{.name = "outcome_text"};
  ColumnSums texts_alone{.name = "text_alone"};  // of those that are no numbers as well

  void Add(const KnownSums& other);
};

// Reads the columns of predictions once. `rows` is a table expression with the columns of
// EncodePrediction.
RowSums SumRows(analytics::Session& session, const std::string& rows);
// `known` has those of KnownPredictionsSql.
KnownSums SumKnown(analytics::Session& session, const std::string& known);

// Bytes that begin so; Decode throws kInternal for others.
inline constexpr std::string_view kRowSumsMagic = "MWSUM\x01\r\n";
inline constexpr std::string_view kKnownSumsMagic = "MWKNO\x01\r\n";
std::string Encode(const RowSums& sums);
RowSums DecodeRowSums(std::string_view bytes);
std::string Encode(const KnownSums& sums);
KnownSums DecodeKnownSums(std::string_view bytes);

}  // namespace millwright::monitoring
