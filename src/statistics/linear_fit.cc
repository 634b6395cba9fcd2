// By the eigenvectors of the columns' correlations: columns are centred and scaled first, so that
// what is small beside rounding can be told from what is only measured in small units.
#include "statistics/linear_fit.h"

#include <cmath>

#include "base/error.h"
#include "statistics/symmetric_matrix.h"

namespace millwright::statistics {
namespace {

constexpr double kRankTolerance = 1e-12;

double MeanOf(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

}  // namespace

std::vector<double> LinearFit::At(const std::vector<std::vector<double>>& columns) const {
  std::vector<double> values(columns.empty() ? 0 : columns[0].size(), intercept);
  for (size_t c = 0; c < columns.size(); ++c) {
    for (size_t i = 0; i < values.size(); ++i) values[i] += slopes[c] * columns[c][i];
  }
  return values;
}

LinearFit FitLinear(const std::vector<std::vector<double>>& columns, const std::vector<double>& y) {
  const size_t count = columns.size(), rows = y.size();
  if (rows == 0) throw InvalidArgument("A fit needs a row");
  const double y_mean = MeanOf(y);
  std::vector<double> means, scales;
  std::vector<std::vector<double>> centred = columns;
  for (auto& column : centred) {
    if (column.size() != rows) throw InvalidArgument("The columns of a fit differ in length");
    const double mean = MeanOf(column);
    double squares = 0;
    for (double& value : column) {
      if (!std::isfinite(value)) throw InvalidArgument("A value of a fit is not finite");
      value -= mean;
      squares += value * value;
    }
    const double scale = squares > 0 ? std::sqrt(squares) : 1;
    for (double& value : column) value /= scale;
    means.push_back(mean);
    scales.push_back(scale);
  }
  std::vector<double> products(count * count), targets(count);
  for (size_t a = 0; a < count; ++a) {
    for (size_t i = 0; i < rows; ++i) targets[a] += centred[a][i] * (y[i] - y_mean);
    for (size_t b = 0; b <= a; ++b) {
      double product = 0;
      for (size_t i = 0; i < rows; ++i) product += centred[a][i] * centred[b][i];
      products[a * count + b] = products[b * count + a] = product;
    }
  }
  LinearFit fit{y_mean, std::vector<double>(count)};
  if (count == 0) return fit;
  const Eigensystem system = SymmetricEigensystem(products, count);
  for (size_t k = 0; k < count; ++k) {
    if (system.values[k] <= kRankTolerance * system.values[0]) continue;
    double share = 0;
    for (size_t c = 0; c < count; ++c) share += system.vectors[k][c] * targets[c];
    for (size_t c = 0; c < count; ++c) {
      fit.slopes[c] += system.vectors[k][c] * share / system.values[k];
    }
  }
  for (size_t c = 0; c < count; ++c) {
    fit.slopes[c] /= scales[c];
    fit.intercept -= fit.slopes[c] * means[c];
  }
  return fit;
}

}  // namespace millwright::statistics
