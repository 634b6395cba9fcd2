#include "drift/online_detectors.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace millwright::drift {
namespace {

constexpr size_t kBucketsPerLevel = 5;
constexpr double kPartRowsMin = 5;

void RequirePositive(double value, const char* name) {
  if (!(value > 0)) throw InvalidArgument("{} must be above 0", name);
}

// The squared distances of two groups around their common mean.
double JoinSquares(double a_sum, double a_squares, double a_rows, double b_sum, double b_squares,
                   double b_rows) {
  const double distance = a_sum / a_rows - b_sum / b_rows;
  return a_squares + b_squares + distance * distance * a_rows * b_rows / (a_rows + b_rows);
}

// Each direction may be wrong half as often.
CumulativeSums SumsFor(double shift, double rows) {
  RequirePositive(shift, "shift");
  RequirePositive(rows, "rows_between_false_alarms");
  return {shift / 2, CumulativeSumThreshold(shift / 2, 2 * rows)};
}

}  // namespace

double CumulativeSumThreshold(double slack, double rows) {
  // What the sum jumps past the threshold by, on average.
  constexpr double kOvershoot = 1.166;
  const auto run_length = [&](double threshold) {
    const double b = 2 * slack * (threshold + kOvershoot);
    return (std::exp(b) - b - 1) / (2 * slack * slack);
  };
  double low = 0, high = 1;
  while (run_length(high) < rows) high *= 2;
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (run_length(middle) < rows ? low : high) = middle;
  }
  return high;
}

void CumulativeSums::Sum::Add(double step) {
  sum = std::max(0.0, sum + step);
  rows = sum > 0 ? rows + 1 : 0;
}

bool CumulativeSums::Add(double z) {
  up_.Add(z - slack_);
  down_.Add(-z - slack_);
  if (up_.sum < threshold_ && down_.sum < threshold_) return false;
  rows_since_change_ = up_.sum >= threshold_ ? up_.rows : down_.rows;
  Reset();
  return true;
}

void CumulativeSums::Reset() {
  up_ = down_ = {};
}

Cusum::Cusum(const Options& options)
    : mean_(options.mean),
      deviation_(options.deviation),
      sums_(SumsFor(options.shift, options.rows_between_false_alarms)) {
  RequirePositive(options.deviation, "deviation");
}

bool Cusum::Add(double value) {
  return sums_.Add((value - mean_) / deviation_);
}

PageHinkley::PageHinkley(const Options& options)
    : options_(options),
      sums_(SumsFor(options.shift, options.rows_between_false_alarms)),
      rows_(options.rows_known),
      mean_(options.mean) {
  if (options.rows_to_learn < 2) throw InvalidArgument("rows_to_learn must be at least 2");
}

bool PageHinkley::Add(double value) {
  double deviation = options_.deviation;
  if (deviation == 0 && rows_ > 1) deviation = std::sqrt(squares_ / static_cast<double>(rows_ - 1));
  if (rows_ >= options_.rows_to_learn && deviation > 0) {
    if (sums_.Add((value - mean_) / deviation)) {
      rows_ = 0;
      mean_ = squares_ = 0;
      return true;
    }
  }
  ++rows_;
  const double distance = value - mean_;
  mean_ += distance / static_cast<double>(rows_);
  squares_ += distance * (value - mean_);
  return false;
}

Adwin::Adwin(double confidence, int64_t rows_between_looks)
    : confidence_(confidence), rows_between_looks_(rows_between_looks) {
  if (!(confidence > 0 && confidence < 1)) throw InvalidArgument("confidence must be in (0, 1)");
  if (rows_between_looks < 1) throw InvalidArgument("rows_between_looks must be at least 1");
}

bool Adwin::Add(double value) {
  if (rows_ > 0) {
    squares_ = JoinSquares(sum_, squares_, static_cast<double>(rows_), value, 0, 1);
  }
  sum_ += value;
  ++rows_;
  if (levels_.empty()) levels_.emplace_back();
  levels_[0].push_front({value, 0});
  Compress();
  return ++seen_ % rows_between_looks_ == 0 && DropOldParts();
}

