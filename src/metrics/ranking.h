#pragma once

#include <optional>

#include "metrics/samples.h"

// Metrics of the order in which scores put the items of one query. Relevances are not negative; an
// item is relevant where its relevance is above 0.
namespace millwright::metrics {

// The gain of the first `k` items, discounted by log2 of their place; tied items share their
// places. All items without a `k`.
double DiscountedGain(Numbers relevances, Numbers scores, std::optional<size_t> k = {});
// That of the best order is 1. 0 where nothing is relevant.
double NormalizedDiscountedGain(Numbers relevances, Numbers scores, std::optional<size_t> k = {});

// For each relevant item the share of relevant ones among those with at least its score, in the
// mean; 1 where all or none are relevant.
double LabelRankingAveragePrecision(Numbers relevances, Numbers scores);
// How far down the order one must go to have all relevant items; 0 where none is relevant.
double CoverageError(Numbers relevances, Numbers scores);
// The share of pairs in which an irrelevant item has at least the score of a relevant one; 0 where
// there are no pairs.
double RankingLoss(Numbers relevances, Numbers scores);

// Figures of the first `k` items; ties stay in the order in which they are given.
struct TopItems {
  double precision = 0;
  double recall = 0;             // 0 where nothing is relevant
  double reciprocal_rank = 0;    // of the first relevant item, wherever it is
  double average_precision = 0;  // over all items
  bool hit = false;
};
TopItems TopOf(Numbers relevances, Numbers scores, size_t k);

}  // namespace millwright::metrics
