#include "drift/performance_estimate.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "base/error.h"
#include "drift/chunk.h"
#include "drift/sampling_error.h"
#include "metrics/binary.h"
#include "statistics/isotonic.h"

namespace millwright::drift {
namespace {

constexpr size_t kFolds = 10;
constexpr size_t kCalibrationBins = 10;
constexpr double kChanceErrors = 2;
constexpr double kSeparableAuc = 0.999;

constexpr std::array<std::string_view, 11> kFigures = {"roc_auc",           "f1",
                                                       "precision",         "recall",
                                                       "specificity",       "accuracy",
                                                       "average_precision", "true_positive",
                                                       "true_negative",     "false_positive",
                                                       "false_negative"};
constexpr size_t kFirstCount = 7;  // from here on figures are numbers of rows
constexpr size_t kRocAuc = 0, kAveragePrecision = 6;
using Values = std::array<std::optional<double>, kFigures.size()>;

double Ratio(double part, double whole) {
  return whole > 0 ? part / whole : 0;
}

// The figures that the four counts give, expected or real.
Values FromCounts(double tp, double tn, double fp, double fn) {
  Values values;
  values[1] = Ratio(2 * tp, 2 * tp + fp + fn);
  values[2] = Ratio(tp, tp + fp);
  values[3] = Ratio(tp, tp + fn);
  values[4] = Ratio(tn, tn + fp);
  values[5] = Ratio(tp + tn, tp + tn + fp + fn);
  values[7] = tp;
  values[8] = tn;
  values[9] = fp;
  values[10] = fn;
  return values;
}

// NannyML rounds the expected counts along the curves.
double Rounded(double count) {
  return std::nearbyint(count * 1e5) / 1e5;
}

// The expected areas: by falling score each row adds its chance to be positive to the true
// positives and the rest to the false ones.
void AddAreas(const std::vector<double>& chances, const std::vector<double>& scores,
              Values* values) {
  std::vector<size_t> order(chances.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  double positives = 0, before_true = 0, before_false = 0, area = 0, precision = 0, rank = 0;
  for (size_t i : order) {
    positives += chances[i];
    rank += 1;
    const double true_positives = Rounded(positives), false_positives = Rounded(rank - positives);
    area += (false_positives - before_false) * (true_positives + before_true) / 2;
    precision +=
        (true_positives - before_true) * Ratio(true_positives, true_positives + false_positives);
    before_true = true_positives;
    before_false = false_positives;
  }
  if (before_true <= 0 || before_false <= 0) return;
  (*values)[kRocAuc] = area / before_true / before_false;
  (*values)[kAveragePrecision] = precision / before_true;
}

Values Estimated(const std::vector<double>& chances, const std::vector<double>& scores,
                 const std::vector<double>& predicted) {
  double tp = 0, tn = 0, fp = 0, fn = 0;
  for (size_t i = 0; i < chances.size(); ++i) {
    (predicted[i] > 0 ? tp : fn) += chances[i];
    (predicted[i] > 0 ? fp : tn) += 1 - chances[i];
  }
  Values values = FromCounts(tp, tn, fp, fn);
  AddAreas(chances, scores, &values);
  return values;
}

Values Realised(const std::vector<double>& truth, const std::vector<double>& scores,
                const std::vector<double>& predicted) {
  double tp = 0, tn = 0, fp = 0, fn = 0;
  for (size_t i = 0; i < truth.size(); ++i) {
    (truth[i] > 0 ? (predicted[i] > 0 ? tp : fn) : (predicted[i] > 0 ? fp : tn)) += 1;
  }
  Values values = FromCounts(tp, tn, fp, fn);
  if (metrics::HasBothClasses(truth)) {
    values[kRocAuc] = metrics::RocAuc(truth, scores);
    values[kAveragePrecision] = metrics::AveragePrecision(truth, scores);
  }
  return values;
}

std::vector<double> Part(const std::vector<double>& values, const Chunk& chunk) {
  return {values.begin() + static_cast<ptrdiff_t>(chunk.begin),
          values.begin() + static_cast<ptrdiff_t>(chunk.end)};
}

// Over bins of equally many rows by rising probability.
double CalibrationError(const std::vector<double>& truth, const std::vector<double>& probability) {
  std::vector<size_t> order(truth.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return probability[a] < probability[b]; });
  double error = 0;
  for (size_t bin = 0; bin < kCalibrationBins; ++bin) {
    const size_t begin = bin * order.size() / kCalibrationBins;
    const size_t end = (bin + 1) * order.size() / kCalibrationBins;
    double difference = 0;
    for (size_t i = begin; i < end; ++i) difference += truth[order[i]] - probability[order[i]];
    error += std::abs(difference) / static_cast<double>(order.size());
  }
  return error;
}

// What the error above is on average for rows whose truth is drawn by their probabilities: in each
// bin the mean distance of a sum from its expectation, by the normal approximation.
double ChanceCalibrationError(std::vector<double> probability) {
  std::sort(probability.begin(), probability.end());
  const size_t rows = probability.size();
  double error = 0;
  for (size_t bin = 0; bin < kCalibrationBins; ++bin) {
    double variance = 0;
    for (size_t i = bin * rows / kCalibrationBins; i < (bin + 1) * rows / kCalibrationBins; ++i) {
      variance += probability[i] * (1 - probability[i]);
    }
    error += std::sqrt(variance * 2 / std::numbers::pi) / static_cast<double>(rows);
  }
  return error;
}

// Every tenth row of each class is judged by what the other nine tenths teach.
std::vector<double> CrossCalibrated(const ScoredRows& reference) {
  std::vector<size_t> fold(reference.truth.size());
  std::array<size_t, 2> seen = {};
  for (size_t i = 0; i < fold.size(); ++i) fold[i] = seen[reference.truth[i] > 0]++ % kFolds;
  std::vector<double> calibrated(fold.size());
  for (size_t k = 0; k < kFolds; ++k) {
    std::vector<double> x, y;
    for (size_t i = 0; i < fold.size(); ++i) {
      if (fold[i] == k) continue;
      x.push_back(reference.probability[i]);
      y.push_back(reference.truth[i]);
    }
    const statistics::Isotonic curve(x, y);
    for (size_t i = 0; i < fold.size(); ++i) {
      if (fold[i] == k) calibrated[i] = curve.At(reference.probability[i]);
    }
  }
  return calibrated;
}

void RequireLabels(const ScoredRows& rows, std::string_view side) {
  const auto is_label = [](double value) { return value == 0 || value == 1; };
  if (!std::all_of(rows.predicted.begin(), rows.predicted.end(), is_label) ||
      !std::all_of(rows.truth.begin(), rows.truth.end(), is_label)) {
    throw InvalidArgument("Truth and predictions of the {} must be 0 or 1", side);
  }
  for (double value : rows.probability) {
    if (!(value >= 0 && value <= 1)) {
      throw InvalidArgument("A probability of the {} is not from 0 to 1: {}", side, value);
    }
  }
}

// What corrects probabilities, where something has to.
struct Calibration {
  std::optional<statistics::Isotonic> curve;
  double error_before = 0, error_after = 0, error_by_chance = 0;
};

Calibration Calibrate(const ScoredRows& reference, const EstimateOptions& options) {
  Calibration calibration;
  const std::vector<double> calibrated = CrossCalibrated(reference);
  calibration.error_before = CalibrationError(reference.truth, reference.probability);
  calibration.error_after = CalibrationError(reference.truth, calibrated);
  calibration.error_by_chance = ChanceCalibrationError(reference.probability);
  const bool helps = metrics::HasBothClasses(reference.truth) &&
                     calibration.error_before > kChanceErrors * calibration.error_by_chance &&
                     calibration.error_after < calibration.error_before;
  if (!helps) return calibration;
  const bool is_trusted = options.trusts_separable &&
                          metrics::RocAuc(reference.truth, reference.probability) > kSeparableAuc;
  if (!is_trusted) calibration.curve.emplace(reference.probability, reference.truth);
  return calibration;
}

// What the figures of a reference vary by, by place in kFigures.
class FigureErrors {
 public:
  explicit FigureErrors(const ScoredRows& reference)
      : variances_(reference.truth, reference.probability, reference.predicted),
        average_precision_(AveragePrecisionVariance(reference.truth, reference.probability)) {}

