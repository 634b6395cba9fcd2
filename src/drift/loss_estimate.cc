#include "drift/loss_estimate.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "drift/boosted_trees.h"
#include "drift/chunk.h"
#include "drift/sampling_error.h"
#include "statistics/linear_fit.h"
#include "statistics/sample.h"

namespace millwright::drift {
namespace {

constexpr size_t kLossFolds = 5;

// What is learnt of a row, and what is said of a chunk: the mean, or its root.
struct Loss {
  std::string_view name;
  std::string_view root;  // empty where only the mean is said
  double (*of)(double truth, double predicted);
};
double Square(double x) {
  return x * x;
}
constexpr std::array<Loss, 4> kLosses = {{
    {"mae", "", [](double y, double p) { return std::abs(y - p); }},
    {"mape", "",
     [](double y, double p) {
       return y == 0 ? std::numeric_limits<double>::quiet_NaN() : std::abs(y - p) / std::abs(y);
     }},
    {"mse", "rmse", [](double y, double p) { return Square(y - p); }},
    {"msle", "rmsle",
     [](double y, double p) {
       return y <= -1 || p <= -1 ? std::numeric_limits<double>::quiet_NaN()
                                 : Square(std::log1p(y) - std::log1p(p));
     }},
}};

double MeanOf(const std::vector<double>& values, const Chunk& chunk) {
  double sum = 0;
  for (size_t i = chunk.begin; i < chunk.end; ++i) sum += values[i];
  return sum / static_cast<double>(chunk.end - chunk.begin);
}

std::vector<double> LossesOf(const PredictedRows& rows, const Loss& loss) {
  std::vector<double> losses(rows.truth.size());
  for (size_t i = 0; i < losses.size(); ++i) losses[i] = loss.of(rows.truth[i], rows.predicted[i]);
  return losses;
}

// One loss as a plane over the features and the prediction.
class LossPlane {
 public:
  LossPlane(const PredictedRows& reference, const std::vector<double>& losses)
      : means_(reference.features.size()) {
    for (size_t i = 0; i < means_.size(); ++i) {
      double sum = 0, count = 0;
      for (const double value : reference.features[i]) {
        if (!std::isfinite(value)) continue;
        sum += value;
        ++count;
      }
      means_[i] = count > 0 ? sum / count : 0;
    }
    fit_ = statistics::FitLinear(Columns(reference), losses);
  }

  // Never below 0: no loss is.
  std::vector<double> At(const PredictedRows& rows) const {
    std::vector<double> losses = fit_.At(Columns(rows));
    for (double& loss : losses) loss = std::max(0.0, loss);
    return losses;
  }

 private:
  std::vector<std::vector<double>> Columns(const PredictedRows& rows) const {
    std::vector<std::vector<double>> columns = rows.features;
    for (size_t i = 0; i < columns.size(); ++i) {
      for (double& value : columns[i]) value = std::isfinite(value) ? value : means_[i];
    }
    columns.push_back(rows.predicted);
    return columns;
  }

  std::vector<double> means_;
  statistics::LinearFit fit_;
};

// What is learnt of one loss: of the reference's own rows, and of the analysis' ones.
struct LearntLoss {
  std::vector<double> reference, analysis;
};

LearntLoss LearnPlane(const PredictedRows& reference, const PredictedRows& analysis,
                      const std::vector<double>& losses) {
  const LossPlane plane(reference, losses);
  return {plane.At(reference), plane.At(analysis)};
}

// Features and prediction, row by row.
std::vector<float> Matrix(const PredictedRows& rows, const std::vector<size_t>& chosen) {
  std::vector<float> values;
  values.reserve(chosen.size() * (rows.features.size() + 1));
  for (size_t row : chosen) {
    for (const auto& column : rows.features) values.push_back(static_cast<float>(column[row]));
    values.push_back(static_cast<float>(rows.predicted[row]));
  }
  return values;
}

std::vector<size_t> AllRows(const PredictedRows& rows) {
  std::vector<size_t> all(rows.predicted.size());
  std::iota(all.begin(), all.end(), size_t{0});
  return all;
}

// Never below 0, as above.
std::vector<double> LossesAt(const BoostedTrees& trees, const PredictedRows& rows,
                             const std::vector<size_t>& chosen) {
  std::vector<double> losses = trees.At(Matrix(rows, chosen));
  for (double& loss : losses) loss = std::max(0.0, loss);
  return losses;
}

BoostedTrees LearnTrees(const PredictedRows& reference, const std::vector<double>& losses,
                        std::vector<size_t> rows, const EstimateOptions& options) {
  const size_t step = (rows.size() + kLossRowsMax - 1) / kLossRowsMax;
  std::vector<float> labels;
  for (size_t i = 0; i * step < rows.size(); ++i) rows[i] = rows[i * step];
  rows.resize((rows.size() + step - 1) / step);
  for (size_t row : rows) labels.push_back(static_cast<float>(losses[row]));
  return BoostedTrees(Matrix(reference, rows), reference.features.size() + 1, labels,
                      {.target = TreeTarget::kNumber, .seed = static_cast<int64_t>(options.seed)});
}

LearntLoss LearnTrees(const PredictedRows& reference, const PredictedRows& analysis,
                      const std::vector<double>& losses, const EstimateOptions& options) {
  LearntLoss learnt;
  learnt.reference.resize(losses.size());
  const std::vector<float> one_class(losses.size());
  const std::vector<size_t> fold = StratifiedFolds(one_class, kLossFolds, options.seed);
  for (size_t k = 0; k < kLossFolds; ++k) {
    std::vector<size_t> seen, unseen;
    for (size_t i = 0; i < fold.size(); ++i) (fold[i] == k ? unseen : seen).push_back(i);
    const std::vector<double> said =
        LossesAt(LearnTrees(reference, losses, std::move(seen), options), reference, unseen);
    for (size_t i = 0; i < unseen.size(); ++i) learnt.reference[unseen[i]] = said[i];
  }
  learnt.analysis = LossesAt(LearnTrees(reference, losses, AllRows(reference), options), analysis,
                             AllRows(analysis));
  return learnt;
}

class LossEstimation {
 public:
  LossEstimation(const PredictedRows& reference, const PredictedRows& analysis,
                 const EstimateOptions& options)
      : reference_chunks_(
            CutRows(reference.predicted.size(), reference.period, options.chunk_rows)),
        analysis_chunks_(CutRows(analysis.predicted.size(), analysis.period, options.chunk_rows)) {
    for (const Chunk& chunk : reference_chunks_) AddChunk(chunk, true);
    for (const Chunk& chunk : analysis_chunks_) AddChunk(chunk, false);
    for (const Loss& loss : kLosses) Add(reference, analysis, loss, options);
  }

