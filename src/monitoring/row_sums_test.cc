// Sums of parts say of the whole what its rows say.
#include "monitoring/row_sums.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "base/error.h"

namespace millwright::monitoring {
namespace {

std::vector<double> Numbers(std::mt19937_64& random, size_t count) {
  std::lognormal_distribution<double> numbers(1, 2);
  std::vector<double> all(count);
  for (double& number : all) number = numbers(random);
  return all;
}

double RankOf(const std::vector<double>& all, double value) {
  const auto below = std::count_if(all.begin(), all.end(), [&](double x) { return x <= value; });
  return static_cast<double>(below) / static_cast<double>(all.size());
}

TEST(NumberSums, MiddlesOfManyPartsAreRightToAHundredthOfTheRows) {
  std::mt19937_64 random(11);
  NumberSums sums;
  std::vector<double> all;
  for (size_t part = 0; part < 40; ++part) {
    std::vector<double> numbers = Numbers(random, 100 + random() % 5'000);
    for (double& number : numbers) number += static_cast<double>(part);  // parts differ
    all.insert(all.end(), numbers.begin(), numbers.end());
    sums.Add(NumberSums::Of(&numbers, 128));
  }
  EXPECT_TRUE(sums.is_sampled);
  EXPECT_EQ(sums.count, static_cast<int64_t>(all.size()));
  EXPECT_EQ(sums.min, *std::min_element(all.begin(), all.end()));
  EXPECT_EQ(sums.max, *std::max_element(all.begin(), all.end()));
  for (double share : {0.01, 0.25, 0.5, 0.75, 0.99}) {
    EXPECT_NEAR(RankOf(all, sums.Quantile(share).value()), share, 0.01);
  }
  EXPECT_NEAR(sums.CountFrom(7), (1 - RankOf(all, 7)) * static_cast<double>(all.size()),
              0.01 * static_cast<double>(all.size()));
}

TEST(NumberSums, FewNumbersAreAllKept) {
  std::vector<double> four{4, 1, 3, 2}, odd{std::nan(""), INFINITY, 7};
  NumberSums sums = NumberSums::Of(&four, 128);
  EXPECT_EQ(sums.Quantile(0.5), 2.5);
  sums.Add(NumberSums::Of(&odd, 128));
  EXPECT_FALSE(sums.is_sampled);
  EXPECT_EQ(sums.Quantile(0.5), 3);
  EXPECT_EQ(sums.count, 5);
  EXPECT_EQ(sums.infinite, 2);
  EXPECT_EQ(sums.sum, 17);
  EXPECT_EQ(NumberSums().Quantile(0.5), std::nullopt);
}

TEST(DistinctSketch, CountsFewExactlyAndManyAbout) {
  std::mt19937_64 random(3);
  for (size_t count : {0, 1, 255, 256, 257, 10'000, 1'000'000}) {
    DistinctSketch one, other;
    for (size_t i = 0; i < count; ++i) {
      const uint64_t hash = random();
      one.Add(hash);
      if (i % 3 == 0) other.Add(hash);  // told by both: counted once
    }
    one.Add(other);
    EXPECT_EQ(one.is_exact(), count <= kFewValuesMax) << count;
    if (one.is_exact()) {
      EXPECT_EQ(one.count(), static_cast<int64_t>(count));
    } else {
      EXPECT_NEAR(static_cast<double>(one.count()) / static_cast<double>(count), 1, 0.1) << count;
    }
  }
}

constexpr char kRows[] =
    "(SELECT CASE WHEN n % 10 = 0 THEN 'shadow' ELSE 'live' END AS role, CASE WHEN n % 7 = 0 THEN "
    "'no' ELSE '' END AS error, n AS event_time_ms, 100 + n % 50 AS latency_us, 'v' || n % 2 AS "
    "model_version, n AS input_number, CASE WHEN n % 4 > 0 THEN 'abc'[n % 3 + 1] END AS "
    "input_word, n % 3 = 0 AS input_truth, (n % 100) / 100.0 AS output_probability FROM range(";

RowSums Range(analytics::Session& session, int from, int to) {
  return SumRows(session, kRows + std::to_string(from) + ", " + std::to_string(to) + ") r(n))");
}

TEST(RowSums, OfPartsAreThoseOfTheWhole) {
  analytics::Session session;
  RowSums parts = Range(session, 0, 1'000);
  ASSERT_TRUE(parts.Add(Range(session, 1'000, 1'100)));
  ASSERT_TRUE(parts.Add(Range(session, 1'100, 2'000)));
  const RowSums whole = Range(session, 0, 2'000);
  EXPECT_EQ(parts.rows, 1'800);
  for (const RowSums* sums : std::initializer_list<const RowSums*>{&parts, &whole}) {
    EXPECT_EQ(sums->rows, whole.rows);
    EXPECT_EQ(sums->errors, whole.errors);
    EXPECT_EQ(sums->first_ms, 1);
    EXPECT_EQ(sums->last_ms, 1'999);
    EXPECT_EQ(sums->versions.counts, (std::map<std::string, int64_t>{{"v0", 800}, {"v1", 1000}}));
    ASSERT_EQ(sums->columns.size(), 4u);
    EXPECT_EQ(sums->columns[0].name, "input_number");
    EXPECT_TRUE(sums->columns[0].is_number);
    EXPECT_NEAR(static_cast<double>(sums->columns[0].distinct.count()), 1'800, 100);
    EXPECT_EQ(sums->columns[1].texts.counts, whole.columns[1].texts.counts);
    EXPECT_EQ(sums->columns[1].present, 1'800 - 400);
    EXPECT_EQ(sums->columns[2].texts.counts.size(), 2u) << "true and false";
    EXPECT_EQ(sums->columns[3].distinct.count(), 90) << "no shadows";
  }
}

TEST(RowSums, AreReadAsTheyWereWritten) {
  analytics::Session session;
  const RowSums sums = Range(session, 0, 2'000);
  const std::string bytes = Encode(sums);
  EXPECT_EQ(Encode(DecodeRowSums(bytes)), bytes);
  for (size_t cut = 0; cut < bytes.size(); cut += 1 + cut / 50) {
    EXPECT_THROW(DecodeRowSums(bytes.substr(0, cut)), Error) << cut;
  }
  EXPECT_THROW(DecodeRowSums(bytes + " "), Error);
  std::mt19937_64 random(5);
  for (int round = 0; round < 300; ++round) {
    std::string damaged = bytes;
    damaged[random() % damaged.size()] ^= static_cast<char>(1 + random() % 255);
    try {
      DecodeRowSums(damaged);
    } catch (const Error&) {
    }
  }
}

TEST(RowSums, ANumberAndATextUnderOneNameAreNotSummed) {
  analytics::Session session;
  RowSums sums = Range(session, 0, 10);
  RowSums other = Range(session, 0, 10);
  other.columns[0].is_number = false;
  EXPECT_FALSE(sums.Add(other));
}

}  // namespace
}  // namespace millwright::monitoring
