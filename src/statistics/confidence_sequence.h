#pragma once

#include <cstdint>

// Comparisons of two means that may be looked at as often as one likes. A confidence interval at a
// fixed number of rows is broken by looking until it says what one hopes for; a confidence sequence
// covers the true difference at all looks at once with the stated probability.
namespace millwright::statistics {

// What is known of one arm: rows, their mean and the variance of one row.
struct ArmMoments {
  int64_t count = 0;
  double mean = 0;
  double variance = 0;  // unbiased; undefined below two rows
};

// Of `events` among `count` rows: the variance is that of (events + 2) / (count + 4), as Agresti
// and Coull count, so that no event in few rows is not taken for certainty.
ArmMoments ProportionMoments(int64_t count, int64_t events);

// Those of a figure whose every row lies within 0 … 1, such as a Brier loss: the same, for two rows
// of 0 and two of 1 are counted into the variance. Of zeros and ones it is ProportionMoments.
ArmMoments ShareMoments(const ArmMoments& rows);

// Figures without bounds: rows that happen to be alike are no certainty, for the rows to come may
// differ as those of the other arm do. So each arm's variance counts four rows more that have the
// variance of both arms' rows together. It stays 0 where all rows of both arms are the same: then
// nothing is known of how they spread.
void CountPooledRows(ArmMoments* first, ArmMoments* second);

struct DifferenceBounds {
  double difference = 0;  // of the means, the first less the second
  double low = 0;
  double high = 0;
};

// The confidence sequence of the mixture sequential probability ratio test with normal mixing of
// variance `mixing` squared: with V = s1²/n1 + s2²/n2 and t = mixing²,
//   difference ± sqrt(V (V + t) / t · (ln((V + t) / V) + 2 ln(1 / alpha))).
// Johari, Koomen, Pekelis, Walsh: Always valid inference (Operations Research 70, 2022), section 4,
// after Robbins: Statistical methods related to the law of the iterated logarithm (1970). Valid for
// large samples, so ask for a smallest number of rows. It is narrowest about where its half width
// is `mixing`: give it the difference that matters. Throws kInvalidArgument below two rows a side,
// for figures that are not finite, for `alpha` outside of 0 … 1, for `mixing` that is not positive,
// and where neither arm has a variance: no bounds follow from rows that are all the same.
DifferenceBounds ConfidenceSequence(const ArmMoments& first, const ArmMoments& second, double alpha,
                                    double mixing);

}  // namespace millwright::statistics
