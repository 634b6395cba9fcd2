#include "loop/simulator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "loop/arm_reader.h"

namespace millwright::loop {
namespace {

constexpr char kPolicy[] = R"(
model: m
triggers: [{alert: {kind: performance}}]
retrain: {pipeline: p, window: 28d}
shadow: {requests: 100}
canary: {steps: [50], requests: 100}
worse: {errors: 0.1}
limits: {cooldown: 7d}
costs: {false_positive: 1, false_negative: 1, retraining: 10, retraining_time: 1h}
)";

// Sixty days of a hundred predictions each, all right until day 35 and half of them wrong from then
// on. `%` of a whole number stands for chance.
constexpr char kHistory[] =
    "SELECT 'p' || i AS id, TIMESTAMP '2001-01-01' + to_minutes(CAST(i * 14.4 AS BIGINT)) AS "
    "asked, "
    "(i * 7919 % 1000) / 1000.0 AS x, CASE WHEN i % 2 = 0 THEN 0.9 ELSE 0.1 END AS p, "
    "CASE WHEN i >= 3500 AND i % 4 < 2 THEN i % 2 = 1 ELSE i % 2 = 0 END AS late "
    "FROM range(6000) t(i)";

class SimulatorTest : public ::testing::Test {
 protected:
  SimulatorTest() {
    file_ = folder_.path() / "history.parquet";
    session_.Execute(std::string("COPY (") + kHistory + ") TO '" + file_.string() +
                     "' (FORMAT parquet)");
  }
  Simulation Run(const char* yaml) {
    const Policy policy = ParsePolicy(yaml);
    const History history =
        OpenHistory(session_, file_, policy, {.time = "asked", .output = "p", .outcome = "late"});
    EXPECT_EQ(history.predictions, 6000);
    EXPECT_EQ(history.outcomes, 6000);
    return Simulate(session_, history, policy, {});
  }