  std::optional<double> Of(size_t figure, int64_t rows) const {
    if (figure == kAveragePrecision) return average_precision_.ErrorOfMean(rows);
    const RowVariance& variance = variances_.*kVariances[figure];
    if (figure >= kFirstCount) return variance.ErrorOfSum(rows);
    const auto error = variance.ErrorOfMean(rows);
    return error && figure == kF1 ? *error * variances_.f1_factor : error;
  }

  static constexpr size_t kF1 = 1;
  static constexpr RowVariance ClassifierVariances::*kVariances[] = {
      &ClassifierVariances::roc_auc,
      &ClassifierVariances::f1,
      &ClassifierVariances::precision,
      &ClassifierVariances::recall,
      &ClassifierVariances::specificity,
      &ClassifierVariances::accuracy,
      nullptr,
      &ClassifierVariances::true_positive,
      &ClassifierVariances::true_negative,
      &ClassifierVariances::false_positive,
      &ClassifierVariances::false_negative,
  };

 private:
  ClassifierVariances variances_;
  RowVariance average_precision_;
};

class Estimation {
 public:
  Estimation(const ScoredRows& reference, const EstimateOptions& options)
      : options_(options), errors_(reference) {
    Calibration calibration = Calibrate(reference, options);
    result_.calibration_error_before = calibration.error_before;
    result_.calibration_error_after = calibration.error_after;
    result_.calibration_error_by_chance = calibration.error_by_chance;
    result_.is_calibrated = calibration.curve.has_value();
    curve_ = std::move(calibration.curve);
    SetBounds(reference);
  }

