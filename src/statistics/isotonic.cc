#include "statistics/isotonic.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"

namespace millwright::statistics {
namespace {

// Neighbouring values of x that share a value of y.
struct Block {
  double y = 0;
  double weight = 0;
  size_t first = 0, last = 0;  // places in the distinct values of x
};

}  // namespace

Isotonic::Isotonic(std::span<const double> x, std::span<const double> y) {
  if (x.empty() || x.size() != y.size())
    throw InvalidArgument("{} and {} values", x.size(), y.size());
  std::vector<size_t> order(x.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return x[a] < x[b]; });
  std::vector<double> distinct;
  std::vector<Block> blocks;
  for (size_t i = 0; i < order.size();) {
    Block block;
    const double value = x[order[i]];
    for (; i < order.size() && x[order[i]] == value; ++i) {
      if (!std::isfinite(value) || !std::isfinite(y[order[i]])) {
        throw InvalidArgument("Values must be finite");
      }
      block.y += y[order[i]];
      block.weight += 1;
    }
    block.y /= block.weight;
    block.first = block.last = distinct.size();
    distinct.push_back(value);
    blocks.push_back(block);
    while (blocks.size() > 1 && blocks[blocks.size() - 2].y >= blocks.back().y) {
      const Block later = blocks.back();
      blocks.pop_back();
      Block& earlier = blocks.back();
      earlier.y =
          (earlier.y * earlier.weight + later.y * later.weight) / (earlier.weight + later.weight);
      earlier.weight += later.weight;
      earlier.last = later.last;
    }
  }
  for (const Block& block : blocks) {
    x_.push_back(distinct[block.first]);
    y_.push_back(block.y);
    if (block.last == block.first) continue;
    x_.push_back(distinct[block.last]);
    y_.push_back(block.y);
  }
}

double Isotonic::At(double x) const {
  if (x <= x_.front()) return y_.front();
  if (x >= x_.back()) return y_.back();
  const auto above = static_cast<size_t>(std::upper_bound(x_.begin(), x_.end(), x) - x_.begin());
  const double share = (x - x_[above - 1]) / (x_[above] - x_[above - 1]);
  return y_[above - 1] + share * (y_[above] - y_[above - 1]);
}

}  // namespace millwright::statistics
