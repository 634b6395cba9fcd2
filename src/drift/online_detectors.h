#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

// Detectors that see one value after another and say at which one the level has changed. Each keeps
// a few numbers, takes constant or logarithmic time a value, and is told how rare false alarms are
// to be. None is safe from several threads at once. Values must be finite.
namespace millwright::drift {

// The threshold of a one-sided cumulative sum of values in standard deviations, less `slack` each,
// at which an undisturbed stream alarms once in `rows` values on average; by Siegmund's
// approximation (1985), which is within some per cent for independent normal values.
double CumulativeSumThreshold(double slack, double rows);

// The sums of standardised values up and down, each of which starts anew where it falls to zero.
class CumulativeSums {
 public:
  CumulativeSums(double slack, double threshold) : slack_(slack), threshold_(threshold) {}

  // True where one passes the threshold. Both are zero then.
  bool Add(double z);
  void Reset();
  int64_t rows_since_change() const { return rows_since_change_; }

 private:
  struct Sum {
    double sum = 0;
    int64_t rows = 0;  // since it was zero
    void Add(double step);
  };
  double slack_, threshold_;
  Sum up_, down_;
  int64_t rows_since_change_ = 0;
};

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

  // Of the alarm that was last: how many values, its own among them, the change is old by then. It
  // most likely began where the sum that passed the threshold last left zero (Page, 1954).
  int64_t rows_since_change() const { return sums_.rows_since_change(); }

 private:
  double mean_, deviation_;
  CumulativeSums sums_;
};

// Page and Hinkley's test: the same where the level is not known but learnt from the stream's own
// values. Slow drifts move the learnt level along and are not seen.
class PageHinkley {
 public:
  struct Options {
    double shift = 1;
    double rows_between_false_alarms = 10'000;
    int64_t rows_to_learn = 200;  // before the first alarm
    // What is known from elsewhere: the deviation, for good, and the level, of so many values,
    // until the first alarm. Nothing when 0.
    double deviation = 0;
    double mean = 0;
    int64_t rows_known = 0;
  };
  explicit PageHinkley(const Options& options);

  // As Cusum; after an alarm what is not known for good is learnt anew.
  bool Add(double value);
  int64_t rows_since_change() const { return sums_.rows_since_change(); }

 private:
  void Reset();

  Options options_;
  CumulativeSums sums_;
  int64_t rows_ = 0;
  double mean_ = 0, squares_ = 0;
};

// ADWIN (Bifet and Gavaldà, 2007): a window that grows while it is of one level and drops its older
// part when the two halves of any cut differ by more than chance allows. For values from 0 to 1,
// such as errors. A stream of one level is cut with a chance of at most `confidence` a look.
class Adwin {
 public:
  // Looks at the cuts after each so many values, if nothing else is said.
  static constexpr int64_t kRowsBetweenLooks = 32;

  explicit Adwin(double confidence = 0.002, int64_t rows_between_looks = kRowsBetweenLooks);

  // Takes a value; true where the older part of the window was dropped.
  bool Add(double value);

  // Of the alarm that was last: how many values the change is old by then, by the cut whose halves
  // differ most clearly. The window may still hold some of before.
  int64_t rows_since_change() const { return rows_since_change_; }

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
  // Calls `each` with the sum and the rows of all that is older than a cut, of every cut, until it
  // returns false.
  void VisitCuts(const std::function<bool(double, double)>& each) const;
  bool IsCut(double old_sum, double old_rows) const;
  int64_t RowsSinceClearestCut() const;
  double Variance() const;
  void DropOldest();

  double confidence_;
  int64_t rows_between_looks_;
  int64_t rows_ = 0, seen_ = 0, rows_since_change_ = 0;
  double sum_ = 0, squares_ = 0;
  std::vector<std::deque<Bucket>> levels_;  // by k, the newest bucket first
};

}  // namespace millwright::drift
