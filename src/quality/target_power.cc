#include "quality/target_power.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>

#include "quality/distinct_sketch.h"

namespace millwright::quality {
namespace {

constexpr size_t kRanges = 64;

bool IsLearnt(size_t row) {
  return (HashBits(row) & 1) == 0;
}

// The places at which the values are cut into ranges of about equal counts.
std::vector<double> CutsOf(std::vector<double> values) {
  values.erase(std::remove_if(values.begin(), values.end(), [](double v) { return std::isnan(v); }),
               values.end());
  std::sort(values.begin(), values.end());
  std::vector<double> cuts;
  for (size_t i = 1; i < kRanges && !values.empty(); ++i) {
    const double cut = values[i * values.size() / kRanges];
    if (cuts.empty() || cuts.back() < cut) cuts.push_back(cut);
  }
  return cuts;
}

std::vector<double> RangesOf(const std::vector<double>& values) {
  const std::vector<double> cuts = CutsOf(values);
  std::vector<double> ranges;
  for (const double value : values) {
    const auto place = std::upper_bound(cuts.begin(), cuts.end(), value) - cuts.begin();
    ranges.push_back(std::isnan(value) ? -1 : static_cast<double>(place));
  }
  return ranges;
}

// What a missing value tells is a value of its own.
std::vector<double> KeysOf(const Teller& teller) {
  if (!teller.is_value) return RangesOf(*teller.values);
  std::vector<double> keys = *teller.values;
  for (double& key : keys) key = std::isnan(key) ? -1 : key;
  return keys;
}

using ClassCounts = std::map<double, int64_t>;

double Commonest(const ClassCounts& counts) {
  return std::max_element(counts.begin(), counts.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; })
      ->first;
}

double ClassPower(const TargetSample& target, const std::vector<double>& keys) {
  std::unordered_map<double, ClassCounts> learnt;
  ClassCounts all;
  for (size_t row = 0; row < keys.size(); ++row) {
    if (std::isnan(target.values[row]) || !IsLearnt(row)) continue;
    ++learnt[keys[row]][target.values[row]];
    ++all[target.values[row]];
  }
  if (all.empty()) return 0;
  const double usual = Commonest(all);
  std::unordered_map<double, double> rule;
  for (const auto& [key, counts] : learnt) rule[key] = Commonest(counts);
  double wrong = 0, wrong_by_guess = 0;
  for (size_t row = 0; row < keys.size(); ++row) {
    if (std::isnan(target.values[row]) || IsLearnt(row)) continue;
    const auto found = rule.find(keys[row]);
    const double told = found == rule.end() ? usual : found->second;
    wrong += told != target.values[row] ? 1 : 0;
    wrong_by_guess += usual != target.values[row] ? 1 : 0;
  }
  return wrong_by_guess == 0 ? 0 : std::max(0.0, 1 - wrong / wrong_by_guess);
}

struct Mean {
  double sum = 0, count = 0;
  double value() const { return count == 0 ? 0 : sum / count; }
};

double AmountPower(const TargetSample& target, const std::vector<double>& keys) {
  std::unordered_map<double, Mean> learnt;
  Mean all;
  for (size_t row = 0; row < keys.size(); ++row) {
    if (std::isnan(target.values[row]) || !IsLearnt(row)) continue;
    Mean& mean = learnt[keys[row]];
    mean.sum += target.values[row];
    ++mean.count;
    all.sum += target.values[row];
    ++all.count;
  }
  double errors = 0, errors_by_guess = 0;
  for (size_t row = 0; row < keys.size(); ++row) {
    if (std::isnan(target.values[row]) || IsLearnt(row)) continue;
    const auto found = learnt.find(keys[row]);
    const double told = found == learnt.end() ? all.value() : found->second.value();
    errors += (told - target.values[row]) * (told - target.values[row]);
    errors_by_guess += (all.value() - target.values[row]) * (all.value() - target.values[row]);
  }
  return errors_by_guess == 0 ? 0 : std::max(0.0, 1 - errors / errors_by_guess);
}

}  // namespace

std::vector<TargetPower> PowersOf(const TargetSample& target, const std::vector<Teller>& tellers) {
  std::vector<TargetPower> powers;
  for (const Teller& teller : tellers) {
    const std::vector<double> keys = KeysOf(teller);
    powers.push_back(
        {teller.column, target.is_class ? ClassPower(target, keys) : AmountPower(target, keys)});
  }
  std::stable_sort(powers.begin(), powers.end(),
                   [](const TargetPower& a, const TargetPower& b) { return a.power > b.power; });
  return powers;
}

}  // namespace millwright::quality
