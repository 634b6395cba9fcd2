#include "drift/embedding_drift.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "drift/domain_classifier.h"
#include "statistics/distances.h"

namespace millwright::drift {
namespace {

constexpr double kChance = 0.05;
constexpr double kMeanFloor = 0.1;          // as DriftOptions::embedding_threshold
constexpr double kEvidentlyDistance = 0.2;  // its `distance`
constexpr double kEvidentlyComponent = 0.1, kEvidentlyRatio = 0.2;

double SquaredDistance(const double* a, const double* b, size_t dimensions) {
  double sum = 0;
  for (size_t i = 0; i < dimensions; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

// The kernel of every pair of points of both sides, the reference's first.
class Kernel {
 public:
  Kernel(const Points& reference, const Points& current)
      : first_(std::min(kKernelPointsMax, reference.count())),
        count_(first_ + std::min(kKernelPointsMax, current.count())),
        values_(count_ * count_) {
    // Evenly taken: rows that lie together may be alike.
    const auto point = [&](size_t i) {
      return i < first_ ? reference.At(i * reference.count() / first_)
                        : current.At((i - first_) * current.count() / (count_ - first_));
    };
    std::vector<double> squares;
    for (size_t i = 0; i < count_; ++i) {
      for (size_t j = 0; j < i; ++j) {
        const double square = SquaredDistance(point(i), point(j), reference.dimensions);
        values_[i * count_ + j] = square;
        squares.push_back(square);
      }
    }
    auto middle = squares.begin() + static_cast<ptrdiff_t>(squares.size() / 2);
    std::nth_element(squares.begin(), middle, squares.end());
    const double width = *middle > 0 ? *middle : 1;
    for (size_t i = 0; i < count_; ++i) {
      for (size_t j = 0; j < i; ++j) {
        double& value = values_[i * count_ + j];
        value = std::exp(-value / (2 * width));
      }
    }
  }

  size_t first() const { return first_; }
  size_t count() const { return count_; }

  // The unbiased squared discrepancy where a point is of the first side if it says so.
  double Discrepancy(const std::vector<char>& is_first) const {
    double both_first = 0, both_second = 0, mixed = 0;
    for (size_t i = 0; i < count_; ++i) {
      for (size_t j = 0; j < i; ++j) {
        const double value = values_[i * count_ + j];
        if (is_first[i] != is_first[j]) {
          mixed += value;
        } else {
          (is_first[i] ? both_first : both_second) += value;
        }
      }
    }
    const auto m = static_cast<double>(first_), n = static_cast<double>(count_ - first_);
    return 2 * both_first / (m * (m - 1)) + 2 * both_second / (n * (n - 1)) - 2 * mixed / (m * n);
  }

 private:
  size_t first_, count_;
  std::vector<double> values_;  // below the diagonal
};

EmbeddingMethod ByKernel(const Points& reference, const Points& current,
                         const EmbeddingOptions& options) {
  const Kernel kernel(reference, current);
  std::vector<char> sides(kernel.count());
  std::fill_n(sides.begin(), kernel.first(), 1);
  EmbeddingMethod method{.name = "mmd"};
  method.score = kernel.Discrepancy(sides);
  method.threshold = kChance;
  std::mt19937_64 random(options.seed);
  int as_far = 0;
  for (int round = 0; round < options.permutations; ++round) {
    for (size_t i = sides.size(); i > 1; --i) std::swap(sides[i - 1], sides[random() % i]);
    as_far += kernel.Discrepancy(sides) >= *method.score;
  }
  method.p_value = (1.0 + as_far) / (1.0 + options.permutations);
  method.drifted = *method.p_value < kChance;
  method.note = fmt::format("{} permutations of {} points", options.permutations, kernel.count());
  return method;
}

std::vector<double> Component(const Points& points, size_t c) {
  std::vector<double> values;
  for (size_t i = 0; i < points.count(); ++i) values.push_back(points.At(i)[c]);
  return values;
}

EmbeddingMethod ByComponents(const Points& reference, const Points& current) {
  double drifted = 0;
  for (size_t c = 0; c < reference.dimensions; ++c) {
    drifted += statistics::WassersteinNormed(Component(reference, c), Component(current, c)) >=
               kEvidentlyComponent;
  }
  EmbeddingMethod method{.name = "components"};
  method.score = drifted / static_cast<double>(reference.dimensions);
  method.threshold = kEvidentlyRatio;
  method.drifted = *method.score >= method.threshold;
  return method;
}

EmbeddingMethod ByClassifier(const Points& reference, const Points& current,
                             const EmbeddingOptions& options) {
  PairedColumns columns;
  columns.reference_rows = reference.count();
  columns.current_rows = current.count();
  for (size_t c = 0; c < reference.dimensions; ++c) {
    PairedColumn& column = columns.columns.emplace_back();
    column.name = std::to_string(c);
    column.reference = Component(reference, c);
    column.current = Component(current, c);
  }
  const DomainVerdict verdict =
      TellApart(columns, {.rows_min = options.points_min, .seed = options.seed});
  EmbeddingMethod method{.name = "classifier", .status = verdict.status, .score = verdict.area};
  method.threshold = verdict.floor;
  method.drifted = verdict.drifted;
  method.note = verdict.area ? fmt::format("from {:.3f} to {:.3f}", verdict.lower, verdict.upper)
                             : verdict.note;
  return method;
}

void AddDistances(const Points& reference, const Points& current, EmbeddingDrift* drift) {
  const EmbeddingSummary summary = SummaryOf(reference);
  const MeanShift shift =
      ShiftOf(summary, SummaryOf(current).mean, static_cast<int64_t>(current.count()));
  EmbeddingMethod relative{.name = "mean_distance", .score = shift.relative};
  relative.threshold = kMeanFloor;
  relative.p_value = shift.p_value;
  relative.drifted = shift.relative >= kMeanFloor && shift.p_value < kChance;
  drift->methods.push_back(std::move(relative));
  const auto add = [&](const char* name, double score) {
    EmbeddingMethod method{.name = name, .score = score};
    method.threshold = kEvidentlyDistance;
    method.drifted = score >= kEvidentlyDistance;
    drift->methods.push_back(std::move(method));
  };
  add("euclidean", shift.distance);
  add("cosine", shift.cosine_distance);
}

}  // namespace

const EmbeddingMethod* EmbeddingDrift::Find(std::string_view name) const {
  for (const EmbeddingMethod& method : methods) {
    if (method.name == name) return &method;
  }
  return nullptr;
}

Json EmbeddingDrift::ToJson() const {
  Json list = Json::MakeArray();
  for (const EmbeddingMethod& method : methods) {
    list.Append(Json::Of({{"method", method.name},
                          {"status", DriftStatusName(method.status)},
                          {"score", method.score ? Json(*method.score) : Json()},
                          {"threshold", method.threshold},
                          {"p_value", method.p_value ? Json(*method.p_value) : Json()},
                          {"drifted", method.drifted},
                          {"note", method.note}}));
  }
  return Json::Of({{"dimensions", dimensions},
                   {"reference_points", reference_points},
                   {"current_points", current_points},
                   {"methods", std::move(list)}});
}

EmbeddingDrift CompareEmbeddings(const Points& reference, const Points& current,
                                 const EmbeddingOptions& options) {
  EmbeddingDrift drift;
  drift.dimensions = reference.dimensions;
  drift.reference_points = static_cast<int64_t>(reference.count());
  drift.current_points = static_cast<int64_t>(current.count());
  if (std::min(drift.reference_points, drift.current_points) < options.points_min) {
    for (const char* name :
         {"mean_distance", "euclidean", "cosine", "mmd", "components", "classifier"}) {
      drift.methods.push_back(
          {.name = name,
           .status = DriftStatus::kNotEnoughData,
           .note = fmt::format("{} points against {}, at least {} of each are needed",
                               drift.current_points, drift.reference_points, options.points_min)});
    }
    return drift;
  }
  AddDistances(reference, current, &drift);
  drift.methods.push_back(ByKernel(reference, current, options));
  drift.methods.push_back(ByComponents(reference, current));
  drift.methods.push_back(ByClassifier(reference, current, options));
  return drift;
}

}  // namespace millwright::drift