  TempDir folder_;
  std::filesystem::path file_;
  analytics::Session session_;
};

TEST_F(SimulatorTest, RetrainsWhenTheModelBecomesWrongAndSaysWhatItSaves) {
  const Simulation simulation = Run(kPolicy);
  ASSERT_FALSE(simulation.alerts.empty());
  EXPECT_EQ(simulation.alerts[0].crossing.kind, monitoring::AlertKind::kPerformance);
  // The window of days 35 to 42 is the first that is worse.
  EXPECT_EQ(FormatTime(simulation.alerts[0].time_ms).substr(0, 10), "2001-02-12");
  EXPECT_GE(simulation.promotions, 1);
  ASSERT_EQ(simulation.costs.size(), 3);
  const auto cost = [&](const char* plan) {
    return *std::find_if(simulation.costs.begin(), simulation.costs.end(),
                         [&](const PlanCost& each) { return each.plan == plan; });
  };
  EXPECT_EQ(*simulation.reference_cost, 0);
  // Half of 2,500 predictions.
  EXPECT_EQ(cost("never").errors, 1250);
  EXPECT_LT(cost("policy").total(), cost("never").total() - 500);
  EXPECT_EQ(cost("policy").retraining, 10.0 * simulation.retrainings);
  // On 1 February the model was right: training then takes nothing away.
  EXPECT_EQ(cost("monthly").retrainings, 2);
}

TEST_F(SimulatorTest, DecidesByTheSameRulesAsTheServer) {
  const Simulation simulation = Run(kPolicy);
  std::vector<std::string> went_on;
  for (const Decision& decision : simulation.decisions) {
    if (decision.action != Action::kHold) went_on.emplace_back(Name(decision.action));
  }
  went_on.resize(std::min<size_t>(went_on.size(), 7));
  EXPECT_EQ(went_on, (std::vector<std::string>{"trigger", "retrain", "judge", "shadow", "canary",
                                               "promote", "end"}));
  // A hundred requests a day: the shadow takes a day, half of them as canary two.
  std::vector<int64_t> times;
  for (const Decision& decision : simulation.decisions) {
    if (decision.action == Action::kShadow || decision.action == Action::kCanary ||
        decision.action == Action::kPromote)
      times.push_back(decision.time_ms);
  }
  ASSERT_GE(times.size(), 3);
  EXPECT_NEAR(static_cast<double>(times[1] - times[0]) / 3'600'000, 24, 6);
  EXPECT_NEAR(static_cast<double>(times[2] - times[1]) / 3'600'000, 48, 8);
}

// Minutes that are off by two either way, and by ten too few from day 35 on: the error counts, by
// what a minute too many and too few costs.
TEST_F(SimulatorTest, RetrainsARegressionWhoseErrorsGrow) {
  session_.Execute(
      "COPY (SELECT 'p' || i AS id, TIMESTAMP '2001-01-01' + to_minutes(CAST(i * 14.4 AS BIGINT)) "
      "AS asked, (i * 7919 % 1000) / 1000.0 AS x, 30.0 + i % 7 AS p, 30.0 + i % 7 + "
      "CASE WHEN i >= 3500 THEN 10 WHEN i % 2 = 0 THEN 2 ELSE -2 END AS late FROM range(6000) "
      "t(i)) TO '" +
      file_.string() + "' (FORMAT parquet)");
  constexpr char kMinutes[] = R"(
model: m
triggers: [{alert: {kind: performance}}]
retrain: {pipeline: p, window: 28d}
canary: {steps: [50], requests: 100}
worse: {errors: 0.1}
limits: {cooldown: 7d}
costs: {over: 1, under: 3, retraining: 10, retraining_time: 1h}
)";
  const Simulation simulation = Run(kMinutes);
  ASSERT_FALSE(simulation.alerts.empty());
  EXPECT_EQ(simulation.alerts[0].crossing.feature, "mae");
  EXPECT_DOUBLE_EQ(simulation.alerts[0].crossing.value, 10);
  EXPECT_NEAR(simulation.alerts[0].crossing.threshold, 2.2, 1e-9);
  EXPECT_GE(simulation.promotions, 1);
  ASSERT_EQ(simulation.costs.size(), 3);
  // Two too many cost 2 and two too few 6; ten too few cost 30.
  EXPECT_DOUBLE_EQ(*simulation.reference_cost, 4);
  EXPECT_DOUBLE_EQ(simulation.costs[0].errors, 2500 * 30 + 700 * 4);
  EXPECT_LT(simulation.costs[2].total(), simulation.costs[0].total() - 30'000);
}

// A monitor may ask detectors of single changes and have no limit for its AUC.
TEST_F(SimulatorTest, FollowsDetectorsToo) {
  const Policy policy = ParsePolicy(kPolicy);
  const History history =
      OpenHistory(session_, file_, policy, {.time = "asked", .output = "p", .outcome = "late"});
  const auto spec = monitoring::MonitorSpec::FromJson(ParseJson(
      R"({"name": "m", "endpoint": "m", "window": "week", "rows_min": 100,
          "detectors": [{"of": "error", "method": "cusum"}]})"));
  ASSERT_FALSE(spec.AucThreshold());
  const Simulation simulation = Simulate(session_, history, policy, {.monitor = spec});
  ASSERT_FALSE(simulation.alerts.empty());
  for (const auto& alert : simulation.alerts)
    EXPECT_EQ(alert.crossing.kind, monitoring::AlertKind::kChange);
  // From day 35 on; a constant before it is no change.
  const int64_t alarm_ms = simulation.alerts[0].crossing.time_ms;
  EXPECT_GE(alarm_ms, ParseTime("2001-02-05"));
  EXPECT_LT(alarm_ms, ParseTime("2001-02-08"));
}

TEST_F(SimulatorTest, LeavesOutWhatWasBefore) {
  const Policy policy = ParsePolicy(kPolicy);
  const History history = OpenHistory(
      session_, file_, policy,
      {.time = "asked", .output = "p", .outcome = "late", .from_ms = ParseTime("2001-01-11")});
  EXPECT_EQ(history.predictions, 5000);
  EXPECT_EQ(history.outcomes, 5000);
  EXPECT_EQ(FormatTime(history.from_ms), "2001-01-11T00:00:00.000Z");
}

TEST_F(SimulatorTest, RefusesAHistoryThatIsAllReference) {
  const Policy policy = ParsePolicy(kPolicy);
  const History history =
      OpenHistory(session_, file_, policy, {.time = "asked", .output = "p", .outcome = "late"});
  EXPECT_THROW(Simulate(session_, history, policy, {.reference_ms = 90LL * 86'400'000}), Error);
  EXPECT_THROW(OpenHistory(session_, file_, policy, {.time = "when"}), Error);
  EXPECT_THROW(OpenHistory(session_, folder_.path() / "absent.parquet", policy, {}), Error);
}

TEST(Arms, CountErrorsMissingNumbersAndLossesByVersionAndRole) {
  analytics::Session session;
  // Candidate 2 is a shadow: 10 answers of which 2 failed and 3 are no numbers. Version 1 is live.
  session.Execute(
      "CREATE TABLE log AS SELECT 'a' || i AS id, 'shadow' AS role, '2' AS model_version, "
      "1000 + i AS time_ms, CASE WHEN i < 2 THEN 'no' ELSE '' END AS error, 100 AS latency_us, "
      "FALSE AS cached, CASE WHEN i BETWEEN 2 AND 4 OR i < 2 THEN NULL ELSE 0.75 END AS "
      "output_probability, 1.0 AS outcome, CAST(NULL AS VARCHAR) AS outcome_text FROM range(10) "
      "t(i) "
      "UNION ALL SELECT 'b' || i, 'live', '1', 1000 + i, '', 200, i = 0, 0.5, "
      "CASE WHEN i < 15 THEN 1.0 END, NULL FROM range(20) t(i) "
      "UNION ALL SELECT 'c', 'live', '1', 999, '', 200, FALSE, 0.5, 1.0, NULL "
      "UNION ALL SELECT 'd', 'canary', '3', 1001, '', 200, FALSE, 0.5, 1.0, NULL");
  const Policy policy =
      ParsePolicy("model: m\nretrain: {pipeline: p}\nworse: {loss: {kind: brier}}\n");
  const Arms arms = MeasureArms(
      session, "log", policy,
      {.candidate_version = "2", .live_version = "1", .is_shadow = true, .since_ms = 1000});
  EXPECT_EQ(arms.candidate.requests, 10);
  EXPECT_EQ(arms.candidate.errors, 2);
  EXPECT_EQ(arms.candidate.not_numbers, 3);
  EXPECT_EQ(arms.candidate.loss.count, 5);
  EXPECT_DOUBLE_EQ(arms.candidate.loss.mean, 0.0625);
  // One answer came out of the cache and one was before.
  EXPECT_EQ(arms.live.requests, 19);
  EXPECT_EQ(arms.live.not_numbers, 0);
  EXPECT_EQ(arms.live.loss.count, 14);
  EXPECT_DOUBLE_EQ(arms.live.loss.mean, 0.25);
  EXPECT_NEAR(arms.live.log_latency.mean, std::log(200), 1e-12);
}

TEST(Arms, SetLossesBeyondAllMeasureAside) {
  analytics::Session session;
  session.Execute(
      "CREATE TABLE log AS SELECT 'a' || i AS id, 'canary' AS role, '2' AS model_version, "
      "1000 + i AS time_ms, '' AS error, 100 AS latency_us, 2.0 AS output_p, 0.0 AS outcome, "
      "CAST(NULL AS VARCHAR) AS outcome_text FROM range(40) t(i) UNION ALL "
      "SELECT 'b' || i, 'live', '1', 1000 + i, '', 100, 1.0, CASE i WHEN 0 THEN 1e200 WHEN 1 THEN "
      "CAST('nan' AS DOUBLE) WHEN 2 THEN CAST('-inf' AS DOUBLE) WHEN 3 THEN NULL ELSE 1 + i % 2 "
      "END, NULL FROM range(44) t(i)");
  for (const char* kind : {"squared_error", "absolute_error"}) {
    const Policy policy = ParsePolicy(
        fmt::format("model: m\nretrain: {{pipeline: p}}\nlabel: {{output: p}}\n"
                    "worse: {{latency: false, loss: {{kind: {}, tolerance: 0.1, outcomes: 30}}}}\n",
                    kind));
    const Arms arms = MeasureArms(
        session, "log", policy, {.candidate_version = "2", .live_version = "1", .since_ms = 1000});
    EXPECT_EQ(arms.live.losses_not_numbers, 3) << kind;
    EXPECT_EQ(arms.live.loss.count, 40);
    EXPECT_DOUBLE_EQ(arms.live.loss.mean, 0.5);
    EXPECT_EQ(arms.candidate.losses_not_numbers, 0);
    // What is worse without them is worse; nothing is as good while they are there.
    const ArmsWanted wanted{.requests_min = 30};
    EXPECT_EQ(JudgeArms(policy.worse, wanted, arms.candidate, arms.live).rule, "worse.loss");
    const Judgement same = JudgeArms(policy.worse, wanted, arms.live, arms.live);
    EXPECT_EQ(same.verdict, Verdict::kHold);
    EXPECT_EQ(same.rule, "not_a_number");
  }
}

// Minutes that somebody takes for probabilities have no Brier score.
TEST(Arms, HaveNoLossOfClassesForNumbers) {
  analytics::Session session;
  session.Execute(
      "CREATE TABLE log AS SELECT 'a' || i AS id, CASE WHEN i % 2 = 0 THEN 'canary' ELSE 'live' "
      "END "
      "AS role, CASE WHEN i % 2 = 0 THEN '2' ELSE '1' END AS model_version, 1000 + i AS time_ms, "
      "'' AS error, 100 AS latency_us, 20.0 + i AS output_probability, 25.0 AS outcome, CAST(NULL "
      "AS VARCHAR) AS outcome_text FROM range(100) t(i)");
  for (const char* kind : {"brier", "log_loss"}) {
    const Policy policy = ParsePolicy(fmt::format(
        "model: m\nretrain: {{pipeline: p}}\nworse: {{loss: {{kind: {}, outcomes: 30}}}}\n", kind));
    const Arms arms = MeasureArms(
        session, "log", policy, {.candidate_version = "2", .live_version = "1", .since_ms = 1000});
    EXPECT_EQ(arms.candidate.losses_not_numbers, 50) << kind;
    EXPECT_EQ(arms.candidate.loss.count, 0);
    EXPECT_EQ(JudgeArms(policy.worse, {.requests_min = 30}, arms.candidate, arms.live).rule,
              "not_a_number");
  }
}

// Wrong for a week, which is retrained for; in the week after it, within the cool-down, x is
// another one, and then all is as it was: by the end of the cool-down there is nothing to retrain
// for.
TEST_F(SimulatorTest, DropsATriggerWhoseAlertIsOverBeforeItsTurn) {
  constexpr char kPassing[] =
      "SELECT 'p' || i AS id, TIMESTAMP '2001-01-01' + to_minutes(CAST(i * 14.4 AS BIGINT)) AS "
      "asked, (i * 7919 % 1000) / 1000.0 + CASE WHEN i >= 4200 AND i < 4900 THEN 3 ELSE 0 END AS "
      "x, "
      "CASE WHEN i % 2 = 0 THEN 0.9 ELSE 0.1 END AS p, "
      "CASE WHEN i >= 3500 AND i < 4200 AND i % 4 < 2 THEN i % 2 = 1 ELSE i % 2 = 0 END AS late "
      "FROM range(6000) t(i)";
  session_.Execute(std::string("COPY (") + kPassing + ") TO '" + file_.string() +
                   "' (FORMAT parquet)");
  std::string yaml = kPolicy;
  const auto put = [&](const std::string& from, const std::string& to) {
    yaml.replace(yaml.find(from), from.size(), to);
  };
  put("[{alert: {kind: performance}}]", "[{alert: {kind: performance}}, {alert: {kind: drift}}]");
  put("cooldown: 7d", "cooldown: 13d");
  const Simulation simulation = Run(yaml.c_str());
  const auto made = [&](std::string_view rule) {
    return std::find_if(simulation.decisions.begin(), simulation.decisions.end(),
                        [&](const Decision& one) { return one.rule == rule; });
  };
  const auto waits = made("trigger.busy"), over = made("trigger.over");
  ASSERT_NE(waits, simulation.decisions.end());
  EXPECT_NE(waits->reason.find("x has drifted"), std::string::npos) << waits->reason;
  ASSERT_NE(over, simulation.decisions.end());
  EXPECT_EQ(FormatTime(over->time_ms).substr(0, 10), "2001-02-26");
  EXPECT_NE(made("limits.cooldown"), simulation.decisions.end());
  EXPECT_EQ(simulation.retrainings, 1);
}

}  // namespace
}  // namespace millwright::loop
