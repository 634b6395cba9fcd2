#include "drift/edge_counts.h"

#include <limits>

namespace millwright::drift {
namespace {

constexpr double kLargest = std::numeric_limits<double>::max();

// Sums of comparisons have no branch that goes with the data, and compilers do two at a time.
template <typename F>
int64_t Count(const double* values, size_t rows, F&& holds) {
  int64_t count = 0;
  for (size_t i = 0; i < rows; ++i) count += holds(values[i]) ? 1 : 0;
  return count;
}

}  // namespace

EdgeCounts::EdgeCounts(std::vector<double> edges)
    : edges_(std::move(edges)), above_(edges_.size()) {}

void EdgeCounts::Add(const analytics::NumberSpan& span, size_t rows) {
  const double* values = span.reals;
  if (span.validity != nullptr) {
    present_.clear();
    for (size_t row = 0; row < rows; ++row) {
      if (span.Has(row)) present_.push_back(values[row]);
    }
    missing_ += static_cast<int64_t>(rows - present_.size());
    values = present_.data();
    rows = present_.size();
  }
  missing_ += Count(values, rows, [](double v) { return v != v; });
  finite_ += Count(values, rows, [](double v) { return v >= -kLargest && v <= kLargest; });
  infinite_ += Count(values, rows, [](double v) { return v > kLargest; });
  const double first = edges_.front();
  above_.front() += Count(values, rows, [first](double v) { return v >= first; });
  for (size_t i = 1; i < edges_.size(); ++i) {
    const double edge = edges_[i];
    above_[i] += Count(values, rows, [edge](double v) { return v > edge; });
  }
}

std::vector<int64_t> EdgeCounts::Bins() const {
  std::vector<int64_t> bins = {finite_ - (above_.front() - infinite_)};
  for (size_t i = 1; i < above_.size(); ++i) bins.push_back(above_[i - 1] - above_[i]);
  bins.push_back(above_.back() - infinite_);
  bins.push_back(missing_);
  return bins;
}

}  // namespace millwright::drift
