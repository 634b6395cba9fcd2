#include "quality/association.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace millwright::quality {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

double EntropyOf(const std::vector<double>& counts, double total) {
  double entropy = 0;
  for (const double count : counts) {
    if (count > 0) entropy -= count / total * std::log(count / total);
  }
  return entropy;
}

// A contingency table as rows and columns of numbers.
struct Matrix {
  size_t rows = 0, columns = 0;
  std::vector<double> cells, row_sums, column_sums;
  double total = 0;
};

Matrix MatrixOf(const ContingencyTable& table) {
  std::map<std::string_view, size_t> rows, columns;
  for (const auto& [pair, count] : table.counts) {
    rows.emplace(pair.first, rows.size());
    columns.emplace(pair.second, columns.size());
  }
  Matrix matrix{.rows = rows.size(), .columns = columns.size()};
  matrix.cells.resize(matrix.rows * matrix.columns);
  matrix.row_sums.resize(matrix.rows);
  matrix.column_sums.resize(matrix.columns);
  for (const auto& [pair, count] : table.counts) {
    const size_t r = rows.at(pair.first), c = columns.at(pair.second);
    const auto n = static_cast<double>(count);
    matrix.cells[r * matrix.columns + c] = n;
    matrix.row_sums[r] += n;
    matrix.column_sums[c] += n;
    matrix.total += n;
  }
  return matrix;
}

double ChiSquareOf(const Matrix& matrix) {
  double chi_square = 0;
  for (size_t r = 0; r < matrix.rows; ++r) {
    for (size_t c = 0; c < matrix.columns; ++c) {
      const double expected = matrix.row_sums[r] * matrix.column_sums[c] / matrix.total;
      const double difference = matrix.cells[r * matrix.columns + c] - expected;
      chi_square += difference * difference / expected;
    }
  }
  return chi_square;
}

struct Pairs {
  std::vector<double> a, b;
};

Pairs Complete(const std::vector<double>& a, const std::vector<double>& b) {
  Pairs pairs;
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(a[i]) || std::isnan(b[i])) continue;
    pairs.a.push_back(a[i]);
    pairs.b.push_back(b[i]);
  }
  return pairs;
}

double PearsonOf(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() < 2) return kNone;
  const auto n = static_cast<double>(a.size());
  const double mean_a = std::accumulate(a.begin(), a.end(), 0.0) / n;
  const double mean_b = std::accumulate(b.begin(), b.end(), 0.0) / n;
  PairMoments moments;
  for (size_t i = 0; i < a.size(); ++i) {
    const double x = a[i] - mean_a, y = b[i] - mean_b;
    moments.square_a += x * x;
    moments.square_b += y * y;
    moments.product += x * y;
  }
  moments.count = static_cast<int64_t>(a.size());
  return moments.Pearson();
}

// Pairs of equal values, of runs in a sorted list.
template <typename Same>
double TiedPairs(size_t size, const Same& same) {
  double pairs = 0;
  for (size_t i = 0; i < size;) {
    size_t end = i + 1;
    while (end < size && same(i, end)) ++end;
    const auto run = static_cast<double>(end - i);
    pairs += run * (run - 1) / 2;
    i = end;
  }
  return pairs;
}

// Sorts and counts the exchanges that a bubble sort would make.
double SortCountingSwaps(std::vector<double>* values) {
  std::vector<double> other(values->size());
  double swaps = 0;
  for (size_t width = 1; width < values->size(); width *= 2) {
    for (size_t start = 0; start < values->size(); start += 2 * width) {
      const size_t middle = std::min(start + width, values->size());
      const size_t end = std::min(start + 2 * width, values->size());
      size_t i = start, j = middle;
      for (size_t k = start; k < end; ++k) {
        if (i < middle && (j == end || (*values)[i] <= (*values)[j])) {
          other[k] = (*values)[i++];
        } else {
          swaps += static_cast<double>(middle - i);
          other[k] = (*values)[j++];
        }
      }
    }
    values->swap(other);
  }
  return swaps;
}

}  // namespace

