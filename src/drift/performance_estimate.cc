#include "drift/performance_estimate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <numeric>

#include "base/error.h"
#include "metrics/binary.h"
#include "statistics/isotonic.h"
#include "statistics/sample.h"

namespace millwright::drift {
namespace {

constexpr size_t kFolds = 10;
constexpr size_t kCalibrationBins = 10;
constexpr double kDeviations = 3;
constexpr double kChanceErrors = 2;

constexpr std::array<std::string_view, 11> kFigures = {"roc_auc",           "f1",
                                                       "precision",         "recall",
                                                       "specificity",       "accuracy",
                                                       "average_precision", "true_positive",
                                                       "true_negative",     "false_positive",
                                                       "false_negative"};
constexpr size_t kFirstCount = 7;  // from here on figures are numbers of rows
constexpr size_t kRocAuc = 0, kAveragePrecision = 6;
using Values = std::array<std::optional<double>, kFigures.size()>;

struct Chunk {
  std::string key;
  size_t begin = 0, end = 0;
};

std::vector<Chunk> Cut(const ScoredRows& rows, const EstimateOptions& options) {
  std::vector<Chunk> chunks;
  const size_t count = rows.probability.size();
  for (size_t begin = 0; begin < count;) {
    size_t end = begin + 1;
    if (rows.period.empty()) {
      end = std::min(count, begin + static_cast<size_t>(options.chunk_rows));
      chunks.push_back({fmt::format("[{}:{}]", begin, end - 1), begin, end});
    } else {
      while (end < count && rows.period[end] == rows.period[begin]) ++end;
      chunks.push_back({rows.period[begin], begin, end});
    }
    begin = end;
  }
  return chunks;
}

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

class Estimation {
 public:
  Estimation(const ScoredRows& reference, const EstimateOptions& options) : options_(options) {
    Calibrate(reference);
    SetBounds(reference);
  }

  void Add(const ScoredRows& rows, bool is_reference) {
    std::vector<double> chances = rows.probability;
    if (curve_) {
      for (double& chance : chances) chance = curve_->At(chance);
    }
    for (const Chunk& chunk : Cut(rows, options_)) {
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
  void Calibrate(const ScoredRows& reference) {
    const std::vector<double> calibrated = CrossCalibrated(reference);
    result_.calibration_error_before = CalibrationError(reference.truth, reference.probability);
    result_.calibration_error_after = CalibrationError(reference.truth, calibrated);
    result_.calibration_error_by_chance = ChanceCalibrationError(reference.probability);
    result_.is_calibrated =
        metrics::HasBothClasses(reference.truth) &&
        result_.calibration_error_before > kChanceErrors * result_.calibration_error_by_chance &&
        result_.calibration_error_after < result_.calibration_error_before;
    if (result_.is_calibrated) curve_.emplace(reference.probability, reference.truth);
  }

  void SetBounds(const ScoredRows& reference) {
    std::array<std::vector<double>, kFigures.size()> seen;
    for (const Chunk& chunk : Cut(reference, options_)) {
      const Values values =
          Realised(Part(reference.truth, chunk), Part(reference.probability, chunk),
                   Part(reference.predicted, chunk));
      for (size_t i = 0; i < values.size(); ++i) {
        if (values[i]) seen[i].push_back(*values[i]);
      }
    }
    for (size_t i = 0; i < seen.size(); ++i) {
      if (seen[i].empty()) continue;
      const double mean = statistics::Mean(seen[i]);
      const double spread = kDeviations * statistics::StandardDeviation(seen[i]);
      lower_[i] = std::max(0.0, mean - spread);
      upper_[i] = i < kFirstCount ? std::min(1.0, mean + spread) : mean + spread;
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
      out.figures.push_back(std::move(figure));
    }
  }

  const EstimateOptions& options_;
  std::optional<statistics::Isotonic> curve_;
  std::array<double, kFigures.size()> lower_ = {}, upper_ = {};
  PerformanceEstimate result_;
};

Json OrNull(const std::optional<double>& value) {
  return value ? Json(*value) : Json();
}

}  // namespace

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
                                         {"realised", OrNull(figure.realised)},
                                         {"lower", figure.lower},
                                         {"upper", figure.upper},
                                         {"alert", figure.alert}}));
    }
    list.Append(Json::Of({{"chunk", chunk.key},
                          {"period", chunk.is_reference ? "reference" : "analysis"},
                          {"rows", chunk.rows},
                          {"figures", std::move(figures)}}));
  }
  return Json::Of({{"caveat", kEstimateCaveat},
                   {"calibrated", is_calibrated},
                   {"calibration_error_before", calibration_error_before},
                   {"calibration_error_after", calibration_error_after},
                   {"calibration_error_by_chance", calibration_error_by_chance},
                   {"alerts", alerts()},
                   {"chunks", std::move(list)}});
}

PerformanceEstimate EstimatePerformance(const ScoredRows& reference, const ScoredRows& analysis,
                                        const EstimateOptions& options) {
  if (options.chunk_rows < 1) throw InvalidArgument("A chunk needs a row");
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

}  // namespace millwright::drift
