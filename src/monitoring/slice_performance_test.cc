#include "monitoring/slice_performance.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"

namespace millwright::monitoring {
namespace {

// A thousand answers: about one in ten is wrong, but one in two of carrier XX; group 1 is said yes
// to twice as often as group 0. The digests stand for chance and are the same everywhere.
constexpr char kRows[] =
    "CREATE TABLE log AS SELECT *, CASE WHEN wrong THEN 1 - said ELSE said END AS outcome, CASE "
    "WHEN "
    "said = 1 THEN 0.9 ELSE 0.1 END AS output_probability, CAST(NULL AS VARCHAR) AS outcome_text "
    "FROM (SELECT CASE WHEN i % 10 = 3 THEN 'XX' WHEN i % 2 = 0 THEN 'AA' ELSE 'UA' END AS "
    "input_carrier, i // 500 AS input_group, md5_number_lower('a' || i) % 100 < (CASE WHEN i % 10 "
    "= 3 "
    "THEN 50 ELSE 10 END) AS wrong, CAST(md5_number_lower('b' || i) % 4 < 1 + i // 500 AS INTEGER) "
    "AS "
    "said, md5_number_lower('c' || i) % 1000 AS input_distance FROM range(1000) t(i))";

class SlicesTest : public ::testing::Test {
 protected:
  SlicesTest() { session_.Execute(kRows); }
  SlicePerformance Measure(const SliceOptions& options) {
    return MeasureSlices(session_, "log", {}, options);
  }
  int64_t Count(const std::string& sql) {
    return session_.Query("SELECT count(*) FROM log WHERE " + sql).Int(0, 0);
  }
  analytics::Session session_;
};

TEST_F(SlicesTest, FindTheWorstByThemselvesAndNoOther) {
  const auto performance = Measure({});
  EXPECT_EQ(performance.all.rows(), 1000);
  EXPECT_EQ(performance.all.false_positive, Count("wrong AND said = 1"));
  EXPECT_EQ(performance.all.false_negative, Count("wrong AND said = 0"));
  ASSERT_GT(performance.slices.size(), 8u);
  EXPECT_EQ(performance.slices[0].input, "carrier");
  EXPECT_EQ(performance.slices[0].value, "XX");
  EXPECT_EQ(performance.slices[0].figures.rows(), 100);
  EXPECT_TRUE(performance.slices[0].is_worse);
  for (size_t i = 1; i < performance.slices.size(); ++i) {
    EXPECT_FALSE(performance.slices[i].is_worse) << performance.slices[i].value;
  }
  // A number is cut into fifths.
  int64_t rows = 0, bins = 0;
  for (const auto& slice : performance.slices) {
    if (slice.input != "distance") continue;
    rows += slice.figures.rows();
    ++bins;
    EXPECT_GT(slice.figures.rows(), 150) << slice.value;
  }
  EXPECT_EQ(rows, 1000);
  EXPECT_EQ(bins, 5);
}

TEST_F(SlicesTest, CostWhatTheMatrixSays) {
  const auto performance =
      Measure({.inputs = {"carrier"},
               .costs = {.true_positive = -2, .false_positive = 1, .false_negative = 5}});
  EXPECT_EQ(performance.cost, -2.0 * static_cast<double>(Count("NOT wrong AND said = 1")) +
                                  static_cast<double>(Count("wrong AND said = 1")) +
                                  5.0 * static_cast<double>(Count("wrong AND said = 0")));
}

TEST_F(SlicesTest, SayHowFarGroupsLieApart) {
  const auto performance = Measure({.inputs = {"group"}});
  ASSERT_EQ(performance.disparities.size(), 1u);
  const Disparity& disparity = performance.disparities[0];
  EXPECT_EQ(disparity.groups, 2);
  EXPECT_DOUBLE_EQ(*disparity.selection_rate,
                   static_cast<double>(Count("input_group = 1 AND said = 1") -
                                       Count("input_group = 0 AND said = 1")) /
                       500);
  EXPECT_TRUE(disparity.true_positive_rate);
  // Too few rows are no group.
  EXPECT_EQ(Measure({.inputs = {"group"}, .rows_min = 501}).disparities[0].groups, 0);
}

// The group that is treated worst is seldom among the largest.
TEST_F(SlicesTest, LookAtEveryGroupThatHasRowsEnough) {
  session_.Execute(
      "CREATE TABLE airports AS SELECT * EXCLUDE (output_probability), CASE WHEN input_origin = "
      "'O39' THEN 1 - outcome ELSE outcome END AS output_probability FROM (SELECT i AS id, "
      "CAST(i % 2 AS DOUBLE) AS outcome, 0.0 AS output_probability, CAST(NULL AS VARCHAR) AS "
      "outcome_text, '' AS error, 'O' || CASE WHEN i < 4000 THEN i % 40 ELSE 50 + i % 30 END AS "
      "input_origin FROM range(4300) t(i))");
  const auto performance = MeasureSlices(session_, "airports", {}, {.inputs = {"origin"}});
  EXPECT_EQ(performance.slices[0].value, "O39");
  EXPECT_TRUE(performance.slices[0].is_worse);
  EXPECT_EQ(performance.disparities.at(0).groups, 41);  // forty, and the small ones together
  EXPECT_EQ(performance.disparities[0].true_positive_rate, 1);
  int64_t other = 0;
  for (const auto& slice : performance.slices) {
    if (slice.value == "other") other = slice.figures.rows();
  }
  EXPECT_EQ(other, 300);
}

TEST_F(SlicesTest, RefuseWhatIsNotThere) {
  EXPECT_THROW(Measure({.inputs = {"weight"}}), Error);
  EXPECT_THROW(MeasureSlices(session_, "log", {.probability_output = "score"}, {}), Error);
  EXPECT_EQ(MeasureSlices(session_, "(SELECT * FROM log WHERE FALSE)", {}, {}).all.rows(), 0);
}

// A thousand numbers: off by 1 either way, but by 5, and too high, in the north.
class LossSlicesTest : public ::testing::Test {
 protected:
  LossSlicesTest() {
    session_.Execute(
        "CREATE TABLE log AS SELECT *, 100.0 + i % 7 AS outcome, outcome + error AS "
        "output_minutes, "
        "CAST(NULL AS VARCHAR) AS outcome_text FROM (SELECT i, CASE WHEN i % 10 = 3 THEN 'north' "
        "ELSE 'south' END AS input_place, i % 2 AS input_group, CASE WHEN i % 10 = 3 THEN 5.0 WHEN "
        "i % 2 = 0 THEN 1.0 ELSE -1.0 END AS error FROM range(1000) t(i))");
  }
  static LabelRule Rule() { return {.probability_output = "minutes"}; }
  SlicePerformance Measure(const SliceOptions& options) {
    return MeasureSlices(session_, "log", Rule(), options);
  }
  int64_t Count(const std::string& sql) {
    return session_.Query("SELECT count(*) FROM log WHERE " + sql).Int(0, 0);
  }
  analytics::Session session_;
};

TEST_F(LossSlicesTest, MeasureErrorsWhereAnswersAreNumbers) {
  EXPECT_EQ(FindTask(session_, "log", Rule()), ModelTask::kRegression);
  const auto performance = Measure({.inputs = {"place"}});
  EXPECT_EQ(performance.task, ModelTask::kRegression);
  EXPECT_EQ(performance.rows(), 1000);
  // 900 errors of 1, half of them either way but those of the north, and 100 of 5.
  EXPECT_DOUBLE_EQ(*performance.losses.mae(), 1.4);
  EXPECT_DOUBLE_EQ(*performance.losses.rmse(), std::sqrt((900 + 100 * 25) / 1000.0));
  EXPECT_DOUBLE_EQ(*performance.losses.bias(), (500 - 400 + 500) / 1000.0);
  ASSERT_EQ(performance.slices.size(), 2u);
  EXPECT_EQ(performance.slices[0].value, "north");
  EXPECT_TRUE(performance.slices[0].is_worse);
  EXPECT_LT(*performance.slices[0].adjusted_p, 1e-6);
  EXPECT_FALSE(performance.slices[1].is_worse);
  ASSERT_EQ(performance.disparities.size(), 1u);
  EXPECT_DOUBLE_EQ(*performance.disparities[0].mae, 4);
  EXPECT_DOUBLE_EQ(*performance.disparities[0].bias, 5 - 100 / 900.0);
  EXPECT_FALSE(performance.disparities[0].selection_rate);
}

TEST_F(LossSlicesTest, CostEachUnitTooMuchOrTooLittle) {
  const auto performance = Measure({.inputs = {"place"}, .costs = {.over = 2, .under = 10}});
  EXPECT_DOUBLE_EQ(performance.cost, 2.0 * (500 + 500) + 10.0 * 400);
}

TEST_F(LossSlicesTest, FindMistakesAgain) {
  const ModelTask task = ModelTask::kRegression;
  EXPECT_EQ(Count(MistakesSql(Rule(), task, {.beyond = 2})), 100);
  EXPECT_EQ(Count(MistakesSql(Rule(), task, {.negatives = false})), 600);
  EXPECT_EQ(Count(MistakesSql(Rule(), task, {.positives = false})), 400);
  EXPECT_EQ(Count(MistakesSql(Rule(), task, {.positives = false, .beyond = 1})), 0);
}

TEST_F(SlicesTest, FindMistakesAgain) {
  const ModelTask task = FindTask(session_, "log", {});
  EXPECT_EQ(task, ModelTask::kBinary);
  EXPECT_EQ(Count(MistakesSql({}, task, {})), Count("wrong"));
  EXPECT_EQ(Count(MistakesSql({}, task, {.negatives = false})), Count("wrong AND said = 1"));
  EXPECT_EQ(Count(MistakesSql({}, task, {.positives = false})), Count("wrong AND said = 0"));
}

TEST_F(SlicesTest, LeaveOutInputsThatNobodySentWhereToldTo) {
  const auto performance = Measure({.inputs = {"group", "weight"}, .skips_absent = true});
  EXPECT_EQ(performance.disparities.size(), 1u);
}

// A rule may say what the answers are; where it does not, they do.
TEST_F(SlicesTest, TakeTheTaskThatTheRuleNames) {
  EXPECT_EQ(FindTask(session_, "log", {.task = ModelTask::kRegression}), ModelTask::kRegression);
  EXPECT_EQ(FindTask(session_, "log", {.probability_output = "nothing"}), ModelTask::kNone);
  EXPECT_EQ(FindTask(session_, "(SELECT * FROM log WHERE FALSE)", {}), ModelTask::kNone);
  EXPECT_EQ(FindTask(session_, "(SELECT * REPLACE (3.0 AS outcome) FROM log)", {}),
            ModelTask::kRegression)
      << "an outcome of 3 is no class";
}

}  // namespace
}  // namespace millwright::monitoring