void PairMoments::Add(const PairMoments& other) {
  if (other.count == 0) return;
  if (count == 0) {
    *this = other;
    return;
  }
  const auto a = static_cast<double>(count), b = static_cast<double>(other.count);
  const double delta_a = other.mean_a - mean_a, delta_b = other.mean_b - mean_b;
  const double weight = a * b / (a + b);
  square_a += other.square_a + delta_a * delta_a * weight;
  square_b += other.square_b + delta_b * delta_b * weight;
  product += other.product + delta_a * delta_b * weight;
  mean_a += delta_a * b / (a + b);
  mean_b += delta_b * b / (a + b);
  count += other.count;
}

double PairMoments::Pearson() const {
  const double spread = std::sqrt(square_a) * std::sqrt(square_b);
  return count < 2 || spread == 0 ? kNone : std::clamp(product / spread, -1.0, 1.0);
}

void ContingencyTable::Add(const ContingencyTable& other) {
  for (const auto& [pair, count] : other.counts) counts[pair] += count;
}

CategoryAssociation AssociationOf(const ContingencyTable& table) {
  const Matrix matrix = MatrixOf(table);
  CategoryAssociation found{.count = static_cast<int64_t>(matrix.total)};
  const double n = matrix.total;
  const auto r = static_cast<double>(matrix.rows), k = static_cast<double>(matrix.columns);
  if (matrix.rows < 2 || matrix.columns < 2) {
    found.cramers_v = found.cramers_v_corrected = kNone;
    found.uncertainty_a_given_b = found.uncertainty_b_given_a = found.mutual_information = kNone;
    return found;
  }
  const double phi_square = ChiSquareOf(matrix) / n;
  found.cramers_v = std::sqrt(phi_square / std::min(r - 1, k - 1));
  const double phi_corrected = std::max(0.0, phi_square - (k - 1) * (r - 1) / (n - 1));
  const double r_corrected = r - (r - 1) * (r - 1) / (n - 1);
  const double k_corrected = k - (k - 1) * (k - 1) / (n - 1);
  const double least = std::min(r_corrected - 1, k_corrected - 1);
  found.cramers_v_corrected = least > 0 ? std::sqrt(phi_corrected / least) : 0;
  const double entropy_a = EntropyOf(matrix.row_sums, n);
  const double entropy_b = EntropyOf(matrix.column_sums, n);
  const double information = entropy_a + entropy_b - EntropyOf(matrix.cells, n);
  found.mutual_information = std::max(0.0, information);
  found.uncertainty_a_given_b = information / entropy_a;
  found.uncertainty_b_given_a = information / entropy_b;
  return found;
}

void GroupMoments::Add(const GroupMoments& other) {
  if (other.count == 0) return;
  if (count == 0) {
    *this = other;
    return;
  }
  const auto a = static_cast<double>(count), b = static_cast<double>(other.count);
  const double delta = other.mean - mean;
  square += other.square + delta * delta * a * b / (a + b);
  mean += delta * b / (a + b);
  count += other.count;
}

double CorrelationRatio(const std::vector<GroupMoments>& groups) {
  GroupMoments whole;
  double within = 0;
  for (const GroupMoments& group : groups) {
    whole.Add(group);
    within += group.square;
  }
  if (whole.square <= 0) return kNone;
  double between = 0;
  for (const GroupMoments& group : groups) {
    const double distance = group.mean - whole.mean;
    between += distance * distance * static_cast<double>(group.count);
  }
  return std::sqrt(std::min(1.0, between / (between + within)));
}

RankedColumn::RankedColumn(std::vector<double> values) : values_(std::move(values)) {
  for (size_t i = 0; i < values_.size(); ++i) {
    if (!std::isnan(values_[i])) order_.push_back(static_cast<uint32_t>(i));
  }
  std::sort(order_.begin(), order_.end(),
            [&](uint32_t i, uint32_t j) { return values_[i] < values_[j]; });
  const auto is_new = [&](size_t i) {
    return i > 0 && values_[order_[i]] != values_[order_[i - 1]];
  };
  size_t distinct = order_.empty() ? 0 : 1;
  for (size_t i = 0; i < order_.size(); ++i) distinct += is_new(i) ? 1 : 0;
  bins_.assign(values_.size(), 0);
  size_t bin = 0;
  for (size_t i = 0; i < order_.size(); ++i) {
    const bool is_due =
        distinct <= kInformationBins || i * kInformationBins >= (bin + 1) * order_.size();
    if (is_new(i) && is_due) ++bin;
    bins_[order_[i]] = static_cast<uint8_t>(bin);
  }
  ranks_ = RanksWhere(*this);
}

