// What is told of parts, made apart and written to files between, against the whole.
#include "quality/profile_merge.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "base/error.h"
#include "quality/table_profiler.h"

namespace millwright::quality {
namespace {

constexpr char kTable[] =
    "(SELECT range AS i, sin(range) * 1000 AS x, range % 7 AS few, "
    "CASE WHEN range % 11 = 0 THEN NULL WHEN range % 2 = 0 THEN 'even' ELSE 'odd ' || (range % 5) "
    "END AS word, "
    "'name ' || (range * 7919 % 30000) AS name, CASE WHEN range % 97 = 0 THEN 'inf'::DOUBLE ELSE "
    "hash(range) % 1000003 / 7 END AS h, TIMESTAMP '2001-01-01' + INTERVAL (range) MINUTE AS at, "
    "CASE WHEN hash(range) % 3 = 0 THEN 'hot' ELSE 'n' || (hash(range) % 9001) END AS skewed "
    "FROM range(60000))";

TableProfile Part(analytics::Session& session, int64_t from, int64_t to) {
  const TableProfile profile = ProfileWholeTable(
      session, fmt::format("(SELECT * FROM {} WHERE i >= {} AND i < {})", kTable, from, to));
  return TableProfile::FromJson(ParseJson(profile.ToJson().Dump()));
}

class MergedProfile : public testing::Test {
 protected:
  MergedProfile() {
    analytics::Session session;
    whole_ = ProfileWholeTable(session, kTable);
    merged_ = MergeProfiles({Part(session, 0, 20'000), Part(session, 20'000, 20'001),
                             Part(session, 20'001, 20'001), Part(session, 20'001, 60'000)});
  }

  void SameNumbers(const std::string& name) const {
    const NumberFigures &a = *whole_.Find(name)->numbers, &b = *merged_.Find(name)->numbers;
    EXPECT_EQ(a.zeros, b.zeros) << name;
    EXPECT_EQ(a.negatives, b.negatives) << name;
    EXPECT_EQ(a.infinite, b.infinite) << name;
    EXPECT_EQ(a.is_rising, b.is_rising) << name;
    EXPECT_EQ(a.is_falling, b.is_falling) << name;
    EXPECT_EQ(a.min, b.min) << name;
    EXPECT_EQ(a.max, b.max) << name;
    EXPECT_NEAR(*a.mean, *b.mean, 1e-9 * std::abs(*a.stddev)) << name;
    EXPECT_NEAR(*a.sum, *b.sum, 1e-9 * std::abs(*a.stddev) * 60'000) << name;
    EXPECT_NEAR(*a.stddev, *b.stddev, 1e-9 * *a.stddev) << name;
    EXPECT_NEAR(*a.skewness, *b.skewness, 1e-9) << name;
    EXPECT_NEAR(*a.kurtosis, *b.kurtosis, 1e-9) << name;
  }

  TableProfile whole_, merged_;
};

TEST_F(MergedProfile, IsExactInCountsAndMoments) {
  EXPECT_EQ(merged_.rows, whole_.rows);
  EXPECT_EQ(merged_.parts, 3);
  EXPECT_EQ(merged_.rows_with_missing, whole_.rows_with_missing);
  EXPECT_EQ(merged_.MissingCells(), whole_.MissingCells());
  for (const char* name : {"i", "x", "few", "h"}) SameNumbers(name);
  for (const char* name : {"word", "name"}) {
    const TextFigures &a = *whole_.Find(name)->text, &b = *merged_.Find(name)->text;
    EXPECT_EQ(a.length_min, b.length_min);
    EXPECT_EQ(a.length_max, b.length_max);
    EXPECT_NEAR(a.length_mean, b.length_mean, 1e-9);
    EXPECT_EQ(a.length_median, b.length_median);
    EXPECT_EQ(a.empty, b.empty);
  }
}

TEST_F(MergedProfile, IsExactInColumnsOfFewValues) {
  const ColumnStatistics &few = *merged_.Find("few"), &word = *merged_.Find("word");
  EXPECT_EQ(few.rank_error, 0);
  EXPECT_EQ(few.numbers->quantiles, whole_.Find("few")->numbers->quantiles);
  EXPECT_EQ(few.numbers->bins_auto->counts, whole_.Find("few")->numbers->bins_auto->counts);
  EXPECT_EQ(word.distinct, whole_.Find("word")->distinct);
  EXPECT_EQ(word.top_values_error, 0);
  for (size_t i = 0; i < word.top_values.size(); ++i) {
    EXPECT_EQ(word.top_values[i].value, whole_.Find("word")->top_values[i].value);
    EXPECT_EQ(word.top_values[i].count, whole_.Find("word")->top_values[i].count);
  }
  EXPECT_NEAR(*word.text->entropy, *whole_.Find("word")->text->entropy, 1e-12);
}

TEST_F(MergedProfile, IsExactInPearsonAndCategories) {
  ASSERT_EQ(merged_.associations.pearson.size(), whole_.associations.pearson.size());
  for (size_t i = 0; i < merged_.associations.pearson.size(); ++i)
    EXPECT_NEAR(merged_.associations.pearson[i].value, whole_.associations.pearson[i].value, 1e-9);
  ASSERT_FALSE(merged_.associations.correlation_ratio.empty());
  for (size_t i = 0; i < merged_.associations.correlation_ratio.size(); ++i)
    EXPECT_NEAR(merged_.associations.correlation_ratio[i].value,
                whole_.associations.correlation_ratio[i].value, 1e-9);
  EXPECT_TRUE(merged_.associations.spearman.empty());
}

TEST_F(MergedProfile, KeepsRanksWithinTheirBound) {
  analytics::Session session;
  for (const char* name : {"i", "x", "h"}) {
    const ColumnStatistics& column = *merged_.Find(name);
    EXPECT_GT(column.rank_error, 0) << name;
    EXPECT_LE(column.rank_error, 0.01) << name;
    for (const auto& [q, value] : column.numbers->quantiles) {
      const auto below = session.Query(fmt::format(
          "SELECT count(*) FILTER ({0} < {1}), count(*) FILTER ({0} <= {1}), count(*) FROM {2} "
          "WHERE isfinite({0}::DOUBLE)",
          name, Json(value).Dump(), kTable));
      const auto n = static_cast<double>(below.Int(0, 2));
      EXPECT_LE(static_cast<double>(below.Int(0, 0)) / n, q + column.rank_error + 1 / n) << name;
      EXPECT_GE(static_cast<double>(below.Int(0, 1)) / n, q - column.rank_error - 1 / n) << name;
    }
  }
}

TEST_F(MergedProfile, KeepsDistinctAndFrequentValuesWithinTheirBounds) {
  for (const char* name : {"i", "x", "name", "skewed"}) {
    const ColumnStatistics &a = *whole_.Find(name), &b = *merged_.Find(name);
    EXPECT_GT(b.distinct_error, 0) << name;
    EXPECT_NEAR(static_cast<double>(b.distinct) / static_cast<double>(a.distinct), 1,
                4 * b.distinct_error)
        << name;
  }
  const ColumnStatistics& skewed = *merged_.Find("skewed");
  EXPECT_EQ(skewed.top_values[0].value.AsString(), "hot");
  std::map<std::string, int64_t> counts;
  for (const TopValue& top : whole_.Find("skewed")->top_values)
    counts[top.value.AsString()] = top.count;
  for (const TopValue& top : skewed.top_values) {
    const auto found = counts.find(top.value.AsString());
    if (found == counts.end()) continue;
    EXPECT_LE(top.count, found->second);
    EXPECT_GE(top.count + skewed.top_values_error, found->second);
  }
  EXPECT_FALSE(skewed.text->entropy);
}

TEST(MergeProfiles, RefusesPartsThatAreOfDifferentTables) {
  analytics::Session session;
  const auto of = [&](const char* sql) { return ProfileWholeTable(session, sql); };
  const TableProfile numbers = of("(SELECT range AS a FROM range(5))");
  const auto refuses = [&](const TableProfile& other) {
    EXPECT_THROW(MergeProfiles({numbers, other}), Error);
  };
  refuses(of("(SELECT range AS b FROM range(5))"));
  refuses(of("(SELECT 'x' AS a FROM range(5))"));
  refuses(of("(SELECT range AS a, 1 AS b FROM range(5))"));
  refuses(TableProfile::FromJson(numbers.ToJson(TableProfile::Sketches::kWithout)));
  EXPECT_THROW(MergeProfiles({}), Error);
}

TEST(MergeProfiles, TakesAMissingColumnForAnyKindAndIntegersForReals) {
  analytics::Session session;
  const TableProfile merged = MergeProfiles(
      {ProfileWholeTable(session, "(SELECT NULL AS a, range AS b FROM range(5))"),
       ProfileWholeTable(session, "(SELECT 'x' AS a, range + 0.5::DOUBLE AS b FROM range(5))")});
  EXPECT_EQ(merged.Find("a")->missing, 5);
  EXPECT_EQ(merged.Find("a")->top_values[0].count, 5);
  EXPECT_EQ(merged.Find("b")->type, "double");
  EXPECT_EQ(merged.Find("b")->numbers->median, 2.25);
}

}  // namespace
}  // namespace millwright::quality