  void Add(const ScoredRows& rows, bool is_reference) {
    std::vector<double> chances = rows.probability;
    if (curve_) {
      for (double& chance : chances) chance = curve_->At(chance);
    }
    for (const Chunk& chunk : CutRows(rows.probability.size(), rows.period, options_.chunk_rows)) {
      const std::vector<double> scores = Part(rows.probability, chunk);
      const std::vector<double> predicted = Part(rows.predicted, chunk);
      const Values estimated = Estimated(Part(chances, chunk), scores, predicted);
      Values realised;
      if (!rows.truth.empty()) realised = Realised(Part(rows.truth, chunk), scores, predicted);
      Append(chunk, is_reference, estimated, realised);
    }
  }

  PerformanceEstimate Result() { return std::move(result_); }

 private:
  void SetBounds(const ScoredRows& reference) {
    std::array<std::vector<double>, kFigures.size()> seen;
    for (const Chunk& chunk :
         CutRows(reference.probability.size(), reference.period, options_.chunk_rows)) {
      const Values values =
          Realised(Part(reference.truth, chunk), Part(reference.probability, chunk),
                   Part(reference.predicted, chunk));
      for (size_t i = 0; i < values.size(); ++i) {
        if (values[i]) seen[i].push_back(*values[i]);
      }
    }
    for (size_t i = 0; i < seen.size(); ++i) {
      if (seen[i].empty()) continue;
      const Bounds bounds = BoundsOf(seen[i]);
      lower_[i] = std::max(0.0, bounds.lower);
      upper_[i] = i < kFirstCount ? std::min(1.0, bounds.upper) : bounds.upper;
    }
  }

