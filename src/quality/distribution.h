#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"

// The values of a column of numbers or times in order, each with how often it occurs.
//
// Values are kept as 64-bit keys that sort as unsigned integers in the order of what they stand
// for, so that integers beyond 2^53 stay exact and one radix sort serves all kinds. As long as
// there are at most kDistributionPointsMax distinct values all is exact. Beyond, and where a
// distribution is written to a file, neighbours are put together: a value then stands for several,
// and `rank_error` bounds, as a share of all values, how far any rank is off.
namespace millwright::quality {

enum class NumberKind { kInteger, kReal, kTime };  // a time is microseconds since 1970

uint64_t KeyOfInteger(int64_t value);
// A negative zero is a zero. `value` must not be NaN.
uint64_t KeyOfReal(double value);
int64_t IntegerOfKey(uint64_t key);
double RealOfKey(uint64_t key);

// "2001-06-01", or "2001-06-01 05:30:00.25" for what is not at midnight; in UTC.
std::string TimeText(int64_t microseconds);

// Sorts as unsigned integers; needs as much memory again.
void SortKeys(std::vector<uint64_t>* keys);

inline constexpr size_t kDistributionPointsMax = 1 << 22;
// What a file keeps: the rank error of putting together is at most 1 / kKeptPoints.
inline constexpr size_t kKeptPoints = 500;

struct Distribution {
  NumberKind kind = NumberKind::kReal;
  std::vector<uint64_t> keys;   // rising
  std::vector<int64_t> counts;  // of each key
  int64_t total = 0;            // of all counts
  double rank_error = 0;        // a share of total; 0 where every key is a value of the data

  bool exact() const { return rank_error == 0; }
  size_t size() const { return keys.size(); }
  // A value as a number, and as people see it: integers exactly, times as text.
  double Number(size_t i) const;
  Json Value(size_t i) const;

  // Adds values that SortKeys sorted.
  void AddSorted(std::span<const uint64_t> sorted);
  // Adds another's values; integers become reals where one of the two has reals. Throws
  // kInvalidArgument when one of the two has times and the other numbers.
  void Add(const Distribution& other);
  // Puts neighbours together until about twice `points` are left.
  void Compress(size_t points);

 private:
  void AddPoints(std::span<const uint64_t> keys, std::span<const int64_t> counts);
};

// Reads off a distribution by rank. Keeps a reference to it.
class RankReader {
 public:
  explicit RankReader(const Distribution& distribution);

  // The place of the value with this many before it, from 0 to total - 1.
  size_t PlaceOfRank(int64_t rank) const;
  // The quantile by linear interpolation between the two values beside it. Total must not be 0.
  double Quantile(double q) const;
  // The median of how far values are from `center`, likewise.
  double MedianDeviation(double center) const;
  // How many values are below, or at most, `value`.
  int64_t CountBelow(double value) const;
  int64_t CountUpTo(double value) const;
  // Counts in bins that hold their lower edge; the last one holds its upper edge too, as numpy
  // has them.
  std::vector<int64_t> Counts(std::span<const double> edges) const;

 private:
  int64_t Before(size_t place) const { return place == 0 ? 0 : ends_[place - 1]; }

  const Distribution& distribution_;
  std::vector<int64_t> ends_;  // counts summed up to each place
};

}  // namespace millwright::quality
