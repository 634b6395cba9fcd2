#include "quality/number_column.h"

#include <algorithm>
#include <cmath>

#include "quality/kept_counts.h"

namespace millwright::quality {
namespace {

// Values that are sorted at once: 32 MiB, and as much again for the sort.
constexpr size_t kPiece = 1 << 22;
// Rows of one call of Add.
constexpr size_t kChunkRowsMax = 2048;
constexpr size_t kGapsMax = 10;
constexpr double kGapSteps = 3;
constexpr int64_t kExactDoubleMax = int64_t{1} << 53;

constexpr std::pair<const char*, int64_t> kUnits[] = {{"day", 86'400'000'000},
                                                      {"hour", 3'600'000'000},
                                                      {"minute", 60'000'000},
                                                      {"second", 1'000'000}};

uint64_t HashOfKey(NumberKind kind, uint64_t key) {
  if (kind != NumberKind::kInteger) return HashBits(key);
  const int64_t value = IntegerOfKey(key);
  const bool is_double = value >= -kExactDoubleMax && value <= kExactDoubleMax;
  return HashBits(is_double ? KeyOfReal(static_cast<double>(value)) : key);
}

// Distances between neighbours, each once.
Distribution StepsOf(const Distribution& values) {
  std::vector<uint64_t> steps;
  for (size_t i = 1; i < values.size(); ++i)
    steps.push_back(KeyOfInteger(IntegerOfKey(values.keys[i]) - IntegerOfKey(values.keys[i - 1])));
  SortKeys(&steps);
  Distribution distribution{.kind = NumberKind::kInteger};
  distribution.AddSorted(steps);
  return distribution;
}

TimeFigures TimesOf(const Distribution& values) {
  TimeFigures figures;
  if (values.size() < 2) return figures;
  int64_t unit = 1;
  for (const auto& [name, length] : kUnits) {
    const bool fits = std::all_of(values.keys.begin(), values.keys.end(),
                                  [&](uint64_t key) { return IntegerOfKey(key) % length == 0; });
    if (!fits) continue;
    figures.unit = name;
    unit = length;
    break;
  }
  const double step = RankReader(StepsOf(values)).Quantile(0.5);
  const double span = static_cast<double>(IntegerOfKey(values.keys.back())) -
                      static_cast<double>(IntegerOfKey(values.keys.front()));
  figures.step_seconds = step / 1e6;
  if (!figures.unit.empty())
    figures.coverage = static_cast<double>(values.size()) / (span / static_cast<double>(unit) + 1);
  std::vector<std::pair<int64_t, size_t>> gaps;  // length, place of its end
  for (size_t i = 1; i < values.size(); ++i) {
    const int64_t length = IntegerOfKey(values.keys[i]) - IntegerOfKey(values.keys[i - 1]);
    if (static_cast<double>(length) > kGapSteps * step) gaps.emplace_back(length, i);
  }
  figures.gap_count = static_cast<int64_t>(gaps.size());
  const size_t kept = std::min(kGapsMax, gaps.size());
  std::partial_sort(gaps.begin(), gaps.begin() + static_cast<std::ptrdiff_t>(kept), gaps.end(),
                    std::greater<>());
  gaps.resize(kept);
  std::sort(gaps.begin(), gaps.end(), [](auto& a, auto& b) { return a.second < b.second; });
  for (const auto& [length, end] : gaps) {
    figures.gaps.push_back({TimeText(IntegerOfKey(values.keys[end - 1])),
                            TimeText(IntegerOfKey(values.keys[end])),
                            static_cast<double>(length) / 1e6});
  }
  return figures;
}

}  // namespace

NumberColumn::NumberColumn(NumberKind kind, int64_t rows) {
  sketch_.values.kind = kind;
  pending_.reserve(std::min(static_cast<size_t>(rows), kPiece + kChunkRowsMax));
}

void NumberColumn::Add(const analytics::NumberSpan& span, size_t rows) {
  for (size_t i = 0; i < rows; ++i) {
    if (!span.Has(i)) continue;
    if (span.integers != nullptr) {
      AddKey(KeyOfInteger(span.integers[i]));
    } else if (std::isfinite(span.reals[i])) {
      AddKey(KeyOfReal(span.reals[i]));
    } else if (std::isinf(span.reals[i])) {
      ++infinite_;
    }
  }
  if (pending_.size() >= kPiece) Sort();
}

void NumberColumn::AddKey(uint64_t key) {
  if (!sketch_.first) {
    sketch_.first = key;
  } else {
    is_rising_ = is_rising_ && last_ <= key;
    is_falling_ = is_falling_ && last_ >= key;
  }
  last_ = key;
  pending_.push_back(key);
}

void NumberColumn::Sort() {
  SortKeys(&pending_);
  Distribution piece{.kind = sketch_.values.kind};
  piece.AddSorted(pending_);
  pending_.clear();
  sketch_.moments.Add(MomentsOf(piece));
  SketchDistinct(piece, &sketch_.distinct);
  sketch_.values.Add(piece);
  if (sketch_.values.size() > kDistributionPointsMax)
    sketch_.values.Compress(kDistributionPointsMax / 4);
}

void NumberColumn::Finish(size_t top_values, ColumnStatistics* column) {
  Sort();
  pending_.shrink_to_fit();
  if (sketch_.first) sketch_.last = last_;
  column->sketch = std::move(sketch_);
  // Where the values fit into memory at once their moments are those of one sum, not of pieces.
  if (column->sketch.values.exact()) column->sketch.moments = MomentsOf(column->sketch.values);
  column->numbers.emplace();
  column->numbers->infinite += infinite_;
  column->numbers->is_rising = is_rising_ && column->sketch.first.has_value();
  column->numbers->is_falling = is_falling_ && column->sketch.first.has_value();
  TellNumbers(top_values, column);
  CompressNumbers(top_values, &column->sketch);
}

void CompressNumbers(size_t top_values, ColumnSketch* sketch) {
  Distribution& values = sketch->values;
  if (values.size() <= 2 * kKeptPoints) return;
  if (sketch->counts.empty()) {
    const auto hidden =
        static_cast<int64_t>(std::ceil(values.rank_error * static_cast<double>(values.total)));
    const std::vector<TopValue> top = TopOf(values, std::max(top_values, kKeptPoints) + 1);
    const size_t kept = KeptOf(top, values.total, top_values);
    for (size_t i = 0; i < kept; ++i) sketch->counts[ValueKey(top[i].value)] = top[i].count;
    sketch->counts_error = std::max(hidden, top[kept].count);
  }
  values.Compress(kKeptPoints);
}

void TellNumbers(size_t top_values, ColumnStatistics* column) {
  const ColumnSketch& sketch = column->sketch;
  const NumberFigures before = column->numbers.value_or(NumberFigures());
  column->numbers = FiguresOf(sketch.values, sketch.moments);
  column->numbers->infinite = before.infinite;
  column->numbers->is_rising = before.is_rising;
  column->numbers->is_falling = before.is_falling;
  column->top_values = TopOf(sketch.values, top_values);
  column->rank_error = sketch.values.rank_error;
  if (sketch.values.exact()) {
    const auto& counts = sketch.values.counts;
    column->distinct = static_cast<int64_t>(sketch.values.size());
    column->unique = std::count(counts.begin(), counts.end(), 1);
    column->distinct_error = 0;
    column->top_values_error = 0;
    if (column->kind == FiguresKind::kTime) column->time = TimesOf(sketch.values);
    return;
  }
  column->distinct = std::llround(sketch.distinct.Distinct());
  column->unique = std::llround(sketch.distinct.Unique());
  column->distinct_error = sketch.distinct.DistinctError();
  column->top_values_error = sketch.counts_error;
  if (!sketch.counts.empty()) column->top_values = TopOf(sketch.counts, column->kind, top_values);
}

void SketchDistinct(const Distribution& values, DistinctSketch* sketch) {
  std::vector<DistinctSketch::Entry> entries;
  // Hashes above what the sketch holds cannot enter it; most of them are passed over here.
  uint64_t highest = UINT64_MAX;
  if (!sketch->exact()) highest = sketch->entries().back().hash;
  for (size_t i = 0; i < values.size(); ++i) {
    const uint64_t hash = HashOfKey(values.kind, values.keys[i]);
    if (hash <= highest) entries.push_back({hash, values.counts[i]});
    if (entries.size() >= 8 * kSketchValues) {
      sketch->Add(std::move(entries));
      entries.clear();
      if (!sketch->exact()) highest = sketch->entries().back().hash;
    }
  }
  sketch->Add(std::move(entries));
}

}  // namespace millwright::quality