  PerformanceEstimate Result() { return std::move(result_); }

 private:
  void AddChunk(const Chunk& chunk, bool is_reference) {
    EstimatedChunk& out = result_.chunks.emplace_back();
    out.key = chunk.key;
    out.is_reference = is_reference;
    out.rows = static_cast<int64_t>(chunk.end - chunk.begin);
  }

  void Add(const PredictedRows& reference, const PredictedRows& analysis, const Loss& loss,
           const EstimateOptions& options) {
    const std::vector<double> losses = LossesOf(reference, loss);
    const bool is_defined = std::all_of(losses.begin(), losses.end(),
                                        [](double value) { return std::isfinite(value); });
    if (!is_defined) return;
    const auto [learnt, estimated] = options.loss_learner == LossLearner::kLinear
                                         ? LearnPlane(reference, analysis, losses)
                                         : LearnTrees(reference, analysis, losses, options);
    const std::vector<double> known = LossesOf(analysis, loss);
    AddFigure(loss.name, Said::kMean, losses, learnt, estimated, known);
    if (!loss.root.empty()) {
      AddFigure(loss.root, Said::kRoot, losses, learnt, estimated, known);
    }
  }

  enum class Said { kMean, kRoot };

  void AddFigure(std::string_view name, Said said, const std::vector<double>& losses,
                 const std::vector<double>& learnt, const std::vector<double>& estimated,
                 const std::vector<double>& known) {
    const auto figure = [&](double mean) { return said == Said::kRoot ? std::sqrt(mean) : mean; };
    std::vector<double> seen;
    for (const Chunk& chunk : reference_chunks_) seen.push_back(figure(MeanOf(losses, chunk)));
    const RowVariance variance = VarianceOfMean(losses);
    const double mean = statistics::Mean(losses);
    const Bounds bounds = BoundsOf(seen);
    const double lower = std::max(0.0, bounds.lower), upper = bounds.upper;
    for (size_t i = 0; i < result_.chunks.size(); ++i) {
      const bool is_reference = i < reference_chunks_.size();
      const Chunk& chunk =
          is_reference ? reference_chunks_[i] : analysis_chunks_[i - reference_chunks_.size()];
      const double value = figure(MeanOf(is_reference ? learnt : estimated, chunk));
      EstimateFigure out{
          std::string(name), value, std::nullopt, lower, upper, value < lower || value > upper};
      const auto rows = static_cast<int64_t>(chunk.rows());
      out.sampling_error =
          said == Said::kRoot ? ErrorOfRoot(variance, mean, rows) : variance.ErrorOfMean(rows);
      out.most = std::numeric_limits<double>::infinity();
      if (is_reference) out.realised = seen[i];
      if (!is_reference && !known.empty()) out.realised = figure(MeanOf(known, chunk));
      result_.chunks[i].figures.push_back(std::move(out));
    }
  }

  const std::vector<Chunk> reference_chunks_, analysis_chunks_;
  PerformanceEstimate result_;
};

}  // namespace

PerformanceEstimate EstimateLoss(const PredictedRows& reference, const PredictedRows& analysis,
                                 const EstimateOptions& options) {
  if (reference.truth.size() < kEstimateRowsMin) {
    throw InvalidArgument("The reference needs at least {} rows with a truth, not {}",
                          kEstimateRowsMin, reference.truth.size());
  }
  if (reference.features.size() != analysis.features.size()) {
    throw InvalidArgument("The reference has {} features, the analysis {}",
                          reference.features.size(), analysis.features.size());
  }
  PerformanceEstimate estimate = LossEstimation(reference, analysis, options).Result();
  estimate.caveat = kLossCaveat;
  return estimate;
}

}  // namespace millwright::drift
