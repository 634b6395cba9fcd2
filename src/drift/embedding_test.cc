#include "drift/embedding.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

#include "drift/embedding_drift.h"
#include "drift/reference_drift.h"

namespace millwright::drift {
namespace {

// What a digits classifier says of real pictures, ten numbers a picture.
const std::string kDigits =
    "(SELECT y_true, [p0, p1, p2, p3, p4, p5, p6, p7, p8, p9]::FLOAT[10] AS "
    "vector, row_number() OVER () AS n FROM read_csv('" +
    std::string(MILLWRIGHT_SOURCE_DIR) + "/tests/data/metrics/multiclass_digits.csv.gz'))";

std::string Where(const std::string& condition) {
  return "(SELECT vector FROM " + kDigits + " WHERE " + condition + ")";
}

TEST(Embedding, KnowsListsOfNumbers) {
  const auto is = [](const char* type) {
    return IsEmbedding({"e", analytics::ColumnType::kOther, type});
  };
  for (const char* type : {"FLOAT[384]", "DOUBLE[]", "INTEGER[3]"}) EXPECT_TRUE(is(type)) << type;
  for (const char* type : {"VARCHAR[]", "FLOAT[][]", "STRUCT(a FLOAT[3])", "BLOB"}) {
    EXPECT_FALSE(is(type)) << type;
  }
}

TEST(Embedding, ReadsPointsAndLeavesOutWhatIsNone) {
  analytics::Session session;
  session.Execute(
      "CREATE TABLE t AS SELECT unnest([[1.0, 2.0], [3.0, 4.0], NULL, [5.0], [6.0, NULL], [7.0, "
      "'inf'::DOUBLE], [8.0, 9.0]]) AS e");
  EXPECT_EQ(EmbeddingDimensions(session, "t", "e"), 2u);
  const Points points = ReadPoints(session, "t", "e", 2, 100, 0);
  EXPECT_EQ(points.values, (std::vector<double>{1, 2, 3, 4, 8, 9}));
  EXPECT_EQ(points.rows, 7);
  const EmbeddingSummary summary = SummarizeEmbedding(session, "t", "e");
  EXPECT_EQ(summary.points, 3);
  EXPECT_EQ(summary.mean, (std::vector<double>{4, 5}));
  EXPECT_NEAR(summary.spread, 26, 1e-9);
  EXPECT_EQ(EmbeddingSummary::FromJson(summary.ToJson()).ToJson(), summary.ToJson());
}

TEST(Embedding, MeasuresTheShiftOfTheMiddle) {
  const EmbeddingSummary reference{"e:embedding", "e", 100, {3, 4}, 4, 2};
  const MeanShift shift = ShiftOf(reference, {3, 3}, 100);
  EXPECT_NEAR(shift.distance, 1, 1e-12);
  EXPECT_NEAR(shift.relative, 0.5, 1e-12);
  EXPECT_NEAR(shift.cosine_distance, 1 - 21 / (5 * std::sqrt(18)), 1e-12);
  EXPECT_NEAR(shift.p_value, std::exp(-12.5), 1e-12) << "two degrees are an exponential: 25 / 2";
}

// The chance of a shift is right for points whose numbers hang together.
TEST(Embedding, CallsChanceByItsName) {
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal;
  analytics::Session session;
  session.Execute("CREATE TABLE t (e DOUBLE[])");
  constexpr size_t kRows = 400, kRounds = 300;
  int alarms = 0;
  const auto point = [&] {
    std::vector<double> values(12);
    const double common = 2 * normal(random);
    for (double& value : values) value = common + normal(random);
    return values;
  };
  std::string rows;
  for (size_t i = 0; i < 4000; ++i) {
    std::string list;
    for (double value : point()) list += (list.empty() ? "" : ", ") + std::to_string(value);
    rows += (rows.empty() ? "([" : "), ([") + list + "]";
  }
  session.Execute("INSERT INTO t VALUES " + rows + ")");
  const EmbeddingSummary reference = SummarizeEmbedding(session, "t", "e");
  for (size_t round = 0; round < kRounds; ++round) {
    std::vector<double> mean(12);
    for (size_t i = 0; i < kRows; ++i) {
      const std::vector<double> values = point();
      for (size_t c = 0; c < 12; ++c) mean[c] += values[c] / kRows;
    }
    alarms += ShiftOf(reference, mean, kRows).p_value < 0.05;
  }
  EXPECT_NEAR(alarms, kRounds * 0.05, 14);
}

TEST(EmbeddingDrift, SeesTwoDigitsOfTenAndNoChangeOfHalves) {
  analytics::Session session;
  const auto points = [&](const std::string& condition) {
    return ReadPoints(session, Where(condition), "vector", 10, kEmbeddingRowsMax, 0);
  };
  const Points even = points("hash(n) % 2 = 0");
  const EmbeddingDrift same = CompareEmbeddings(even, points("hash(n) % 2 = 1"));
  const EmbeddingDrift other =
      CompareEmbeddings(even, points("hash(n) % 2 = 1 AND y_true IN (3, 7)"));
  ASSERT_EQ(same.methods.size(), 6u);
  for (const EmbeddingMethod& method : same.methods) {
    EXPECT_FALSE(method.drifted) << method.name << " " << same.ToJson().Dump();
  }
  for (const EmbeddingMethod& method : other.methods) {
    // Probabilities are small numbers: distances without a unit stay below Evidently's 0.2.
    const bool has_no_unit = method.name == "euclidean" || method.name == "cosine";
    EXPECT_EQ(method.drifted, !has_no_unit) << method.name << " " << other.ToJson().Dump();
  }
  const EmbeddingDrift few = CompareEmbeddings(even, points("n < 30"));
  for (const EmbeddingMethod& method : few.methods) {
    EXPECT_EQ(method.status, DriftStatus::kNotEnoughData) << method.name;
  }
}

// The middle stays where it is; only what looks at whole distributions sees it.
TEST(EmbeddingDrift, SeesMoreThanTheMiddle) {
  std::mt19937_64 random(3);
  std::normal_distribution<double> normal;
  Points narrow{.dimensions = 3, .values = {}, .rows = 600}, wide = narrow;
  for (int i = 0; i < 1800; ++i) {
    narrow.values.push_back(normal(random));
    wide.values.push_back(1.6 * normal(random));
  }
  const EmbeddingDrift drift = CompareEmbeddings(narrow, wide);
  EXPECT_FALSE(drift.Find("mean_distance")->drifted);
  for (const char* name : {"mmd", "components", "classifier"}) {
    EXPECT_TRUE(drift.Find(name)->drifted) << name << drift.ToJson().Dump();
  }
}

TEST(Embedding, IsAColumnOfADriftReport) {
  analytics::Session session;
  const Reference reference = MakeReference(session, Where("hash(n) % 2 = 0"));
  ASSERT_EQ(reference.embeddings.size(), 1u);
  const Reference read = Reference::FromJson(reference.ToJson());
  const auto compare = [&](const std::string& condition) {
    return CompareWithReference(session, Where(condition), read, MillwrightPreset()).at(0);
  };
  const FeatureDrift same = compare("hash(n) % 2 = 1");
  EXPECT_EQ(same.name, "vector:embedding");
  EXPECT_EQ(same.method, "mean_distance");
  EXPECT_FALSE(same.drifted) << *same.score << " " << *same.p_value;
  const FeatureDrift fewer = compare("hash(n) % 2 = 1 AND y_true NOT IN (3, 7)");
  EXPECT_TRUE(fewer.drifted) << *fewer.score << " " << *fewer.p_value;
  const FeatureDrift few = compare("n < 30");
  EXPECT_EQ(few.status, DriftStatus::kNotEnoughData);
  const FeatureDrift other =
      CompareWithReference(session, "(SELECT [0.5, 0.5] AS vector FROM range(500))", read,
                           MillwrightPreset())
          .at(0);
  EXPECT_EQ(other.status, DriftStatus::kNotEnoughData) << "lists of another length are no points";
}

}  // namespace
}  // namespace millwright::drift