  void Append(const Chunk& chunk, bool is_reference, const Values& estimated,
              const Values& realised) {
    EstimatedChunk& out = result_.chunks.emplace_back();
    out.key = chunk.key;
    out.is_reference = is_reference;
    out.rows = static_cast<int64_t>(chunk.end - chunk.begin);
    for (size_t i = 0; i < kFigures.size(); ++i) {
      EstimateFigure figure{
          std::string(kFigures[i]), estimated[i], realised[i], lower_[i], upper_[i], false};
      figure.alert = estimated[i] && (*estimated[i] < lower_[i] || *estimated[i] > upper_[i]);
      figure.sampling_error = errors_.Of(i, out.rows);
      if (i >= kFirstCount) figure.most = std::numeric_limits<double>::infinity();
      out.figures.push_back(std::move(figure));
    }
  }

  const EstimateOptions& options_;
  const FigureErrors errors_;
  std::optional<statistics::Isotonic> curve_;
  std::array<double, kFigures.size()> lower_ = {}, upper_ = {};
  PerformanceEstimate result_;
};

// Several classes, each against all others.
class ClassEstimation {
 public:
  ClassEstimation(const ClassScoredRows& reference, const EstimateOptions& options)
      : options_(options) {
    for (size_t k = 0; k < reference.probability.size(); ++k) {
      ScoredRows one;
      one.probability = reference.probability[k];
      one.truth = IsClass(reference.truth, k);
      calibrations_.push_back(Calibrate(one, options));
      const Calibration& calibration = calibrations_.back();
      result_.is_calibrated |= calibration.curve.has_value();
      result_.calibration_error_before =
          std::max(result_.calibration_error_before, calibration.error_before);
      result_.calibration_error_after =
          std::max(result_.calibration_error_after, calibration.error_after);
      result_.calibration_error_by_chance =
          std::max(result_.calibration_error_by_chance, calibration.error_by_chance);
      variances_.emplace_back(one.truth, one.probability, IsClass(reference.predicted, k));
    }
    std::vector<double> right(reference.truth.size());
    for (size_t i = 0; i < right.size(); ++i) {
      right[i] = reference.truth[i] == reference.predicted[i] ? 1 : 0;
    }
    accuracy_ = VarianceOfMean(right);
  }

  void Add(const ClassScoredRows& rows, bool is_reference) {
    const std::vector<std::vector<double>> chances = ChancesOf(rows);
    for (const Chunk& chunk : CutRows(rows.predicted.size(), rows.period, options_.chunk_rows)) {
      EstimatedChunk& out = result_.chunks.emplace_back();
      out.key = chunk.key;
      out.is_reference = is_reference;
      out.rows = static_cast<int64_t>(chunk.end - chunk.begin);
      Values estimated =
          MeanOverClasses(rows, chunk, [&](size_t k, const auto& scores, const auto& predicted) {
            return Estimated(Part(chances[k], chunk), scores, predicted);
          });
      double accuracy = 0;
      for (size_t i = chunk.begin; i < chunk.end; ++i) accuracy += chances[rows.predicted[i]][i];
      estimated[kAccuracy] = accuracy / static_cast<double>(chunk.end - chunk.begin);
      Values realised;
      if (!rows.truth.empty()) {
        realised =
            MeanOverClasses(rows, chunk, [&](size_t k, const auto& scores, const auto& predicted) {
              return Realised(Part(IsClass(rows.truth, k), chunk), scores, predicted);
            });
        double right = 0;
        for (size_t i = chunk.begin; i < chunk.end; ++i)
          right += rows.predicted[i] == rows.truth[i];
        realised[kAccuracy] = right / static_cast<double>(chunk.end - chunk.begin);
      }
      for (size_t i = 0; i <= kAccuracy; ++i) {
        out.figures.push_back({.name = std::string(kFigures[i]),
                               .estimated = estimated[i],
                               .realised = realised[i],
                               .sampling_error = ErrorOf(i, out.rows)});
      }
    }
  }

