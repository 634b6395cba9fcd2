#pragma once

#include <optional>
#include <string>
#include <vector>

#include "metrics/samples.h"

namespace millwright::metrics {

// How samples of each class were classified: weights by the true class (row) and the predicted one.
class ConfusionMatrix {
 public:
  ConfusionMatrix(Labels truth, Labels predicted, size_t classes, Weights weights = {});

  size_t classes() const { return classes_; }
  double At(size_t truth, size_t predicted) const { return cells_[truth * classes_ + predicted]; }
  double OfTruth(size_t c) const { return of_truth_[c]; }
  double OfPrediction(size_t c) const { return of_prediction_[c]; }
  double Diagonal() const;
  double Total() const { return total_; }

  // Divided by the sums of rows, of columns, or by the total; 0 where such a sum is 0.
  enum class Normalization { kTruth, kPrediction, kAll };
  std::vector<std::vector<double>> Normalized(Normalization by) const;

 private:
  size_t classes_;
  std::vector<double> cells_;
  std::vector<double> of_truth_;
  std::vector<double> of_prediction_;
  double total_ = 0;
};

// One class against all others.
struct ClassCounts {
  double true_negative = 0;
  double false_positive = 0;
  double false_negative = 0;
  double true_positive = 0;

  // Each is 0 where its denominator is 0.
  double Precision() const;
  double Recall() const;
  double FBeta(double beta) const;
  double F1() const { return FBeta(1); }
  double Jaccard() const;
  double Support() const { return true_positive + false_negative; }
};
ClassCounts CountsOf(const ConfusionMatrix& matrix, size_t c);
// Of labels 0 and 1, where a score of at least the threshold predicts 1.
ClassCounts CountsAt(Numbers labels, Numbers scores, double threshold, Weights weights = {});

// A figure of classes and its average. Classes that neither occur nor are predicted are left out.
using ClassFigure = double (*)(const ClassCounts&);
double Averaged(const ConfusionMatrix& matrix, Average average, ClassFigure figure);
double AveragedFBeta(const ConfusionMatrix& matrix, Average average, double beta);

double Accuracy(const ConfusionMatrix& matrix);
// The mean recall of the classes that occur; `adjusted` makes chance 0.
double BalancedAccuracy(const ConfusionMatrix& matrix, bool adjusted = false);
// The correlation of truth and prediction; 0 where one of them is constant.
double MatthewsCorrelation(const ConfusionMatrix& matrix);
// Agreement beyond chance; disagreement counts by the distance of classes, or its square. NaN where
// there is only one class.
enum class KappaWeights { kNone, kLinear, kQuadratic };
double CohenKappa(const ConfusionMatrix& matrix, KappaWeights weights = KappaWeights::kNone);

// Precision, recall, F1 and support of each class, with their averages.
struct ClassificationReport {
  struct Row {
    std::string name;
    double precision = 0;
    double recall = 0;
    double f1 = 0;
    double support = 0;
  };
  std::vector<Row> classes;
  double accuracy = 0;
  Row macro;
  Row weighted;

  // As scikit-learn prints it.
  std::string ToText(int digits) const;
};
// `names` has one name a class.
ClassificationReport ReportOf(const ConfusionMatrix& matrix, const std::vector<std::string>& names);

}  // namespace millwright::metrics
