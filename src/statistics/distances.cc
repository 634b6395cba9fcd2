#include "statistics/distances.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "base/error.h"
#include "statistics/count_tests.h"

namespace millwright::statistics {
namespace {

void FillZeros(std::vector<double>& shares) {
  double smallest = 1;
  for (double share : shares) {
    if (share > 0) smallest = std::min(smallest, share);
  }
  const double filling = smallest <= 1e-4 ? smallest / 1e6 : 1e-4;
  for (double& share : shares) {
    if (share == 0) share = filling;
  }
}

double Divergence(const std::vector<double>& p, const std::vector<double>& q) {
  double sum = 0;
  for (size_t i = 0; i < p.size(); ++i) {
    if (p[i] > 0) sum += p[i] * std::log(p[i] / q[i]);
  }
  return sum;
}

double StabilityIndex(const std::vector<double>& p, const std::vector<double>& q) {
  double sum = 0;
  for (size_t i = 0; i < p.size(); ++i) sum += (p[i] - q[i]) * std::log(p[i] / q[i]);
  return sum;
}

void ScaleToOne(std::vector<double>& shares) {
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  for (double& share : shares) share /= sum;
}

}  // namespace

double Psi(Counts reference, Counts current) {
  RequireSameBins(reference, current);
  return PsiOfShares(Shares(reference), Shares(current));
}

double PsiOfShares(std::vector<double> reference, std::vector<double> current) {
  FillZeros(reference);
  FillZeros(current);
  return StabilityIndex(reference, current);
}

double PsiWithFloor(Counts reference, Counts current) {
  RequireSameBins(reference, current);
  std::vector<double> p = Shares(reference), q = Shares(current);
  for (double& share : p) share = std::max(share, 1e-4);
  for (double& share : q) share = std::max(share, 1e-4);
  return StabilityIndex(p, q);
}

double KullbackLeibler(Counts reference, Counts current) {
  RequireSameBins(reference, current);
  return Divergence(Shares(reference), Shares(current));
}

double KullbackLeiblerFilled(Counts reference, Counts current) {
  RequireSameBins(reference, current);
  std::vector<double> p = Shares(reference), q = Shares(current);
  FillZeros(p);
  FillZeros(q);
  ScaleToOne(p);
  ScaleToOne(q);
  return Divergence(p, q);
}

double JensenShannonDistance(Counts reference, Counts current, LogBase base) {
  RequireSameBins(reference, current);
  const std::vector<double> p = Shares(reference), q = Shares(current);
  std::vector<double> middle;
  for (size_t i = 0; i < p.size(); ++i) middle.push_back((p[i] + q[i]) / 2);
  double divergence = (Divergence(p, middle) + Divergence(q, middle)) / 2;
  if (base == LogBase::kTwo) divergence /= std::numbers::ln2;
  return std::sqrt(std::max(0.0, divergence));
}

double Hellinger(Counts reference, Counts current) {
  RequireSameBins(reference, current);
  const std::vector<double> p = Shares(reference), q = Shares(current);
  // Half of the squared differences of roots is the same, but keeps its digits near 0.
  double sum = 0;
  for (size_t i = 0; i < p.size(); ++i) {
    const double difference = std::sqrt(p[i]) - std::sqrt(q[i]);
    sum += difference * difference;
  }
  return std::sqrt(std::min(1.0, sum / 2));
}

double TotalVariation(Counts reference, Counts current) {
  RequireSameBins(reference, current);
  const std::vector<double> p = Shares(reference), q = Shares(current);
  double sum = 0;
  for (size_t i = 0; i < p.size(); ++i) sum += std::abs(p[i] - q[i]);
  return sum / 2;
}

double LInfinity(Counts reference, Counts current) {
  RequireSameBins(reference, current);
  const std::vector<double> p = Shares(reference), q = Shares(current);
  double largest = 0;
  for (size_t i = 0; i < p.size(); ++i) largest = std::max(largest, std::abs(p[i] - q[i]));
  return largest;
}

double CramersV(Counts reference, Counts current) {
  if (reference.size() < 2) throw FailedPrecondition("Cramér's V needs two values");
  const TestResult test = ChiSquareContingency(reference, current, Yates::kUncorrected);
  return std::sqrt(test.statistic / static_cast<double>(Total(reference) + Total(current)));
}

double Wasserstein(Sample reference, Sample current) {
  const std::vector<double> a = Sorted(reference), b = Sorted(current);
  double area = 0;
  WalkBoth(a, b, [&](double value, double next, size_t in_a, size_t in_b) {
    const double difference = static_cast<double>(in_a) / static_cast<double>(a.size()) -
                              static_cast<double>(in_b) / static_cast<double>(b.size());
    area += std::abs(difference) * (next - value);
  });
  return area;
}

double WassersteinNormed(Sample reference, Sample current) {
  const double area = Wasserstein(reference, current);
  return area / std::max(StandardDeviation(reference), 0.001);
}

double EnergyDistance(Sample reference, Sample current) {
  const std::vector<double> a = Sorted(reference), b = Sorted(current);
  double sum = 0;
  WalkBoth(a, b, [&](double value, double next, size_t in_a, size_t in_b) {
    const double difference = static_cast<double>(in_a) / static_cast<double>(a.size()) -
                              static_cast<double>(in_b) / static_cast<double>(b.size());
    sum += difference * difference * (next - value);
  });
  return std::sqrt(2 * sum);
}

}  // namespace millwright::statistics