  // What the reference's chunks realised keeps all others within bounds.
  PerformanceEstimate Result() && {
    for (size_t i = 0; i <= kAccuracy; ++i) {
      std::vector<double> seen;
      for (const EstimatedChunk& chunk : result_.chunks) {
        if (chunk.is_reference && chunk.figures[i].realised) {
          seen.push_back(*chunk.figures[i].realised);
        }
      }
      if (seen.empty()) continue;
      const Bounds bounds = BoundsOf(seen);
      for (EstimatedChunk& chunk : result_.chunks) {
        EstimateFigure& figure = chunk.figures[i];
        figure.lower = std::max(0.0, bounds.lower);
        figure.upper = std::min(1.0, bounds.upper);
        figure.alert = figure.estimated &&
                       (*figure.estimated < figure.lower || *figure.estimated > figure.upper);
      }
    }
    return std::move(result_);
  }

 private:
  static constexpr size_t kAccuracy = 5;

  static std::vector<double> IsClass(const std::vector<size_t>& classes, size_t k) {
    std::vector<double> is(classes.size());
    for (size_t i = 0; i < is.size(); ++i) is[i] = classes[i] == k ? 1 : 0;
    return is;
  }

  std::vector<std::vector<double>> ChancesOf(const ClassScoredRows& rows) const {
    std::vector<std::vector<double>> chances = rows.probability;
    for (size_t k = 0; k < chances.size(); ++k) {
      if (!calibrations_[k].curve) continue;
      for (double& chance : chances[k]) chance = calibrations_[k].curve->At(chance);
    }
    for (size_t i = 0; i < rows.predicted.size(); ++i) {
      double sum = 0;
      for (const auto& column : chances) sum += column[i];
      for (auto& column : chances) {
        column[i] = sum > 0 ? column[i] / sum : 1 / static_cast<double>(chances.size());
      }
    }
    return chances;
  }

  template <typename F>
  static Values MeanOverClasses(const ClassScoredRows& rows, const Chunk& chunk, F&& of_class) {
    Values mean;
    for (size_t k = 0; k < rows.probability.size(); ++k) {
      const Values values =
          of_class(k, Part(rows.probability[k], chunk), Part(IsClass(rows.predicted, k), chunk));
      for (size_t i = 0; i <= kAccuracy; ++i) {
        if (k == 0) mean[i] = 0;
        if (!values[i]) mean[i].reset();
        if (mean[i]) *mean[i] += *values[i] / static_cast<double>(rows.probability.size());
      }
    }
    return mean;
  }

  // NannyML found areas to vary a fifth more than their classes' areas say.
  static constexpr double kAreaFactor = 1.2;

  std::optional<double> ErrorOf(size_t figure, int64_t rows) const {
    if (figure == kAccuracy) return accuracy_.ErrorOfMean(rows);
    std::vector<RowVariance> classes;
    for (const ClassifierVariances& one : variances_) {
      classes.push_back(one.*FigureErrors::kVariances[figure]);
    }
    const auto error = ErrorOverClasses(classes, rows);
    return error && figure == kRocAuc ? *error * kAreaFactor : error;
  }