// Joins the two oldest buckets of a level that is full into one of the next.
void Adwin::Compress() {
  for (size_t level = 0; level < levels_.size(); ++level) {
    if (levels_[level].size() <= kBucketsPerLevel) return;
    const double rows = std::ldexp(1.0, static_cast<int>(level));
    const Bucket older = levels_[level].back();
    levels_[level].pop_back();
    const Bucket newer = levels_[level].back();
    levels_[level].pop_back();
    if (level + 1 == levels_.size()) levels_.emplace_back();
    levels_[level + 1].push_front(
        {older.sum + newer.sum,
         JoinSquares(older.sum, older.squares, rows, newer.sum, newer.squares, rows)});
  }
}

void Adwin::VisitCuts(const std::function<bool(double, double)>& each) const {
  double old_sum = 0, old_rows = 0;
  for (size_t level = levels_.size(); level-- > 0;) {
    for (auto bucket = levels_[level].rbegin(); bucket != levels_[level].rend(); ++bucket) {
      old_sum += bucket->sum;
      old_rows += std::ldexp(1.0, static_cast<int>(level));
      if (!each(old_sum, old_rows)) return;
    }
  }
}

bool Adwin::DropOldParts() {
  const auto has_cut = [&] {
    bool found = false;
    VisitCuts([&](double sum, double rows) { return !(found = IsCut(sum, rows)); });
    return found;
  };
  if (!has_cut()) return false;
  rows_since_change_ = RowsSinceClearestCut();
  while (has_cut()) DropOldest();
  return true;
}

// The cut whose halves differ by the most standard errors.
int64_t Adwin::RowsSinceClearestCut() const {
  const auto all = static_cast<double>(rows_);
  double clearest = 0, since = 0;
  VisitCuts([&](double old_sum, double old_rows) {
    const double new_rows = all - old_rows;
    if (new_rows <= 0) return false;
    const double clearness = std::abs(old_sum / old_rows - (sum_ - old_sum) / new_rows) *
                             std::sqrt(old_rows * new_rows / all);
    if (clearness > clearest) {
      clearest = clearness;
      since = new_rows;
    }
    return true;
  });
  return std::llround(since);
}

double Adwin::Variance() const {
  return rows_ > 0 ? squares_ / static_cast<double>(rows_) : 0;
}

// The bound of the paper's section 2, with the variance of the whole window.
bool Adwin::IsCut(double old_sum, double old_rows) const {
  const double all = static_cast<double>(rows_), new_rows = all - old_rows;
  if (old_rows < kPartRowsMin || new_rows < kPartRowsMin) return false;
  const double harmonic = 1 / (1 / old_rows + 1 / new_rows);
  const double log = std::log(2 * std::log(all) / confidence_);
  const double bound = std::sqrt(2 / harmonic * Variance() * log) + 2 / (3 * harmonic) * log;
  return std::abs(old_sum / old_rows - (sum_ - old_sum) / new_rows) > bound;
}

void Adwin::DropOldest() {
  while (!levels_.empty() && levels_.back().empty()) levels_.pop_back();
  if (levels_.empty()) return;
  const Bucket oldest = levels_.back().back();
  levels_.back().pop_back();
  const double rows = std::ldexp(1.0, static_cast<int>(levels_.size() - 1));
  const double rest = static_cast<double>(rows_) - rows;
  if (rest > 0) {
    const double distance = oldest.sum / rows - (sum_ - oldest.sum) / rest;
    squares_ = std::max(
        0.0, squares_ - oldest.squares - distance * distance * rows * rest / (rows + rest));
  }
  sum_ -= oldest.sum;
  rows_ -= static_cast<int64_t>(rows);
}

}  // namespace millwright::drift
