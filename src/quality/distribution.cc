#include "quality/distribution.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "base/clock.h"
#include "base/error.h"

namespace millwright::quality {
namespace {

constexpr int64_t kSecondUs = 1'000'000;
constexpr uint64_t kSignBit = 1ULL << 63;
constexpr int kDigitBits = 11;
constexpr int kDigits = 6;  // of kDigitBits cover 64 bits
constexpr size_t kDigitValues = 1 << kDigitBits;
// Below this a comparison sort is as fast and needs no second array.
constexpr size_t kRadixMin = 4096;

size_t DigitOf(uint64_t key, int digit) {
  return (key >> (digit * kDigitBits)) & (kDigitValues - 1);
}

double NumberOfKey(NumberKind kind, uint64_t key) {
  return kind == NumberKind::kReal ? RealOfKey(key) : static_cast<double>(IntegerOfKey(key));
}

}  // namespace

uint64_t KeyOfInteger(int64_t value) {
  return static_cast<uint64_t>(value) ^ kSignBit;
}

// Doubles sort as their bits do when the sign is flipped, and all the others too below zero.
uint64_t KeyOfReal(double value) {
  const auto bits = std::bit_cast<uint64_t>(value == 0 ? 0.0 : value);
  return (bits & kSignBit) != 0 ? ~bits : bits ^ kSignBit;
}

int64_t IntegerOfKey(uint64_t key) {
  return static_cast<int64_t>(key ^ kSignBit);
}

double RealOfKey(uint64_t key) {
  return std::bit_cast<double>((key & kSignBit) != 0 ? key ^ kSignBit : ~key);
}

std::string TimeText(int64_t microseconds) {
  int64_t rest = microseconds % kSecondUs;
  if (rest < 0) rest += kSecondUs;
  std::string text = FormatTime((microseconds - rest) / 1000);
  text = text.substr(0, text.find('.'));
  std::replace(text.begin(), text.end(), 'T', ' ');
  if (rest == 0 && text.ends_with(" 00:00:00")) return text.substr(0, text.find(' '));
  if (rest == 0) return text;
  text += fmt::format(".{:06}", rest);
  while (text.back() == '0') text.pop_back();
  return text;
}

// Digits from the lowest on; a digit that all keys share, as most of small integers, costs no pass.
void SortKeys(std::vector<uint64_t>* keys) {
  if (keys->size() < kRadixMin) return std::sort(keys->begin(), keys->end());
  std::vector<std::array<size_t, kDigitValues>> counts(kDigits);
  for (auto& digit : counts) digit.fill(0);
  for (const uint64_t key : *keys) {
    for (int digit = 0; digit < kDigits; ++digit) ++counts[digit][DigitOf(key, digit)];
  }
  std::vector<uint64_t> other(keys->size());
  for (int digit = 0; digit < kDigits; ++digit) {
    auto& starts = counts[digit];
    if (starts[DigitOf(keys->front(), digit)] == keys->size()) continue;
    size_t start = 0;
    for (size_t& count : starts) {
      const size_t size = count;
      count = start;
      start += size;
    }
    for (const uint64_t key : *keys) other[starts[DigitOf(key, digit)]++] = key;
    keys->swap(other);
  }
}

double Distribution::Number(size_t i) const {
  return NumberOfKey(kind, keys[i]);
}

Json Distribution::Value(size_t i) const {
  if (kind == NumberKind::kReal) return RealOfKey(keys[i]);
  const int64_t integer = IntegerOfKey(keys[i]);
  if (kind == NumberKind::kInteger) return integer;
  return TimeText(integer);
}

void Distribution::AddSorted(std::span<const uint64_t> sorted) {
  size_t distinct = sorted.empty() ? 0 : 1;
  for (size_t i = 1; i < sorted.size(); ++i) distinct += sorted[i] != sorted[i - 1] ? 1 : 0;
  std::vector<uint64_t> values;
  std::vector<int64_t> repeats;
  values.reserve(distinct);
  repeats.reserve(distinct);
  for (size_t i = 0; i < sorted.size();) {
    size_t end = i + 1;
    while (end < sorted.size() && sorted[end] == sorted[i]) ++end;
    values.push_back(sorted[i]);
    repeats.push_back(static_cast<int64_t>(end - i));
    i = end;
  }
  if (keys.empty()) {
    keys = std::move(values);
    counts = std::move(repeats);
    total = static_cast<int64_t>(sorted.size());
    return;
  }
  AddPoints(values, repeats);
}

void Distribution::Add(const Distribution& other) {
  if (other.total == 0) return;
  if (total == 0) {
    *this = other;
    return;
  }
  if ((kind == NumberKind::kTime) != (other.kind == NumberKind::kTime))
    throw InvalidArgument("A column has times in one part and numbers in another");
  const auto to_reals = [](Distribution distribution) {
    for (uint64_t& key : distribution.keys) key = KeyOfReal(static_cast<double>(IntegerOfKey(key)));
    distribution.kind = NumberKind::kReal;
    return distribution;
  };
  if (kind == NumberKind::kInteger && other.kind == NumberKind::kReal) *this = to_reals(*this);
  const bool converts = kind == NumberKind::kReal && other.kind == NumberKind::kInteger;
  const double errors =
      rank_error * static_cast<double>(total) + other.rank_error * static_cast<double>(other.total);
  const Distribution& added = converts ? to_reals(other) : other;
  AddPoints(added.keys, added.counts);
  rank_error = errors / static_cast<double>(total);
}

void Distribution::AddPoints(std::span<const uint64_t> more, std::span<const int64_t> repeats) {
  std::vector<uint64_t> values;
  std::vector<int64_t> merged;
  values.reserve(keys.size() + more.size());
  merged.reserve(keys.size() + more.size());
  size_t i = 0, j = 0;
  while (i < keys.size() || j < more.size()) {
    const bool mine = j == more.size() || (i < keys.size() && keys[i] <= more[j]);
    const bool theirs = i == keys.size() || (j < more.size() && more[j] <= keys[i]);
    values.push_back(mine ? keys[i] : more[j]);
    merged.push_back((mine ? counts[i] : 0) + (theirs ? repeats[j] : 0));
    if (mine) ++i;
    if (theirs) ++j;
  }
  for (const int64_t count : repeats) total += count;
  keys = std::move(values);
  counts = std::move(merged);
}

// A group of neighbours is kept as its middle value. No group but a single value is larger than
// 1 / points of all, so a rank that is read at any place is off by less than that; the ends stay
// as they are.
void Distribution::Compress(size_t points) {
  if (size() <= 2 * points) return;
  const auto share = static_cast<int64_t>(static_cast<double>(total) / static_cast<double>(points));
  std::vector<uint64_t> values;
  std::vector<int64_t> groups;
  bool is_grouped = false;
  for (size_t i = 0; i < size();) {
    size_t end = i + 1;
    int64_t sum = counts[i];
    const bool is_first = i == 0;
    while (!is_first && end + 1 < size() && sum + counts[end] <= share) sum += counts[end++];
    is_grouped |= end > i + 1;
    values.push_back(keys[i + (end - i) / 2]);
    groups.push_back(sum);
    i = end;
  }
  keys = std::move(values);
  counts = std::move(groups);
  if (is_grouped) rank_error += 1.0 / static_cast<double>(points);
}

RankReader::RankReader(const Distribution& distribution) : distribution_(distribution) {
  ends_.reserve(distribution.size());
  int64_t sum = 0;
  for (const int64_t count : distribution.counts) ends_.push_back(sum += count);
}

size_t RankReader::PlaceOfRank(int64_t rank) const {
  return static_cast<size_t>(std::upper_bound(ends_.begin(), ends_.end(), rank) - ends_.begin());
}

double RankReader::Quantile(double q) const {
  const double position = q * static_cast<double>(distribution_.total - 1);
  const auto rank = static_cast<int64_t>(position);
  const double rest = position - static_cast<double>(rank);
  const size_t place = PlaceOfRank(rank);
  const double low = distribution_.Number(place);
  if (rest == 0) return low;
  const double high = distribution_.Number(ends_[place] > rank + 1 ? place : place + 1);
  return low + (high - low) * rest;
}

// Walks outwards from the center: the values below it, read backwards, and those above it are two
// lists of rising deviations.
double RankReader::MedianDeviation(double center) const {
  const auto count = static_cast<int64_t>(distribution_.size());
  int64_t below = 0;
  while (below < count && distribution_.Number(static_cast<size_t>(below)) < center) ++below;
  int64_t above = below--;
  const int64_t lower_rank = (distribution_.total - 1) / 2;
  const int64_t upper_rank = distribution_.total / 2;
  int64_t seen = 0;
  double lower = 0;
  bool has_lower = false;
  while (below >= 0 || above < count) {
    const double down = below >= 0 ? center - distribution_.Number(static_cast<size_t>(below))
                                   : std::numeric_limits<double>::infinity();
    const double up = above < count ? distribution_.Number(static_cast<size_t>(above)) - center
                                    : std::numeric_limits<double>::infinity();
    const double deviation = std::min(down, up);
    seen += distribution_.counts[static_cast<size_t>(down <= up ? below-- : above++)];
    if (!has_lower && seen > lower_rank) {
      lower = deviation;
      has_lower = true;
    }
    if (seen > upper_rank) return (lower + deviation) / 2;
  }
  return lower;
}

int64_t RankReader::CountBelow(double value) const {
  size_t low = 0, high = distribution_.size();
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (distribution_.Number(middle) < value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return Before(low);
}

int64_t RankReader::CountUpTo(double value) const {
  return CountBelow(std::nextafter(value, std::numeric_limits<double>::infinity()));
}

std::vector<int64_t> RankReader::Counts(std::span<const double> edges) const {
  std::vector<int64_t> counts;
  for (size_t i = 0; i + 1 < edges.size(); ++i) {
    const bool is_last = i + 2 == edges.size();
    const int64_t end = is_last ? CountUpTo(edges[i + 1]) : CountBelow(edges[i + 1]);
    counts.push_back(end - CountBelow(edges[i]));
  }
  return counts;
}

}  // namespace millwright::quality
