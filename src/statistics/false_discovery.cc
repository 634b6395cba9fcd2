#include "statistics/false_discovery.h"

#include <algorithm>
#include <numeric>

namespace millwright::statistics {

std::vector<double> AdjustForFalseDiscovery(std::span<const double> p_values) {
  std::vector<size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> adjusted(p_values.size());
  double smallest = 1;
  for (size_t rank = order.size(); rank > 0; --rank) {
    const double scale = static_cast<double>(order.size()) / static_cast<double>(rank);
    smallest = std::min(smallest, p_values[order[rank - 1]] * scale);
    adjusted[order[rank - 1]] = smallest;
  }
  return adjusted;
}

}  // namespace millwright::statistics
