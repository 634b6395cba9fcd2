#include "metrics/correlation.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace millwright::metrics {
namespace {

std::vector<uint32_t> OrderOf(Numbers numbers) {
  std::vector<uint32_t> order(numbers.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return numbers[a] < numbers[b]; });
  return order;
}

double Mean(Numbers numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), 0.0) / static_cast<double>(numbers.size());
}

// Sorts by merging and counts the pairs that stood in the wrong order.
double SortAndCountSwaps(std::vector<double>* numbers, std::vector<double>* spare, size_t begin,
                         size_t end) {
  if (end - begin < 2) return 0;
  const size_t middle = begin + (end - begin) / 2;
  double swaps = SortAndCountSwaps(numbers, spare, begin, middle) +
                 SortAndCountSwaps(numbers, spare, middle, end);
  size_t left = begin;
  size_t right = middle;
  for (size_t out = begin; out < end; ++out) {
    const bool take_right = left == middle || (right < end && (*numbers)[right] < (*numbers)[left]);
    if (take_right) swaps += static_cast<double>(middle - left);
    (*spare)[out] = take_right ? (*numbers)[right++] : (*numbers)[left++];
  }
  std::copy(spare->begin() + static_cast<std::ptrdiff_t>(begin),
            spare->begin() + static_cast<std::ptrdiff_t>(end),
            numbers->begin() + static_cast<std::ptrdiff_t>(begin));
  return swaps;
}

// The pairs among runs of equal elements; `same(i)` says that i is equal to i - 1.
template <typename F>
double TiedPairs(size_t size, F&& same) {
  double pairs = 0;
  double run = 0;
  for (size_t i = 1; i < size; ++i) {
    run = same(i) ? run + 1 : 0;
    pairs += run;
  }
  return pairs;
}

}  // namespace

double PearsonCorrelation(Numbers a, Numbers b) {
  RequireNumbers(a, b, {});
  const double mean_a = Mean(a);
  const double mean_b = Mean(b);
  double both = 0;
  double square_a = 0;
  double square_b = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    both += (a[i] - mean_a) * (b[i] - mean_b);
    square_a += (a[i] - mean_a) * (a[i] - mean_a);
    square_b += (b[i] - mean_b) * (b[i] - mean_b);
  }
  return std::clamp(both / std::sqrt(square_a) / std::sqrt(square_b), -1.0, 1.0);
}

std::vector<double> RanksOf(Numbers numbers) {
  const std::vector<uint32_t> order = OrderOf(numbers);
  std::vector<double> ranks(numbers.size());
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin + 1;
    while (end < order.size() && numbers[order[end]] == numbers[order[begin]]) ++end;
    // The mean of begin + 1 … end.
    const double rank = static_cast<double>(begin + end + 1) / 2;
    for (; begin < end; ++begin) ranks[order[begin]] = rank;
  }
  return ranks;
}

double SpearmanCorrelation(Numbers a, Numbers b) {
  RequireNumbers(a, b, {});
  return PearsonCorrelation(RanksOf(a), RanksOf(b));
}

double KendallCorrelation(Numbers a, Numbers b) {
  RequireNumbers(a, b, {});
  std::vector<uint32_t> order(a.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(),
            [&](uint32_t i, uint32_t j) { return a[i] != a[j] ? a[i] < a[j] : b[i] < b[j]; });
  const auto same_a = [&](size_t i) { return a[order[i]] == a[order[i - 1]]; };
  const auto same_b = [&](size_t i) { return b[order[i]] == b[order[i - 1]]; };
  const double ties_a = TiedPairs(a.size(), same_a);
  const double ties_both = TiedPairs(a.size(), [&](size_t i) { return same_a(i) && same_b(i); });
  std::vector<double> sorted;
  sorted.reserve(b.size());
  for (const uint32_t i : order) sorted.push_back(b[i]);
  std::vector<double> spare(b.size());
  const double swaps = SortAndCountSwaps(&sorted, &spare, 0, sorted.size());
  const double ties_b = TiedPairs(b.size(), [&](size_t i) { return sorted[i] == sorted[i - 1]; });
  const auto n = static_cast<double>(a.size());
  const double pairs = n * (n - 1) / 2;
  const double concordance = pairs - ties_a - ties_b + ties_both - 2 * swaps;
  return std::clamp(concordance / std::sqrt(pairs - ties_a) / std::sqrt(pairs - ties_b), -1.0, 1.0);
}

}  // namespace millwright::metrics
