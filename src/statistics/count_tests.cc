#include "statistics/count_tests.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "base/error.h"
#include "statistics/distances.h"
#include "statistics/distributions.h"

namespace millwright::statistics {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Factor by which the reference's counts become what is expected of the current ones.
double Scale(Counts reference, Counts current) {
  RequireSameBins(reference, current);
  const int64_t rows = Total(reference), current_rows = Total(current);
  if (rows <= 0 || current_rows <= 0) throw InvalidArgument("A sample is empty");
  return static_cast<double>(current_rows) / static_cast<double>(rows);
}

TestResult JudgeByChiSquare(double statistic, size_t values) {
  if (values < 2) return {statistic, 1};
  return {statistic, ChiSquareTail(statistic, static_cast<double>(values) - 1)};
}

// What both rows of a table are expected to hold, by value.
struct Expected {
  std::vector<double> reference;
  std::vector<double> current;
};

Expected ExpectedOf(Counts reference, Counts current) {
  Scale(reference, current);
  const auto rows = static_cast<double>(Total(reference));
  const auto current_rows = static_cast<double>(Total(current));
  Expected expected;
  for (size_t i = 0; i < reference.size(); ++i) {
    const auto both = static_cast<double>(reference[i] + current[i]);
    if (both == 0) throw InvalidArgument("No row has value {}", i);
    expected.reference.push_back(both * rows / (rows + current_rows));
    expected.current.push_back(both * current_rows / (rows + current_rows));
  }
  return expected;
}

double PearsonTerm(double observed, double expected) {
  return (observed - expected) * (observed - expected) / expected;
}

double GTerm(double observed, double expected) {
  return observed > 0 ? 2 * observed * std::log(observed / expected) : 0;
}

}  // namespace

TestResult ChiSquareFit(Counts reference, Counts current) {
  const double scale = Scale(reference, current);
  double statistic = 0;
  for (size_t i = 0; i < reference.size(); ++i) {
    const double expected = static_cast<double>(reference[i]) * scale;
    const auto observed = static_cast<double>(current[i]);
    if (expected == 0 && observed == 0) continue;
    if (expected == 0) return {kInfinity, 0};
    statistic += PearsonTerm(observed, expected);
  }
  return JudgeByChiSquare(statistic, reference.size());
}

TestResult GFit(Counts reference, Counts current) {
  const double scale = Scale(reference, current);
  double statistic = 0;
  for (size_t i = 0; i < reference.size(); ++i) {
    if (current[i] == 0) continue;
    if (reference[i] == 0) return {kInfinity, 0};
    statistic += GTerm(static_cast<double>(current[i]), static_cast<double>(reference[i]) * scale);
  }
  return JudgeByChiSquare(statistic, reference.size());
}

TestResult ChiSquareContingency(Counts reference, Counts current, Yates yates) {
  const Expected expected = ExpectedOf(reference, current);
  const bool corrected = yates == Yates::kCorrected && reference.size() == 2;
  const auto term = [&](int64_t count, double wanted) {
    const double difference = wanted - static_cast<double>(count);
    const double shift =
        corrected ? std::copysign(std::min(0.5, std::abs(difference)), difference) : 0;
    return PearsonTerm(static_cast<double>(count) + shift, wanted);
  };
  double statistic = 0;
  for (size_t i = 0; i < reference.size(); ++i) {
    statistic += term(reference[i], expected.reference[i]) + term(current[i], expected.current[i]);
  }
  return reference.size() < 2 ? TestResult{0, 1} : JudgeByChiSquare(statistic, reference.size());
}

TestResult ChiSquareOfShares(const WeighedShares& reference, const WeighedShares& current,
                             double expected_min) {
  const double n = reference.rows, m = current.rows;
  if (!(n > 0) || !(m > 0)) throw InvalidArgument("A sample is empty");
  struct Bin {
    double p = 0, q = 0;
  };
  const auto expected = [&](const Bin& bin) { return (n * bin.p + m * bin.q) / (n + m) * m; };
  std::vector<Bin> bins;
  Bin rare;
  for (size_t i = 0; i < reference.shares.size(); ++i) {
    const Bin bin{reference.shares[i], current.shares[i]};
    if (expected(bin) >= expected_min) {
      bins.push_back(bin);
    } else {
      rare = {rare.p + bin.p, rare.q + bin.q};
    }
  }
  // A single row where the reference has none would weigh as much as the reference has rows; rare
  // bins that are few even together go to the smallest of the others.
  if (!bins.empty() && expected(rare) < expected_min) {
    Bin& smallest = *std::min_element(bins.begin(), bins.end(), [&](const Bin& a, const Bin& b) {
      return expected(a) < expected(b);
    });
    smallest = {smallest.p + rare.p, smallest.q + rare.q};
  } else {
    bins.push_back(rare);
  }
  double statistic = 0;
  for (const Bin& bin : bins) {
    const double pooled = n * bin.p + m * bin.q;
    if (pooled > 0) statistic += n * m * (bin.p - bin.q) * (bin.p - bin.q) / pooled;
  }
  return JudgeByChiSquare(statistic, bins.size());
}

