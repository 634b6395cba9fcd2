#include "metrics/clustering.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace millwright::metrics {
namespace {

size_t CountOf(Labels labels) {
  RequireLabels(labels, std::numeric_limits<int32_t>::max(), {});
  return static_cast<size_t>(*std::max_element(labels.begin(), labels.end())) + 1;
}

struct Table {
  Table(Labels classes, Labels clusters) : cells(Contingency(classes, clusters)) {
    rows.resize(cells.size());
    columns.resize(cells.front().size());
    for (size_t i = 0; i < cells.size(); ++i) {
      for (size_t j = 0; j < columns.size(); ++j) {
        rows[i] += static_cast<double>(cells[i][j]);
        columns[j] += static_cast<double>(cells[i][j]);
        total += static_cast<double>(cells[i][j]);
      }
    }
  }
  double At(size_t i, size_t j) const { return static_cast<double>(cells[i][j]); }

  std::vector<std::vector<int64_t>> cells;
  std::vector<double> rows;
  std::vector<double> columns;
  double total = 0;
};

double Entropy(const std::vector<double>& counts, double total) {
  double entropy = 0;
  for (const double count : counts) {
    if (count > 0) entropy -= count / total * std::log(count / total);
  }
  return entropy;
}

double MutualInformation(const Table& table) {
  double information = 0;
  for (size_t i = 0; i < table.rows.size(); ++i) {
    for (size_t j = 0; j < table.columns.size(); ++j) {
      const double cell = table.At(i, j);
      if (cell == 0) continue;
      information +=
          cell / table.total * std::log(cell * table.total / (table.rows[i] * table.columns[j]));
    }
  }
  return std::max(information, 0.0);
}

double LogFactorial(double n) {
  return std::lgamma(n + 1);
}

// What chance gives to clusters of these sizes (Vinh, Epps and Bailey 2010).
double ExpectedInformation(const Table& table) {
  const double n = table.total;
  double expected = 0;
  for (const double a : table.rows) {
    for (const double b : table.columns) {
      const double most = std::min(a, b);
      for (double cell = std::max(1.0, a + b - n); cell <= most; ++cell) {
        const double log_chance = LogFactorial(a) + LogFactorial(b) + LogFactorial(n - a) +
                                  LogFactorial(n - b) - LogFactorial(n) - LogFactorial(cell) -
                                  LogFactorial(a - cell) - LogFactorial(b - cell) -
                                  LogFactorial(n - a - b + cell);
        expected += cell / n * std::log(n * cell / (a * b)) * std::exp(log_chance);
      }
    }
  }
  return expected;
}

double SumOfSquares(const std::vector<double>& counts) {
  double sum = 0;
  for (const double count : counts) sum += count * count;
  return sum;
}

double SumOfSquaredCells(const Table& table) {
  double sum = 0;
  for (size_t i = 0; i < table.rows.size(); ++i) {
    for (size_t j = 0; j < table.columns.size(); ++j) sum += table.At(i, j) * table.At(i, j);
  }
  return sum;
}

std::span<const double> PointAt(const Points& points, size_t i) {
  return points.values.subspan(i * points.width, points.width);
}

double SquaredDistance(Numbers a, Numbers b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

double Distance(Numbers a, Numbers b) {
  return std::sqrt(SquaredDistance(a, b));
}

// The points' clusters, numbered without gaps, with their sizes and means.
struct Clusters {
  Clusters(const Points& points, Labels labels) {
    if (points.width == 0 || points.values.size() != labels.size() * points.width) {
      throw InvalidArgument("{} labels and {} numbers of points of {}", labels.size(),
                            points.values.size(), points.width);
    }
    std::vector<size_t> numbers(CountOf(labels), std::numeric_limits<size_t>::max());
    for (const int32_t label : labels) {
      size_t& number = numbers[static_cast<size_t>(label)];
      if (number == std::numeric_limits<size_t>::max()) {
        number = sizes.size();
        sizes.push_back(0);
      }
      of.push_back(number);
      ++sizes[number];
    }
    if (sizes.size() < 2 || sizes.size() >= labels.size()) {
      throw FailedPrecondition("{} points in {} clusters cannot be judged", labels.size(),
                               sizes.size());
    }
    means.assign(sizes.size(), std::vector<double>(points.width));
    for (size_t i = 0; i < of.size(); ++i) {
      const auto point = PointAt(points, i);
      for (size_t d = 0; d < points.width; ++d) means[of[i]][d] += point[d] / sizes[of[i]];
    }
  }

  std::vector<size_t> of;
  std::vector<double> sizes;
  std::vector<std::vector<double>> means;
};

}  // namespace

std::vector<std::vector<int64_t>> Contingency(Labels classes, Labels clusters) {
  if (classes.size() != clusters.size()) {
    throw InvalidArgument("{} classes and {} clusters", classes.size(), clusters.size());
  }
  std::vector<std::vector<int64_t>> cells(CountOf(classes),
                                          std::vector<int64_t>(CountOf(clusters)));
  for (size_t i = 0; i < classes.size(); ++i) {
    ++cells[static_cast<size_t>(classes[i])][static_cast<size_t>(clusters[i])];
  }
  return cells;
}

double AdjustedRand(Labels classes, Labels clusters) {
  const Table table(classes, clusters);
  const double together = SumOfSquaredCells(table);
  const double in_class = SumOfSquares(table.rows);
  const double in_cluster = SumOfSquares(table.columns);
  const double n = table.total;
  // Ordered pairs that both put together, one of them only, or neither.
  const double both = together - n;
  const double class_only = in_class - together;
  const double cluster_only = in_cluster - together;
  const double neither = n * n - class_only - cluster_only - together;
  if (class_only == 0 && cluster_only == 0) return 1;
  return 2 * (both * neither - class_only * cluster_only) /
         ((both + class_only) * (class_only + neither) +
          (both + cluster_only) * (cluster_only + neither));
}

double NormalizedMutualInformation(Labels classes, Labels clusters) {
  const Table table(classes, clusters);
  const double information = MutualInformation(table);
  const double mean = (Entropy(table.rows, table.total) + Entropy(table.columns, table.total)) / 2;
  return mean == 0 ? 1 : information / mean;
}

double AdjustedMutualInformation(Labels classes, Labels clusters) {
  const Table table(classes, clusters);
  const double mean = (Entropy(table.rows, table.total) + Entropy(table.columns, table.total)) / 2;
  if (mean == 0) return 1;
  const double expected = ExpectedInformation(table);
  return (MutualInformation(table) - expected) / (mean - expected);
}

double Homogeneity(Labels classes, Labels clusters) {
  const Table table(classes, clusters);
  const double entropy = Entropy(table.rows, table.total);
  return entropy == 0 ? 1 : MutualInformation(table) / entropy;
}

double Completeness(Labels classes, Labels clusters) {
  return Homogeneity(clusters, classes);
}

double FowlkesMallows(Labels classes, Labels clusters) {
  const Table table(classes, clusters);
  const double both = SumOfSquaredCells(table) - table.total;
  const double in_class = SumOfSquares(table.rows) - table.total;
  const double in_cluster = SumOfSquares(table.columns) - table.total;
  return both == 0 ? 0 : std::sqrt(both / in_class) * std::sqrt(both / in_cluster);
}

double Silhouette(const Points& points, Labels clusters) {
  const Clusters found(points, clusters);
  double sum = 0;
  std::vector<double> distances(found.sizes.size());
  for (size_t i = 0; i < found.of.size(); ++i) {
    std::fill(distances.begin(), distances.end(), 0);
    for (size_t j = 0; j < found.of.size(); ++j) {
      distances[found.of[j]] += Distance(PointAt(points, i), PointAt(points, j));
    }
    const size_t own = found.of[i];
    if (found.sizes[own] < 2) continue;
    double nearest = std::numeric_limits<double>::infinity();
    for (size_t c = 0; c < distances.size(); ++c) {
      if (c != own) nearest = std::min(nearest, distances[c] / found.sizes[c]);
    }
    const double within = distances[own] / (found.sizes[own] - 1);
    const double larger = std::max(within, nearest);
    if (larger > 0) sum += (nearest - within) / larger;
  }
  return sum / static_cast<double>(found.of.size());
}

double CalinskiHarabasz(const Points& points, Labels clusters) {
  const Clusters found(points, clusters);
  const auto n = static_cast<double>(found.of.size());
  const auto k = static_cast<double>(found.sizes.size());
  std::vector<double> middle(points.width);
  for (size_t i = 0; i < found.of.size(); ++i) {
    for (size_t d = 0; d < points.width; ++d) middle[d] += PointAt(points, i)[d] / n;
  }
  double between = 0;
  for (size_t c = 0; c < found.sizes.size(); ++c) {
    between += found.sizes[c] * SquaredDistance(found.means[c], middle);
  }
  double within = 0;
  for (size_t i = 0; i < found.of.size(); ++i) {
    within += SquaredDistance(PointAt(points, i), found.means[found.of[i]]);
  }
  return within == 0 ? 1 : between * (n - k) / (within * (k - 1));
}

double DaviesBouldin(const Points& points, Labels clusters) {
  const Clusters found(points, clusters);
  std::vector<double> spreads(found.sizes.size());
  for (size_t i = 0; i < found.of.size(); ++i) {
    const size_t c = found.of[i];
    spreads[c] += Distance(PointAt(points, i), found.means[c]) / found.sizes[c];
  }
  double sum = 0;
  for (size_t a = 0; a < spreads.size(); ++a) {
    double worst = 0;
    for (size_t b = 0; b < spreads.size(); ++b) {
      const double distance = Distance(found.means[a], found.means[b]);
      if (a != b && distance > 0) worst = std::max(worst, (spreads[a] + spreads[b]) / distance);
    }
    sum += worst;
  }
  return sum / static_cast<double>(spreads.size());
}

}  // namespace millwright::metrics