  const EstimateOptions& options_;
  std::vector<ClassifierVariances> variances_;  // by class
  RowVariance accuracy_;
  std::vector<Calibration> calibrations_;
  PerformanceEstimate result_;
};

void RequireClasses(const ClassScoredRows& rows, size_t classes, std::string_view side) {
  const auto is_class = [&](size_t value) { return value < classes; };
  if (!std::all_of(rows.predicted.begin(), rows.predicted.end(), is_class) ||
      !std::all_of(rows.truth.begin(), rows.truth.end(), is_class)) {
    throw InvalidArgument("Truth and predictions of the {} must be among the {} classes", side,
                          classes);
  }
  for (const auto& column : rows.probability) {
    for (double value : column) {
      if (!(value >= 0 && value <= 1)) {
        throw InvalidArgument("A probability of the {} is not from 0 to 1: {}", side, value);
      }
    }
  }
}

Json OrNull(const std::optional<double>& value) {
  return value ? Json(*value) : Json();
}

Json BandJson(const EstimateFigure& figure, const std::optional<double>& value) {
  const auto band = figure.BandOf(value);
  if (!band) return {};
  return Json::Of({{"lower", band->lower}, {"upper", band->upper}});
}

}  // namespace

std::optional<EstimateFigure::Band> EstimateFigure::BandOf(
    const std::optional<double>& value) const {
  if (!value || !sampling_error) return std::nullopt;
  const double reach = kBandErrors * *sampling_error;
  return Band{std::max(0.0, *value - reach), std::min(most, *value + reach)};
}

int64_t PerformanceEstimate::alerts() const {
  return std::count_if(chunks.begin(), chunks.end(), [](const EstimatedChunk& chunk) {
    return !chunk.is_reference &&
           std::any_of(chunk.figures.begin(), chunk.figures.end(),
                       [](const EstimateFigure& figure) { return figure.alert; });
  });
}

Json PerformanceEstimate::ToJson() const {
  Json list = Json::MakeArray();
  for (const EstimatedChunk& chunk : chunks) {
    Json figures = Json::MakeObject();
    for (const EstimateFigure& figure : chunk.figures) {
      figures.Set(figure.name, Json::Of({{"estimated", OrNull(figure.estimated)},
                                         {"estimated_band", BandJson(figure, figure.estimated)},
                                         {"realised", OrNull(figure.realised)},
                                         {"realised_band", BandJson(figure, figure.realised)},
                                         {"sampling_error", OrNull(figure.sampling_error)},
                                         {"lower", figure.lower},
                                         {"upper", figure.upper},
                                         {"alert", figure.alert}}));
    }
    list.Append(Json::Of({{"chunk", chunk.key},
                          {"period", chunk.is_reference ? "reference" : "analysis"},
                          {"rows", chunk.rows},
                          {"figures", std::move(figures)}}));
  }
  return Json::Of({{"caveat", caveat},
                   {"calibrated", is_calibrated},
                   {"calibration_error_before", calibration_error_before},
                   {"calibration_error_after", calibration_error_after},
                   {"calibration_error_by_chance", calibration_error_by_chance},
                   {"alerts", alerts()},
                   {"chunks", std::move(list)}});
}

PerformanceEstimate EstimatePerformance(const ScoredRows& reference, const ScoredRows& analysis,
                                        const EstimateOptions& options) {
  if (reference.truth.size() < kEstimateRowsMin) {
    throw InvalidArgument("The reference needs at least {} rows with a truth, not {}",
                          kEstimateRowsMin, reference.truth.size());
  }
  RequireLabels(reference, "reference");
  RequireLabels(analysis, "analysis");
  Estimation estimation(reference, options);
  estimation.Add(reference, true);
  estimation.Add(analysis, false);
  return estimation.Result();
}

PerformanceEstimate EstimateClassPerformance(const ClassScoredRows& reference,
                                             const ClassScoredRows& analysis,
                                             const EstimateOptions& options) {
  const size_t classes = reference.probability.size();
  if (classes < 2 || classes > kClassesMax || analysis.probability.size() != classes) {
    throw InvalidArgument("Both sides need the same 2 to {} classes", kClassesMax);
  }
  if (reference.truth.size() < kEstimateRowsMin) {
    throw InvalidArgument("The reference needs at least {} rows with a truth, not {}",
                          kEstimateRowsMin, reference.truth.size());
  }
  RequireClasses(reference, classes, "reference");
  RequireClasses(analysis, classes, "analysis");
  ClassEstimation estimation(reference, options);
  estimation.Add(reference, true);
  estimation.Add(analysis, false);
  return std::move(estimation).Result();
}

}  // namespace millwright::drift
