#include "metrics/ranking.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "base/error.h"

namespace millwright::metrics {
namespace {

void Require(Numbers relevances, Numbers scores) {
  RequireNumbers(relevances, scores, {});
  for (const double relevance : relevances) {
    if (relevance < 0) throw InvalidArgument("A relevance must not be negative: {}", relevance);
  }
}

std::vector<uint32_t> ByScore(Numbers scores) {
  std::vector<uint32_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return scores[a] > scores[b]; });
  return order;
}

double Discount(size_t place, size_t places) {
  return place < places ? 1 / std::log2(static_cast<double>(place) + 2) : 0;
}

// Calls `each` with the begin and end of every group of tied scores, from the highest down.
template <typename F>
void EachTie(Numbers scores, const std::vector<uint32_t>& order, F&& each) {
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin + 1;
    while (end < order.size() && scores[order[end]] == scores[order[begin]]) ++end;
    each(begin, end);
    begin = end;
  }
}

struct Tie {
  double relevant = 0;
  double items = 0;
};

std::vector<Tie> TiesOf(Numbers relevances, Numbers scores) {
  Require(relevances, scores);
  const std::vector<uint32_t> order = ByScore(scores);
  std::vector<Tie> ties;
  EachTie(scores, order, [&](size_t begin, size_t end) {
    Tie& tie = ties.emplace_back();
    for (size_t i = begin; i < end; ++i) tie.relevant += relevances[order[i]] > 0 ? 1 : 0;
    tie.items = static_cast<double>(end - begin);
  });
  return ties;
}

}  // namespace

double DiscountedGain(Numbers relevances, Numbers scores, std::optional<size_t> k) {
  Require(relevances, scores);
  const size_t places = k.value_or(scores.size());
  const std::vector<uint32_t> order = ByScore(scores);
  double gain = 0;
  EachTie(scores, order, [&](size_t begin, size_t end) {
    double relevance = 0;
    double discount = 0;
    for (size_t i = begin; i < end; ++i) {
      relevance += relevances[order[i]];
      discount += Discount(i, places);
    }
    gain += relevance / static_cast<double>(end - begin) * discount;
  });
  return gain;
}

double NormalizedDiscountedGain(Numbers relevances, Numbers scores, std::optional<size_t> k) {
  const double gain = DiscountedGain(relevances, scores, k);
  const double best = DiscountedGain(relevances, relevances, k);
  return best == 0 ? 0 : gain / best;
}

double LabelRankingAveragePrecision(Numbers relevances, Numbers scores) {
  double sum = 0;
  double above = 0;
  double relevant_above = 0;
  for (const Tie& tie : TiesOf(relevances, scores)) {
    above += tie.items;
    relevant_above += tie.relevant;
    sum += tie.relevant * relevant_above / above;
  }
  const bool tells = relevant_above > 0 && relevant_above < above;
  return tells ? sum / relevant_above : 1;
}

double CoverageError(Numbers relevances, Numbers scores) {
  double coverage = 0;
  double above = 0;
  for (const Tie& tie : TiesOf(relevances, scores)) {
    above += tie.items;
    if (tie.relevant > 0) coverage = above;
  }
  return coverage;
}

double RankingLoss(Numbers relevances, Numbers scores) {
  double wrong = 0;
  double relevant = 0;
  double irrelevant = 0;
  for (const Tie& tie : TiesOf(relevances, scores)) {
    irrelevant += tie.items - tie.relevant;
    wrong += tie.relevant * irrelevant;
    relevant += tie.relevant;
  }
  const double pairs = relevant * irrelevant;
  return pairs == 0 ? 0 : wrong / pairs;
}

TopItems TopOf(Numbers relevances, Numbers scores, size_t k) {
  Require(relevances, scores);
  if (k == 0) throw InvalidArgument("There must be at least one item at the top");
  TopItems top;
  double found = 0;
  double found_in_top = 0;
  const std::vector<uint32_t> order = ByScore(scores);
  for (size_t i = 0; i < order.size(); ++i) {
    if (relevances[order[i]] <= 0) continue;
    const double place = static_cast<double>(i) + 1;
    if (found == 0) top.reciprocal_rank = 1 / place;
    top.average_precision += ++found / place;
    if (i < k) ++found_in_top;
  }
  if (found > 0) {
    top.recall = found_in_top / found;
    top.average_precision /= found;
  }
  top.precision = found_in_top / static_cast<double>(k);
  top.hit = found_in_top > 0;
  return top;
}

}  // namespace millwright::metrics