// Ranks among the rows in which `other` has a value too.
std::vector<double> RankedColumn::RanksWhere(const RankedColumn& other) const {
  std::vector<uint32_t> rows;
  rows.reserve(order_.size());
  for (const uint32_t row : order_) {
    if (!std::isnan(other.values_[row])) rows.push_back(row);
  }
  std::vector<double> ranks(values_.size(), kNone);
  for (size_t i = 0; i < rows.size();) {
    size_t end = i + 1;
    while (end < rows.size() && values_[rows[end]] == values_[rows[i]]) ++end;
    for (size_t j = i; j < end; ++j) ranks[rows[j]] = static_cast<double>(i + end - 1) / 2 + 1;
    i = end;
  }
  return ranks;
}

double Spearman(const RankedColumn& a, const RankedColumn& b) {
  if (!a.has_missing() && !b.has_missing()) return PearsonOf(a.ranks_, b.ranks_);
  const Pairs pairs = Complete(a.RanksWhere(b), b.RanksWhere(a));
  return PearsonOf(pairs.a, pairs.b);
}

// Knight's way: in the order of a, what b's order would take to be sorted are the discordant pairs.
double KendallTauB(const RankedColumn& a, const RankedColumn& b) {
  const Pairs pairs = Complete(a.values(), b.values());
  const size_t n = pairs.a.size();
  if (n < 2) return kNone;
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t i, size_t j) {
    return pairs.a[i] != pairs.a[j] ? pairs.a[i] < pairs.a[j] : pairs.b[i] < pairs.b[j];
  });
  std::vector<double> sorted;
  for (const size_t i : order) sorted.push_back(pairs.b[i]);
  const auto same_a = [&](size_t i, size_t j) { return pairs.a[order[i]] == pairs.a[order[j]]; };
  const double tied_a = TiedPairs(n, same_a);
  const double tied_both = TiedPairs(n, [&](size_t i, size_t j) {
    return same_a(i, j) && pairs.b[order[i]] == pairs.b[order[j]];
  });
  const double discordant = SortCountingSwaps(&sorted);
  const double tied_b = TiedPairs(n, [&](size_t i, size_t j) { return sorted[i] == sorted[j]; });
  const double all = static_cast<double>(n) * static_cast<double>(n - 1) / 2;
  const double difference = all - tied_a - tied_b + tied_both - 2 * discordant;
  const double spread = std::sqrt(all - tied_a) * std::sqrt(all - tied_b);
  return spread == 0 ? kNone : std::clamp(difference / spread, -1.0, 1.0);
}

double MutualInformation(const RankedColumn& a, const RankedColumn& b) {
  std::vector<double> cells(kInformationBins * kInformationBins);
  std::vector<double> rows(kInformationBins), columns(kInformationBins);
  double n = 0;
  for (size_t i = 0; i < a.values_.size(); ++i) {
    if (std::isnan(a.values_[i]) || std::isnan(b.values_[i])) continue;
    ++cells[a.bins_[i] * kInformationBins + b.bins_[i]];
    ++rows[a.bins_[i]];
    ++columns[b.bins_[i]];
    ++n;
  }
  if (n == 0) return kNone;
  const auto filled = [](const std::vector<double>& counts) {
    return static_cast<double>(
        std::count_if(counts.begin(), counts.end(), [](double count) { return count > 0; }));
  };
  const double information = EntropyOf(rows, n) + EntropyOf(columns, n) - EntropyOf(cells, n);
  const double bias = (filled(cells) - filled(rows) - filled(columns) + 1) / (2 * n);
  return std::max(0.0, information - bias);
}

}  // namespace millwright::quality
