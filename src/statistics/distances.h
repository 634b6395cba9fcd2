#pragma once

#include "statistics/sample.h"

// How far two distributions are apart, without a judgement.
namespace millwright::statistics {

// --- Over counts of the same bins or values. ---

// Population stability index with Evidently's filling of empty bins: 0.0001, or a millionth of the
// smallest share where that is 0.0001 or less. The filled shares are not scaled back to 1.
double Psi(Counts reference, Counts current);
// The same of shares that add up to 1 on both sides, as where a reference is a mixture.
double PsiOfShares(std::vector<double> reference, std::vector<double> current);
// The same with shares below 0.0001 raised to it, as the index is mostly taught.
double PsiWithFloor(Counts reference, Counts current);
// Kullback and Leibler's divergence of the current shares from the reference's, in natural
// logarithms. Infinite where the reference has what the current rows lack.
double KullbackLeibler(Counts reference, Counts current);
// The same after Evidently's filling of empty bins, scaled back to 1; always finite.
double KullbackLeiblerFilled(Counts reference, Counts current);
enum class LogBase { kNatural, kTwo };
// Jensen–Shannon distance: the square root of the divergence. In base 2 it is at most 1.
double JensenShannonDistance(Counts reference, Counts current, LogBase base = LogBase::kNatural);
// From 0 to 1: sqrt(1 − Σ sqrt(p·q)).
double Hellinger(Counts reference, Counts current);
// The share of rows that would have to change their bin: half of all differences, from 0 to 1.
double TotalVariation(Counts reference, Counts current);
// The largest difference of a share.
double LInfinity(Counts reference, Counts current);
// Cramér's V of the table of both counts, uncorrected, from 0 to 1. Undefined for a single value.
double CramersV(Counts reference, Counts current);

// --- Over samples. ---

// The area between the two distribution functions, in the unit of the values.
double Wasserstein(Sample reference, Sample current);
// Wasserstein over max(standard deviation of the reference, 0.001), as Evidently scales it.
double WassersteinNormed(Sample reference, Sample current);
// Székely's energy distance, in the square root of the unit: sqrt(2·∫(F − G)²).
double EnergyDistance(Sample reference, Sample current);

}  // namespace millwright::statistics
