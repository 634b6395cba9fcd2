#include "inference/linear_model.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace millwright::inference {
namespace {

// As many floats as every x86-64 and ARM processor computes with at once.
constexpr size_t kLanes = 4;
using Lanes = float __attribute__((vector_size(kLanes * sizeof(float))));
using Bits = int32_t __attribute__((vector_size(kLanes * sizeof(float))));

Lanes Load(const float* from) {
  Lanes lanes;
  std::memcpy(&lanes, from, sizeof lanes);
  return lanes;
}

void Store(Lanes lanes, float* to) {
  std::memcpy(to, &lanes, sizeof lanes);
}

Lanes SizeOf(Lanes lanes) {
  constexpr int32_t kWithoutSign = 0x7FFFFFFF;
  Bits bits;
  std::memcpy(&bits, &lanes, sizeof bits);
  bits &= kWithoutSign;
  std::memcpy(&lanes, &bits, sizeof bits);
  return lanes;
}

float Total(Lanes lanes) {
  return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
}

// How far two ways of adding up `count` terms may be apart, as a share of the terms' sizes: by the
// worst that rounding can do, and, of very many terms, by what it does but once in a lifetime
// (Higham and Mary, A New Approach to Probabilistic Rounding Error Analysis, 2019: the square root
// of their number takes the number's place).
float RoundingOf(size_t count) {
  constexpr float kDeviations = 8;
  const auto terms = static_cast<float>(count);
  return std::min(terms, kDeviations * std::sqrt(terms)) * std::numeric_limits<float>::epsilon();
}

size_t Padded(size_t width) {
  return (width + kLanes - 1) / kLanes * kLanes;
}

}  // namespace

LinearScorer::LinearScorer(const LinearModel& model)
    : model_(model), padded_width_(Padded(model.width)), rounding_(RoundingOf(model.width + 2)) {
  // A column that is there for the length alone is 0 and counts 0 times.
  for (LinearModel::Step& step : model_.steps) {
    step.values.resize(padded_width_, 0);
    step.scales.resize(padded_width_, 0);
  }
  model_.coefficients.assign(model.targets * padded_width_, 0);
  for (size_t target = 0; target < model.targets; ++target) {
    std::copy_n(model.coefficients.data() + target * model.width, model.width,
                model_.coefficients.data() + target * padded_width_);
  }
}

void LinearScorer::Prepare(const float* row, float* prepared) const {
  std::copy_n(row, model_.width, prepared);
  for (const LinearModel::Step& step : model_.steps) {
    for (size_t i = 0; i < padded_width_; i += kLanes) {
      const Lanes given = Load(prepared + i);
      const Lanes values = Load(step.values.data() + i);
      if (step.kind == LinearModel::Step::Kind::kImpute) {
        Store(given != given ? values : given, prepared + i);
      } else {
        Store((given - values) * Load(step.scales.data() + i), prepared + i);
      }
    }
  }
}

LinearScorer::Sum LinearScorer::ScoreOf(size_t target, const float* prepared) const {
  const float* coefficients = model_.coefficients.data() + target * padded_width_;
  Lanes sum{};
  Lanes size{};
  for (size_t i = 0; i < padded_width_; i += kLanes) {
    const Lanes term = Load(prepared + i) * Load(coefficients + i);
    sum += term;
    size += SizeOf(term);
  }
  const float intercept = model_.intercepts[target];
  return {Total(sum) + intercept, Total(size) + std::fabs(intercept)};
}

bool LinearScorer::FindLargest(const Sum* sums, uint32_t* largest) const {
  const Sum* best = sums;
  for (const Sum* sum = sums; sum != sums + model_.targets; ++sum) {
    if (sum->value > best->value) best = sum;
  }
  for (const Sum* sum = sums; sum != sums + model_.targets; ++sum) {
    const float reach = rounding_ * (best->size + sum->size);
    if (sum != best && best->value - sum->value <= reach) return false;
  }
  *largest = static_cast<uint32_t>(best - sums);
  return true;
}

bool LinearScorer::Link(float* scores) const {
  float* const end = scores + model_.targets;
  switch (model_.link) {
    case LinearModel::Link::kNone:
      break;
    case LinearModel::Link::kLogistic:
      for (float* score = scores; score != end; ++score) *score = 1 / (1 + std::exp(-*score));
      break;
    case LinearModel::Link::kSoftmax: {
      const float largest = *std::max_element(scores, end);
      float sum = 0;
      for (float* score = scores; score != end; ++score) {
        *score = std::exp(*score - largest);
        sum += *score;
      }
      for (float* score = scores; score != end; ++score) *score /= sum;
      break;
    }
  }
  if (!model_.adds_up_to_one) return true;
  float sum = 0;
  for (const float* score = scores; score != end; ++score) sum += std::fabs(*score);
  for (float* score = scores; score != end; ++score) *score /= sum;
  return sum > 0;
}

bool LinearScorer::Score(const float* rows, size_t count, float* scores, uint32_t* largest) const {
  thread_local std::vector<float> prepared;
  thread_local std::vector<Sum> sums;
  prepared.assign(padded_width_, 0);
  sums.resize(model_.targets);
  for (size_t row = 0; row < count; ++row, rows += model_.width, scores += model_.targets) {
    Prepare(rows, prepared.data());
    for (size_t target = 0; target < model_.targets; ++target) {
      sums[target] = ScoreOf(target, prepared.data());
      if (!std::isfinite(sums[target].size)) return false;
      scores[target] = sums[target].value;
    }
    if (largest != nullptr && !FindLargest(sums.data(), &largest[row])) return false;
    if (!Link(scores)) return false;
  }
  return true;
}

}  // namespace millwright::inference
