#include "statistics/rank_tests.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "statistics/distributions.h"

namespace millwright::statistics {
namespace {

__extension__ using Count = unsigned __int128;

constexpr int64_t kExactRowsMax = 8;
constexpr double kCountBits = 126;

double Sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

// Σ t³ − t over tied values.
double TieTerm(const PooledRanks& ranks) {
  double sum = 0;
  for (int64_t ties : ranks.ties) {
    const auto t = static_cast<double>(ties);
    sum += t * t * t - t;
  }
  return sum;
}

double BitsOfArrangements(int64_t m, int64_t n) {
  return (std::lgamma(static_cast<double>(m + n + 1)) - std::lgamma(static_cast<double>(m + 1)) -
          std::lgamma(static_cast<double>(n + 1))) /
         std::log(2.0);
}

// The chance of U to be u or more. The numbers of arrangements are the coefficients of a Gaussian
// binomial, built factor by factor in whole numbers.
double MannWhitneyTail(int64_t u, int64_t m, int64_t n) {
  if (m > n) std::swap(m, n);
  // By symmetry the chance of at most m·n − u.
  const int64_t below = m * n - u;
  const bool lower = below <= u;
  const int64_t last = lower ? below : u - 1;
  if (last < 0) return lower ? 0 : 1;
  std::vector<Count> ways(static_cast<size_t>(last) + 1, 0);
  ways[0] = 1;
  Count all = 1;
  for (int64_t i = 1; i <= m; ++i) {
    // Multiplied by 1 − q^(n+i), then divided by 1 − q^i.
    for (int64_t k = last; k >= n + i; --k) {
      ways[static_cast<size_t>(k)] -= ways[static_cast<size_t>(k - n - i)];
    }
    for (int64_t k = i; k <= last; ++k) {
      ways[static_cast<size_t>(k)] += ways[static_cast<size_t>(k - i)];
    }
    // The quotient is whole at every step; the greatest divisor keeps the product small.
    const Count factor = static_cast<Count>(n + i), divisor = static_cast<Count>(i);
    all = all / divisor * factor + all % divisor * factor / divisor;
  }
  long double sum = 0;
  for (Count count : ways) sum += static_cast<long double>(count);
  const long double share = sum / static_cast<long double>(all);
  return static_cast<double>(lower ? share : 1 - share);
}

double MannWhitneyNormal(double u, double m, double n, const PooledRanks& ranks,
                         Continuity continuity) {
  const double all = m + n;
  const double deviation = std::sqrt(m * n / 12 * ((all + 1) - TieTerm(ranks) / (all * (all - 1))));
  const double numerator = u - m * n / 2 - (continuity == Continuity::kCorrected ? 0.5 : 0);
  if (deviation == 0 && numerator == 0) {
    throw FailedPrecondition("Mann–Whitney needs two distinct values");
  }
  return NormalTail(numerator / deviation);
}

// What a chosen alternative looks at: the statistic of which the upper tail counts, and how often.
struct Tail {
  double u = 0;
  double sides = 1;
};

Tail TailOf(double u, double pairs, Alternative alternative) {
  if (alternative == Alternative::kGreater) return {u, 1};
  if (alternative == Alternative::kLess) return {pairs - u, 1};
  return {std::max(u, pairs - u), 2};
}

}  // namespace

TestResult MannWhitney(Sample a, Sample b, const MannWhitneyOptions& options) {
  const PooledRanks ranks = Rank(a, b);
  const auto m = static_cast<int64_t>(a.size()), n = static_cast<int64_t>(b.size());
  const double rows = static_cast<double>(m), other = static_cast<double>(n);
  const double u = Sum(ranks.first) - rows * (rows + 1) / 2;
  const Tail tail = TailOf(u, rows * other, options.alternative);
  const bool countable = BitsOfArrangements(m, n) < kCountBits;
  const bool exact = options.method == Method::kExact ||
                     (options.method == Method::kAuto && std::min(m, n) <= kExactRowsMax &&
                      !ranks.has_ties() && countable);
  if (exact && !countable) {
    throw InvalidArgument("Too many rows for an exact Mann–Whitney test: {} and {}", m, n);
  }
  const double chance = exact ? MannWhitneyTail(static_cast<int64_t>(tail.u), m, n)
                              : MannWhitneyNormal(tail.u, rows, other, ranks, options.continuity);
  return {u, std::clamp(chance * tail.sides, 0.0, 1.0)};
}

TestResult Kruskal(Sample a, Sample b) {
  const PooledRanks ranks = Rank(a, b);
  const double m = static_cast<double>(a.size()), n = static_cast<double>(b.size());
  const double all = m + n;
  const double spread = 1 - TieTerm(ranks) / (all * all * all - all);
  if (!(spread > 0)) throw FailedPrecondition("Kruskal–Wallis needs two distinct values");
  const double first = Sum(ranks.first), second = Sum(ranks.second);
  const double squares = first * first / m + second * second / n;
  const double h = (12 / (all * (all + 1)) * squares - 3 * (all + 1)) / spread;
  return {h, ChiSquareTail(h, 1)};
}

namespace {

// The sum of i² up to n.
double SquaresUpTo(double n) {
  return n * (n + 1) * (2 * n + 1) / 6;
}

}  // namespace

TestResult Mood(Sample a, Sample b) {
  const std::vector<double> first = Sorted(a), second = Sorted(b);
  const double m = static_cast<double>(a.size()), n = static_cast<double>(b.size());
  const double all = m + n, middle = (all + 1) / 2;
  if (all < 3) throw FailedPrecondition("Mood's test needs three rows");
  double statistic = 0, ties = 0;
  size_t before_a = 0, before_b = 0;
  WalkBoth(first, second, [&](double, double, size_t in_a, size_t in_b) {
    const double below = static_cast<double>(before_a + before_b);
    const double upto = static_cast<double>(in_a + in_b), t = upto - below;
    // The mean squared distance from the middle of the ranks that these rows share.
    const double distance = (SquaresUpTo(upto) - SquaresUpTo(below)) / t -
                            middle * (upto + below + 1) + middle * middle;
    statistic += static_cast<double>(in_a - before_a) * distance;
    const double asymmetry = all - upto - below;
    ties += t * (t * t - 1) * (t * t - 4 + 15 * asymmetry * asymmetry);
    before_a = in_a;
    before_b = in_b;
  });
  const double mean = m * (all * all - 1) / 12;
  const double variance =
      m * n * (all + 1) * (all * all - 4) / 180 - m * n / (180 * all * (all - 1)) * ties;
  // What is left of the difference where all rows are tied is rounding.
  if (!(variance > 1e-12 * m * n * all * all * all)) {
    throw FailedPrecondition("Mood's test needs two distinct values");
  }
  const double z = (statistic - mean) / std::sqrt(variance);
  return {z, NormalTails(z)};
}

namespace {

constexpr size_t kAnsariExactBelow = 55;

// How many choices of m of all ranks have each sum of ranks counted from both ends.
double AnsariChance(double statistic, size_t m, size_t all) {
  const size_t sum_max = m * ((all + 1) / 2);
  std::vector<std::vector<double>> ways(m + 1, std::vector<double>(sum_max + 1, 0.0));
  ways[0][0] = 1;
  for (size_t rank = 1; rank <= all; ++rank) {
    const size_t score = std::min(rank, all + 1 - rank);
    for (size_t chosen = std::min(rank, m); chosen > 0; --chosen) {
      for (size_t sum = sum_max; sum >= score; --sum) {
        ways[chosen][sum] += ways[chosen - 1][sum - score];
      }
    }
  }
  double total = 0, at_most = 0, at_least = 0;
  for (size_t sum = 0; sum <= sum_max; ++sum) {
    total += ways[m][sum];
    if (static_cast<double>(sum) <= statistic) at_most += ways[m][sum];
    if (static_cast<double>(sum) >= statistic) at_least += ways[m][sum];
  }
  return std::min(1.0, 2 * std::min(at_most, at_least) / total);
}

}  // namespace

TestResult AnsariBradley(Sample a, Sample b) {
  const PooledRanks ranks = Rank(a, b);
  const double m = static_cast<double>(a.size()), n = static_cast<double>(b.size());
  const double all = m + n;
  double statistic = 0, squares = 0;
  for (double rank : ranks.first) {
    const double score = std::min(rank, all - rank + 1);
    statistic += score;
    squares += score * score;
  }
  for (double rank : ranks.second) {
    const double score = std::min(rank, all - rank + 1);
    squares += score * score;
  }
  if (!ranks.has_ties() && std::max(a.size(), b.size()) < kAnsariExactBelow) {
    return {statistic, AnsariChance(statistic, a.size(), a.size() + b.size())};
  }
  const bool odd = (a.size() + b.size()) % 2 == 1;
  const double mean = odd ? m * (all + 1) * (all + 1) / 4 / all : m * (all + 2) / 4;
  const double expected = odd ? (all + 1) * (all + 1) / (4 * all) : (all + 2) / 4;
  const double variance = m * n * (squares / all - expected * expected) / (all - 1);
  if (!(variance > 1e-12 * m * n))
    throw FailedPrecondition("Ansari–Bradley needs two distinct values");
  return {statistic, NormalTails((mean - statistic) / std::sqrt(variance))};
}

}  // namespace millwright::statistics
