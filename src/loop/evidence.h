#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"
#include "loop/policy.h"
#include "statistics/confidence_sequence.h"

namespace millwright::loop {

// What one version answered since a moment.
struct ArmFigures {
  int64_t requests = 0;  // rows, failed ones included
  int64_t errors = 0;
  int64_t not_numbers = 0;             // answers in which a number is missing, NaN or infinite
  statistics::ArmMoments log_latency;  // of ln(µs), of answers that did not come out of the cache
  statistics::ArmMoments loss;         // of those whose outcome is known
  // Known outcomes whose loss is no number, or so large that it would drown all others; `loss` is
  // without them.
  int64_t losses_not_numbers = 0;

  Json ToJson() const;
};

enum class Verdict { kHold, kNotWorse, kWorse };

struct Judgement {
  Verdict verdict = Verdict::kHold;
  std::string rule;    // "no_traffic", "not_a_number", "too_few", "inconclusive.errors",
                       // "worse.loss", "not_worse"
  std::string reason;  // in words, with the figures
  Json figures;        // both arms and the bounds of each difference
};

// What is asked of the arms: copies are answered with nobody waiting, so their latency is not
// compared.
struct ArmsWanted {
  int64_t requests_min = 0;
  bool with_latency = true;
};

// Compares a candidate with the live version. For each figure that the rule names the difference is
// bounded by a confidence sequence (statistics/confidence_sequence.h): all bounds below the
// tolerance means not worse, one above it worse, and anything else, as well as no traffic, too few
// rows in an arm and numbers that are none, hold. A pure function.
Judgement JudgeArms(const WorseRule& rule, const ArmsWanted& wanted, const ArmFigures& candidate,
                    const ArmFigures& live);

}  // namespace millwright::loop
