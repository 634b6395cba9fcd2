#include "drift/boosted_trees.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <string>

namespace millwright::drift {
namespace {

using inference::Booster;
using inference::BoosterData;

// A leaf's weight is the sum of its rows' second derivatives: 1 each of squared errors, at most a
// quarter each of chances.
constexpr double kChanceWeight = 0.25;

// Threads that wait for one another at every leaf cost more than they save on fewer numbers, most
// of all on a machine with other work.
constexpr size_t kNumbersForThreads = 1'000'000;
constexpr int kThreads = 2;

std::vector<std::pair<std::string, std::string>> Parameters(const TreeOptions& options,
                                                            int threads) {
  const bool is_chance = options.target == TreeTarget::kChance;
  const double weight = options.leaf_rows_min * (is_chance ? kChanceWeight : 1);
  return {{"objective", is_chance ? "binary:logistic" : "reg:squarederror"},
          {"tree_method", "hist"},
          {"grow_policy", "lossguide"},
          {"max_depth", "0"},
          {"max_leaves", std::to_string(options.leaves_max)},
          {"eta", fmt::format("{}", options.rate)},
          {"min_child_weight", fmt::format("{}", weight)},
          {"seed", std::to_string(options.seed)},
          {"nthread", std::to_string(threads)}};
}

Booster Train(std::span<const float> values, size_t columns, std::span<const float> labels,
              const TreeOptions& options) {
  const int threads = values.size() < kNumbersForThreads ? 1 : kThreads;
  const BoosterData data(values, columns, labels, threads);
  const BoosterData* const tables[] = {&data};
  Booster booster(Parameters(options, threads), tables);
  for (int round = 0; round < options.rounds; ++round) booster.Update(round, data);
  return booster;
}

}  // namespace

BoostedTrees::BoostedTrees(std::span<const float> values, size_t columns,
                           std::span<const float> labels, const TreeOptions& options)
    : columns_(columns), booster_(Train(values, columns, labels, options)) {}

std::vector<double> BoostedTrees::At(std::span<const float> values) const {
  std::vector<float> out;
  booster_.PredictDense(values, columns_, &out);
  return {out.begin(), out.end()};
}

std::vector<double> BoostedTrees::GainShares() const {
  std::vector<double> shares(columns_);
  double total = 0;
  for (const auto& [name, gain] : booster_.GainByFeature(Booster::Gain::kTotal)) {
    const size_t column = std::stoul(name.substr(1));  // "f3"
    shares[column] = gain;
    total += gain;
  }
  for (double& share : shares) share = total > 0 ? share / total : 0;
  return shares;
}

std::vector<size_t> StratifiedFolds(std::span<const float> labels, size_t folds, uint64_t seed) {
  std::vector<size_t> order(labels.size()), fold(labels.size());
  std::iota(order.begin(), order.end(), size_t{0});
  // A shuffle of our own, since std::shuffle's draws differ between libraries.
  std::mt19937_64 random(seed);
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
  size_t seen[2] = {};
  for (size_t row : order) fold[row] = seen[labels[row] > 0 ? 1 : 0]++ % folds;
  return fold;
}

}  // namespace millwright::drift
