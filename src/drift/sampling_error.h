#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

// How far a figure of some rows is off by the draw of these rows alone: its standard error, learnt
// of a reference as NannyML learns it, so that both state the same. It says how much of a figure's
// ups and downs is noise; what changes from one period to the next comes on top of it.
namespace millwright::drift {

// So many standard errors to either side are a figure's band, which is NannyML's rule.
inline constexpr double kBandErrors = 3;

// The variance of what one row adds to a mean, and the share of the rows that the mean is of: the
// precision is a mean of the rows that were called positive.
struct RowVariance {
  double variance = 0;
  double share = 1;

  // Nothing where no row of the reference adds anything.
  std::optional<double> ErrorOfMean(int64_t rows) const;
  std::optional<double> ErrorOfSum(int64_t rows) const;
};
// Of the plain mean of some values. Throws kInvalidArgument for none.
RowVariance VarianceOfMean(const std::vector<double>& values);

// The standard error of the root of a mean, by the delta method.
std::optional<double> ErrorOfRoot(const RowVariance& variance, double mean, int64_t rows);

// What a binary classifier's figures vary by. Labels are 0 or 1.
struct ClassifierVariances {
  // The F1 as a mean over the rows that are positive on either side, 1 for those that are on both:
  // it is off from the F1 by a factor, which NannyML takes for two classes and leaves out for more.
  RowVariance f1;
  double f1_factor = 1;
  RowVariance precision, recall, specificity, accuracy;
  RowVariance true_positive, true_negative, false_positive, false_negative;  // of sums
  // The area as a mean over the positives (the negatives where they are fewer) of the share of the
  // others that each is above (below), ties for a half.
  RowVariance roc_auc;

  ClassifierVariances() = default;
  ClassifierVariances(const std::vector<double>& truth, const std::vector<double>& scores,
                      const std::vector<double>& predicted);
};

// The average precision has no such mean: how much it varies is tried out, over 50 draws with
// replacement of half of the reference's rows, kDrawnRowsMax at most. NannyML's draws are others
// each time; these are always the same.
inline constexpr size_t kDrawnRowsMax = 20'000;
RowVariance AveragePrecisionVariance(const std::vector<double>& truth,
                                     const std::vector<double>& scores);

// The standard error of the mean over classes of a figure, out of its variances by class.
std::optional<double> ErrorOverClasses(const std::vector<RowVariance>& classes, int64_t rows);

// The error of a standard deviation of so many rows, out of the variance (over n − 1) and the
// fourth central moment (over n) of a reference (Rao, Linear Statistical Inference, 1973). Nothing
// where it is not defined.
struct SpreadMoments {
  double variance = 0, fourth = 0;
};
SpreadMoments SpreadMomentsOf(const std::vector<double>& reference);
std::optional<double> ErrorOfDeviation(const SpreadMoments& moments, int64_t rows);

// The error of a median of so many rows: its asymptotic variance, with the density there by a
// Gaussian kernel of Scott's width.
std::optional<double> ErrorOfMedian(const std::vector<double>& reference, int64_t rows);

}  // namespace millwright::drift