TestResult GContingency(Counts reference, Counts current) {
  const Expected expected = ExpectedOf(reference, current);
  double statistic = 0;
  for (size_t i = 0; i < reference.size(); ++i) {
    statistic += GTerm(static_cast<double>(reference[i]), expected.reference[i]) +
                 GTerm(static_cast<double>(current[i]), expected.current[i]);
  }
  return reference.size() < 2 ? TestResult{0, 1} : JudgeByChiSquare(statistic, reference.size());
}

TestResult ProportionsZ(int64_t reference_hits, int64_t reference_rows, int64_t current_hits,
                        int64_t current_rows) {
  if (reference_rows <= 0 || current_rows <= 0) throw InvalidArgument("A sample is empty");
  const auto n = static_cast<double>(reference_rows), m = static_cast<double>(current_rows);
  const double p = static_cast<double>(reference_hits) / n;
  const double q = static_cast<double>(current_hits) / m;
  const double pooled = static_cast<double>(reference_hits + current_hits) / (n + m);
  const double variance = pooled * (1 - pooled) * (1 / n + 1 / m);
  if (variance <= 0) return {0, 1};
  const double z = (p - q) / std::sqrt(variance);
  return {z, NormalTails(z)};
}

// The chances of all tables with these margins follow from one another by a ratio. They start from
// the likeliest one with 1 and are scaled at the end, so nothing overflows at any size.
TestResult FisherExact(const TwoByTwo& t) {
  const int64_t a = t.reference_first, b = t.reference_second;
  const int64_t c = t.current_first, d = t.current_second;
  if (a < 0 || b < 0 || c < 0 || d < 0) throw InvalidArgument("A count is below 0");
  const int64_t row = a + b, other_row = c + d, column = a + c;
  if (row == 0 || other_row == 0 || column == 0 || b + d == 0) {
    return {std::numeric_limits<double>::quiet_NaN(), 1};
  }
  const auto ratio = [&](int64_t x) {  // of the chance of x + 1 to that of x
    return static_cast<double>(row - x) * static_cast<double>(column - x) /
           (static_cast<double>(x + 1) * static_cast<double>(other_row - column + x + 1));
  };
  const int64_t least = std::max<int64_t>(0, column - other_row), most = std::min(row, column);
  const auto mode = std::clamp(
      static_cast<int64_t>(static_cast<double>(row + 1) * static_cast<double>(column + 1) /
                           static_cast<double>(row + other_row + 2)),
      least, most);
  std::vector<double> chances(static_cast<size_t>(most - least + 1));
  const auto chance = [&](int64_t x) -> double& { return chances[static_cast<size_t>(x - least)]; };
  chance(mode) = 1;
  for (int64_t x = mode; x < most; ++x) chance(x + 1) = chance(x) * ratio(x);
  for (int64_t x = mode; x > least; --x) chance(x - 1) = chance(x) / ratio(x - 1);
  // Tables that are as likely but for rounding count too.
  const double limit = chance(a) * (1 + 1e-7);
  double all = 0, extreme = 0;
  for (double value : chances) {
    all += value;
    if (value <= limit) extreme += value;
  }
  const double cross = static_cast<double>(b) * static_cast<double>(c);
  const double odds = static_cast<double>(a) * static_cast<double>(d);
  return {cross > 0 ? odds / cross : kInfinity, std::min(1.0, extreme / all)};
}

TestResult PermutedTotalVariation(Counts reference, Counts current, int permutations,
                                  uint64_t seed) {
  const double observed = TotalVariation(reference, current);
  std::vector<uint32_t> rows;
  for (size_t i = 0; i < reference.size(); ++i) {
    rows.insert(rows.end(), static_cast<size_t>(reference[i] + current[i]),
                static_cast<uint32_t>(i));
  }
  const auto drawn = static_cast<size_t>(Total(reference));
  std::mt19937_64 random(seed);
  int as_far = 0;
  std::vector<int64_t> first(reference.size()), second(reference.size());
  for (int permutation = 0; permutation < permutations; ++permutation) {
    std::fill(first.begin(), first.end(), 0);
    for (size_t i = 0; i < drawn; ++i) {
      std::swap(rows[i], rows[i + random() % (rows.size() - i)]);
      ++first[rows[i]];
    }
    for (size_t i = 0; i < first.size(); ++i) second[i] = reference[i] + current[i] - first[i];
    as_far += TotalVariation(first, second) >= observed;
  }
  return {observed, static_cast<double>(as_far) / permutations};
}

}  // namespace millwright::statistics
