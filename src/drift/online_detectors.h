#pragma once

#include <cstdint>
#include <deque>
#include <vector>

// Detectors that see one value after another and say at which one the level has changed. Each keeps
// a few numbers, takes constant or logarithmic time a value, and is told how rare false alarms are
// to be. None is safe from several threads at once. Values must be finite.
namespace millwright::drift {

// The threshold of a one-sided cumulative sum of values in standard deviations, less `slack` each,
// at which an undisturbed stream alarms once in `rows` values on average; by Siegmund's
// approximation (1985), which is within some per cent for independent normal values.
double CumulativeSumThreshold(double slack, double rows);

// Cumulative sums up and down from a level that is known: the quickest there is for a shift of a
// known size.
class Cusum {
 public:
  struct Options {
    double mean = 0;
    double deviation = 1;                       // above 0
    double shift = 1;                           // to be found soonest, in deviations
    double rows_between_false_alarms = 10'000;  // on average, both directions together
  };
  // Throws kInvalidArgument for what is not above 0.
  explicit Cusum(const Options& options);

  // Takes a value; true where the level has changed. The sums then start anew.
  bool Add(double value);

 private:
  double mean_, deviation_, slack_, threshold_;
  double up_ = 0, down_ = 0;
};

// Page and Hinkley's test: the same where the level is not known but learnt from the stream's own
// values. Slow drifts move the learnt level along and are not seen.
class PageHinkley {
 public:
  struct Options {
    double shift = 1;
    double rows_between_false_alarms = 10'000;
    int64_t rows_to_learn = 200;  // before the first alarm
  };
  explicit PageHinkley(const Options& options);

  // As Cusum; after an alarm everything is learnt anew.
  bool Add(double value);

 private:
  void Reset();

  Options options_;
  double slack_, threshold_;
  int64_t rows_ = 0;
  double mean_ = 0, squares_ = 0;
  double up_ = 0, down_ = 0;
};

// ADWIN (Bifet and Gavaldà, 2007): a window that grows while it is of one level and drops its older
// part when the two halves of any cut differ by more than chance allows. For values from 0 to 1,
// such as errors. A stream of one level is cut with a chance of at most `confidence` a look.
class Adwin {
 public:
  // Looks at the cuts after each so many values.
  static constexpr int64_t kRowsBetweenLooks = 32;

  explicit Adwin(double confidence = 0.002);

  // Takes a value; true where the older part of the window was dropped.
  bool Add(double value);

  int64_t rows() const { return rows_; }  // in the window
  double mean() const { return rows_ > 0 ? sum_ / static_cast<double>(rows_) : 0; }

 private:
  // 2^k values as their sum and squared distances from their mean.
  struct Bucket {
    double sum = 0;
    double squares = 0;
  };
  void Compress();
  bool DropOldParts();
  bool IsCut(double old_sum, double old_rows) const;
  double Variance() const;
  void DropOldest();

  double confidence_;
  int64_t rows_ = 0, seen_ = 0;
  double sum_ = 0, squares_ = 0;
  std::vector<std::deque<Bucket>> levels_;  // by k, the newest bucket first
};

}  // namespace millwright::drift
