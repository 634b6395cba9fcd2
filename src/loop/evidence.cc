#include "loop/evidence.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <vector>

namespace millwright::loop {
namespace {

using statistics::ArmMoments;
using statistics::ConfidenceSequence;
using statistics::DifferenceBounds;

Json MomentsJson(const ArmMoments& moments) {
  return Json::Of({{"n", moments.count}, {"mean", moments.mean}, {"variance", moments.variance}});
}

bool IsFinite(const ArmMoments& moments) {
  return std::isfinite(moments.mean) && std::isfinite(moments.variance);
}

// One figure that is compared, and what came of it.
struct Comparison {
  std::string figure;  // "errors"
  double tolerance = 0;
  bool is_relative = false;  // tolerance and bounds are shares of the live version's mean
  int64_t candidate_n = 0, live_n = 0;
  bool is_number = true;                   // both means are
  bool has_base = true;                    // of a relative one: the live version's mean is above 0
  std::optional<DifferenceBounds> bounds;  // nothing: nothing can be said of the difference

  bool IsWorse() const { return bounds && bounds->low > tolerance; }
  bool IsNotWorse() const { return bounds && bounds->high < tolerance; }
  std::string Words() const {
    if (!is_number) return figure + " is not a number";
    if (!has_base) {
      return fmt::format("{} of the live version is 0 in all {} rows, and nothing is a share of 0",
                         figure, live_n);
    }
    if (!bounds) {
      return fmt::format("{} is the same in all {} and {} rows: nothing says yet how it spreads",
                         figure, candidate_n, live_n);
    }
    if (is_relative) {
      return fmt::format(
          "{} differ by {:.4g} % of the live version's ({:.4g} to {:.4g}), "
          "tolerated are {:.4g} %",
          figure, 100 * bounds->difference, 100 * bounds->low, 100 * bounds->high, 100 * tolerance);
    }
    return fmt::format("{} differ by {:.4g} ({:.4g} to {:.4g}), tolerated are {:.4g}", figure,
                       bounds->difference, bounds->low, bounds->high, tolerance);
  }
  Json ToJson() const {
    Json json = Json::Of({{"figure", figure},
                          {"tolerance", tolerance},
                          {"n_candidate", candidate_n},
                          {"n_live", live_n}});
    if (is_relative) json.Set("relative", true);
    if (!bounds) return json;
    return json.Set("difference", bounds->difference)
        .Set("low", bounds->low)
        .Set("high", bounds->high);
  }
};

Comparison Compare(std::string figure, const ArmMoments& candidate, const ArmMoments& live,
                   double alpha, double tolerance) {
  Comparison comparison{.figure = std::move(figure),
                        .tolerance = tolerance,
                        .candidate_n = candidate.count,
                        .live_n = live.count,
                        .is_number = IsFinite(candidate) && IsFinite(live)};
  const bool has_spread = candidate.variance > 0 || live.variance > 0;
  if (comparison.is_number && has_spread) {
    comparison.bounds = ConfidenceSequence(candidate, live, alpha, tolerance);
  }
  return comparison;
}

// The same of a figure that knows no bounds.
Comparison CompareUnbounded(std::string figure, ArmMoments candidate, ArmMoments live, double alpha,
                            double tolerance) {
  if (IsFinite(candidate) && IsFinite(live)) statistics::CountPooledRows(&candidate, &live);
  return Compare(std::move(figure), candidate, live, alpha, tolerance);
}

// Of positive figures, with a tolerance that is a share of the live version's. It is exceeded where
// the candidate's mean less (1 + tolerance) times the live one's is above 0, which is a difference
// of two means as well. Its bounds are told as shares of the live version's mean.
Comparison CompareRelative(std::string figure, const ArmMoments& candidate, const ArmMoments& live,
                           double alpha, double tolerance) {
  Comparison comparison{.figure = std::move(figure),
                        .tolerance = tolerance,
                        .is_relative = true,
                        .candidate_n = candidate.count,
                        .live_n = live.count,
                        .is_number = IsFinite(candidate) && IsFinite(live),
                        .has_base = live.mean > 0};
  const bool has_spread = candidate.variance > 0 || live.variance > 0;
  if (!comparison.is_number || !has_spread || !comparison.has_base) return comparison;
  ArmMoments tolerated = live;
  tolerated.mean *= 1 + tolerance;
  tolerated.variance *= (1 + tolerance) * (1 + tolerance);
  const DifferenceBounds beyond =
      ConfidenceSequence(candidate, tolerated, alpha, tolerance * live.mean);
  const auto share = [&](double value) { return value / live.mean + tolerance; };
  comparison.bounds = {share(beyond.difference), share(beyond.low), share(beyond.high)};
  return comparison;
}

Comparison CompareLoss(const LossRule& loss, ArmMoments candidate, ArmMoments live, double alpha) {
  const bool is_share = loss.kind == LossKind::kError || loss.kind == LossKind::kBrier;
  if (is_share) {
    candidate = statistics::ShareMoments(candidate);
    live = statistics::ShareMoments(live);
  } else if (IsFinite(candidate) && IsFinite(live)) {
    statistics::CountPooledRows(&candidate, &live);
  }
  if (loss.is_relative) return CompareRelative("loss", candidate, live, alpha, loss.tolerance);
  return Compare("loss", candidate, live, alpha, loss.tolerance);
}

Judgement Hold(std::string rule, std::string reason, Json figures) {
  return {Verdict::kHold, std::move(rule), std::move(reason), std::move(figures)};
}

}  // namespace

Json ArmFigures::ToJson() const {
  Json json = Json::Of({{"requests", requests}, {"errors", errors}, {"not_numbers", not_numbers}});
  if (log_latency.count > 0) json.Set("log_latency_us", MomentsJson(log_latency));
  if (loss.count > 0) json.Set("loss", MomentsJson(loss));
  if (losses_not_numbers > 0) json.Set("losses_not_numbers", losses_not_numbers);
  return json;
}

Judgement JudgeArms(const WorseRule& rule, const ArmsWanted& wanted, const ArmFigures& candidate,
                    const ArmFigures& live) {
  Json figures = Json::Of({{"candidate", candidate.ToJson()}, {"live", live.ToJson()}});
  if (candidate.requests == 0 || live.requests == 0) {
    return Hold("no_traffic",
                fmt::format("{} answered nothing yet",
                            candidate.requests == 0 ? "the candidate" : "the live version"),
                figures);
  }
  if (candidate.requests < wanted.requests_min || live.requests < wanted.requests_min) {
    return Hold("too_few",
                fmt::format("the candidate answered {} and the live version {} of {} requests that "
                            "each must",
                            candidate.requests, live.requests, wanted.requests_min),
                figures);
  }

  std::vector<Comparison> comparisons;
  std::string missing;  // what cannot be compared yet
  if (rule.errors) {
    comparisons.push_back(Compare(
        "errors", statistics::ProportionMoments(candidate.requests, candidate.errors),
        statistics::ProportionMoments(live.requests, live.errors), rule.alpha, *rule.errors));
  }
  if (rule.latency && wanted.with_latency) {
    if (candidate.log_latency.count < 2 || live.log_latency.count < 2) {
      missing = "too few latencies are known";
    } else {
      comparisons.push_back(CompareUnbounded("latency", candidate.log_latency, live.log_latency,
                                             rule.alpha, std::log1p(*rule.latency)));
    }
  }
  if (rule.loss) {
    const bool enough = candidate.loss.count >= rule.loss->outcomes_min &&
                        live.loss.count >= rule.loss->outcomes_min;
    if (enough) {
      comparisons.push_back(CompareLoss(*rule.loss, candidate.loss, live.loss, rule.alpha));
    } else if (rule.loss->is_required) {
      missing = fmt::format(
          "{} outcomes of the candidate and {} of the live version are known, {} "
          "must be of each",
          candidate.loss.count, live.loss.count, rule.loss->outcomes_min);
    }
  }

  Json differences = Json::MakeArray();
  for (const Comparison& comparison : comparisons) differences.Append(comparison.ToJson());
  figures.Set("differences", differences);
  for (const Comparison& comparison : comparisons) {
    if (!comparison.IsWorse()) continue;
    return {Verdict::kWorse, "worse." + comparison.figure, comparison.Words(), figures};
  }
  if (candidate.not_numbers > 0) {
    return Hold("not_a_number",
                fmt::format("{} of the candidate's {} answers are not numbers",
                            candidate.not_numbers, candidate.requests),
                figures);
  }
  for (const Comparison& comparison : comparisons) {
    if (!comparison.is_number) return Hold("not_a_number", comparison.Words(), figures);
  }
  if (const int64_t odd = candidate.losses_not_numbers + live.losses_not_numbers;
      rule.loss && odd > 0) {
    return Hold("not_a_number",
                fmt::format("the loss of {} answers is not a number or beyond all measure", odd),
                figures);
  }
  if (!missing.empty()) return Hold("too_few", missing, figures);
  for (const Comparison& comparison : comparisons) {
    if (comparison.IsNotWorse()) continue;
    return Hold("inconclusive." + comparison.figure, comparison.Words(), figures);
  }
  std::string words;
  for (const Comparison& comparison : comparisons) {
    words += (words.empty() ? "" : "; ") + comparison.Words();
  }
  return {Verdict::kNotWorse, "not_worse",
          words.empty() ? "nothing is compared but the number of requests" : words, figures};
}

}  // namespace millwright::loop
