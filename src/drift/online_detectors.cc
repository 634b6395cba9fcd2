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

Cusum::Cusum(const Options& options)
    : mean_(options.mean), deviation_(options.deviation), slack_(options.shift / 2) {
  RequirePositive(options.deviation, "deviation");
  RequirePositive(options.shift, "shift");
  RequirePositive(options.rows_between_false_alarms, "rows_between_false_alarms");
  // Each direction may be wrong half as often.
  threshold_ = CumulativeSumThreshold(slack_, 2 * options.rows_between_false_alarms);
}

bool Cusum::Add(double value) {
  const double z = (value - mean_) / deviation_;
  up_ = std::max(0.0, up_ + z - slack_);
  down_ = std::max(0.0, down_ - z - slack_);
  if (up_ < threshold_ && down_ < threshold_) return false;
  up_ = down_ = 0;
  return true;
}

PageHinkley::PageHinkley(const Options& options) : options_(options), slack_(options.shift / 2) {
  RequirePositive(options.shift, "shift");
  RequirePositive(options.rows_between_false_alarms, "rows_between_false_alarms");
  if (options.rows_to_learn < 2) throw InvalidArgument("rows_to_learn must be at least 2");
  threshold_ = CumulativeSumThreshold(slack_, 2 * options.rows_between_false_alarms);
}

bool PageHinkley::Add(double value) {
  const double deviation = rows_ > 1 ? std::sqrt(squares_ / static_cast<double>(rows_ - 1)) : 0;
  if (rows_ >= options_.rows_to_learn && deviation > 0) {
    const double z = (value - mean_) / deviation;
    up_ = std::max(0.0, up_ + z - slack_);
    down_ = std::max(0.0, down_ - z - slack_);
    if (up_ >= threshold_ || down_ >= threshold_) {
      Reset();
      return true;
    }
  }
  ++rows_;
  const double distance = value - mean_;
  mean_ += distance / static_cast<double>(rows_);
  squares_ += distance * (value - mean_);
  return false;
}

void PageHinkley::Reset() {
  rows_ = 0;
  mean_ = squares_ = up_ = down_ = 0;
}

Adwin::Adwin(double confidence) : confidence_(confidence) {
  if (!(confidence > 0 && confidence < 1)) throw InvalidArgument("confidence must be in (0, 1)");
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
  return ++seen_ % kRowsBetweenLooks == 0 && DropOldParts();
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

bool Adwin::DropOldParts() {
  bool dropped = false;
  for (bool again = true; again;) {
    again = false;
    double old_sum = 0, old_rows = 0;
    for (size_t level = levels_.size(); level-- > 0 && !again;) {
      for (auto bucket = levels_[level].rbegin(); bucket != levels_[level].rend(); ++bucket) {
        old_sum += bucket->sum;
        old_rows += std::ldexp(1.0, static_cast<int>(level));
        if (IsCut(old_sum, old_rows)) {
          again = dropped = true;
          break;
        }
      }
    }
    if (again) DropOldest();
  }
  return dropped;
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
