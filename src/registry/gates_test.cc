#include <thread>

#include "base/error.h"
#include "registry/registry.h"
#include "storage/test_database.h"

namespace millwright::registry {
namespace {

const ModelName kName("flights-late");

class GatesTest : public storage::DatabaseTest {
 protected:
  void SetUp() override { registry_.CreateModel({.name = kName}, "ada"); }

  // A version of a run with one metric, as tracking keeps it.
  int64_t NewVersion(double auc) {
    constexpr storage::Query kExperiment = {
        "test.experiment",
        "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle, created_ms, "
        "updated_ms) VALUES (7, 'e', '', 'active', 0, 0) ON CONFLICT DO NOTHING",
        ""};
    constexpr storage::Query kRun = {
        "test.run",
        "INSERT INTO runs (run_id, experiment_id, run_name, user_id, status, start_ms, "
        "artifact_uri, lifecycle, written_by) VALUES ($1, $2, 'r', '', 'FINISHED', 0, '', "
        "'active', '') RETURNING run_seq",
        ""};
    constexpr storage::Query kMetric = {
        "test.metric",
        "INSERT INTO latest_metrics (run_seq, key, timestamp_ms, step, value, is_nan) "
        "VALUES ($1, 'auc', 0, 0, $2, 0)",
        ""};
    const std::string run_id = fmt::format("run{}", ++runs_);
    db().Write([&](storage::Connection& connection) {
      connection.Execute(kExperiment);
      const int64_t seq = connection.SelectOne(kRun, {run_id, int64_t{7}})->Int(0);
      connection.Execute(kMetric, {seq, auc});
    });
    return registry_.CreateVersion({.name = kName, .source = "s3://b/m", .run_id = run_id}, "ada")
        .version;
  }
  void Apply(std::string_view yaml, const Author& by = "ada") {
    registry_.SetGates(kName, GateFile::FromYaml(yaml), by);
  }
  template <typename F>
  std::string Refusal(F&& move) {
    try {
      move();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kFailedPrecondition);
      return error.message();
    }
    return "moved";
  }
  std::string Move(int64_t version, const Author& by = "ada") {
    return Refusal([&] { registry_.SetAlias(kName, {"champion", version}, by); });
  }
  std::string Stage(int64_t version, registry::Stage stage) {
    return Refusal([&] { registry_.MoveStage(kName, {version, stage}, "ada"); });
  }

  int runs_ = 0;
  ManualClock clock_{1000};
  events::EventLog events_{db(), clock_};
  Registry registry_{db(), events_, clock_};
};

TEST_P(GatesTest, RefusesToBeSetSoThatNothingPasses) {
  for (const auto& [yaml, reason] : {
           std::pair("metrics: [{name: auc, min: 2, max: 1}]",
                     "gates[0].metrics[0] can never pass: its min is above its max"),
           std::pair("parity: {max: -1}",
                     "gates[0].parity.max can never pass: no difference is below 0"),
       }) {
    try {
      Apply(yaml);
      ADD_FAILURE() << "was set: " << yaml;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kInvalidArgument);
      EXPECT_EQ(error.message(), reason);
    }
  }
}

TEST_P(GatesTest, StandBeforeStagesAsWell) {
  NewVersion(0.58);
  Apply("{aliases: [], stages: [Production], metrics: [{name: auc, min: 0.6}]}");
  EXPECT_EQ(Stage(1, Stage::kProduction),
            "The gate of flights-late refused stage 'Production' for version 1: auc 0.58 is below "
            "the minimum 0.6");
  EXPECT_EQ(Stage(1, Stage::kStaging), "moved");
  EXPECT_EQ(Move(1), "moved");
  EXPECT_EQ(registry_.GetVersion(kName, 1).stage, Stage::kStaging);
  registry_.MoveStage(
      kName, {.version = 1, .stage = Stage::kProduction, .override_reason = "only one there is"},
      "ada");
  EXPECT_EQ(registry_.GetVersion(kName, 1).stage, Stage::kProduction);
}

TEST_P(GatesTest, CompareWithWhoeverWasThereLast) {
  NewVersion(0.7);
  NewVersion(0.6);
  Apply("metrics: [{name: auc, better_than_champion: 0}]");
  EXPECT_EQ(Move(1), "moved") << "nobody ever was champion";
  EXPECT_EQ(Move(1), "moved") << "it is champion already";
  registry_.DeleteAlias(kName, "champion", "ada");
  EXPECT_EQ(Move(2),
            "The gate of flights-late refused alias 'champion' for version 2: auc 0.6 is below "
            "0.7 of version 1, which was champion last");
  registry_.DeleteVersion(kName, 1, "ada");
  EXPECT_NE(Move(2), "moved") << "deleting the champion opens no gate";
}

TEST_P(GatesTest, CompareWithAnotherAliasWhenTold) {
  NewVersion(0.7);
  NewVersion(0.6);
  Apply(
      "{aliases: [challenger], compare_with: champion, "
      "metrics: [{name: auc, better_than_champion: -0.05}]}");
  registry_.SetAlias(kName, {"champion", 1}, "ada");
  EXPECT_EQ(Refusal([&] {
              registry_.SetAlias(kName, {"challenger", 2}, "ada");
            }),
            "The gate of flights-late refused alias 'challenger' for version 2: auc 0.6 is more "
            "than 0.05 worse than 0.7 of version 1, which is champion now");
}

TEST_P(GatesTest, TellTheGateByItsNameWhenThereAreSeveral) {
  NewVersion(0.58);
  Apply(
      "gates:\n"
      "  - {name: quality, metrics: [{name: auc, min: 0.6}]}\n"
      "  - {name: people, approvals: 1}\n"
      "  - {name: other, aliases: [shadow], checks: [never]}\n");
  EXPECT_EQ(Move(1),
            "The gate of flights-late refused alias 'champion' for version 1: quality: auc 0.58 is "
            "below the minimum 0.6; people: version 1 has 0 of 1 approvals");
}

TEST_P(GatesTest, CountApprovalsByDifferentPeopleWhoDidNotMakeTheVersion) {
  NewVersion(0.7);
  Apply("approvals: {count: 2, by: [ada, bo, cy]}");
  registry_.Approve(kName, 1, "", {"ada", "mine"});
  registry_.Approve(kName, 1, "", {"bo", "read the report"});
  registry_.Approve(kName, 1, "", "bo");
  registry_.Approve(kName, 1, "", "eve");
  EXPECT_EQ(Move(1),
            "The gate of flights-late refused alias 'champion' for version 1: version 1 has 1 of 2 "
            "approvals, by bo");
  registry_.Approve(kName, 1, "", "cy");
  registry_.WithdrawApproval(kName, 1, "", "bo");
  EXPECT_NE(Move(1), "moved");
  registry_.Approve(kName, 1, "", "bo");
  EXPECT_EQ(Move(1), "moved");
  EXPECT_THROW(registry_.Approve(kName, 1, "people", "bo"), Error) << "no such gate";
  EXPECT_THROW(registry_.WithdrawApproval(kName, 1, "", "dan"), Error);
  EXPECT_EQ(registry_.Approvals(kName, 1).size(), 4U);
}

TEST_P(GatesTest, AskForParityWithinABound) {
  NewVersion(0.7);
  Apply("parity: {max: 1e-5}");
  EXPECT_NE(Move(1), "moved");
  registry_.RecordCheck(
      kName, 1, {"parity", true, "ok", ParseJson(R"({"max_abs_difference": 0.001})"), 0, ""},
      "ada");
  EXPECT_EQ(Move(1),
            "The gate of flights-late refused alias 'champion' for version 1: outputs differ by "
            "0.001 at most, 1e-05 is allowed");
  registry_.RecordCheck(
      kName, 1, {"parity", true, "ok", ParseJson(R"({"max_abs_difference": 1e-7})"), 0, ""}, "ada");
  EXPECT_EQ(Move(1), "moved");
}

TEST_P(GatesTest, AreKeptInEveryVersionWithWhoWroteThem) {
  EXPECT_EQ(registry_.GetGates(kName), std::nullopt);
  Apply("# at first\nmetrics: [{name: auc, min: 0.5}]", {"ada", "a start"});
  Apply("metrics: [{name: auc, min: 0.6}]", "bo");
  EXPECT_EQ(registry_.GetGates(kName)->gate_version, 2);
  EXPECT_EQ(registry_.GetGates(kName, 1)->file.source,
            "# at first\nmetrics: [{name: auc, min: 0.5}]");
  EXPECT_EQ(registry_.GetGates(kName, 1)->reason, "a start");
  EXPECT_EQ(registry_.GateVersions(kName, 100, 10).size(), 2U);
  Apply("gates: []");
  EXPECT_EQ(registry_.GetGates(kName), std::nullopt) << "removed";
  NewVersion(0.1);
  EXPECT_EQ(Move(1), "moved");
  EXPECT_EQ(registry_.AsOf(kName, {.time_ms = clock_.NowMs()}).gate_version, std::nullopt);
}

TEST_P(GatesTest, RecordWhoOverruledWhatAndWhy) {
  NewVersion(0.58);
  Apply("metrics: [{name: auc, min: 0.6}]");
  registry_.SetAlias(kName, {"champion", 1, "agreed with Bo"}, {"ada", "agreed with Bo"});
  const auto overruled = registry_.History(kName, {.kind = "gate.overridden"}).entries.at(0);
  EXPECT_EQ(overruled.who, "ada");
  EXPECT_EQ(overruled.reason, "agreed with Bo");
  EXPECT_EQ(overruled.details.GetString("reason"), "auc 0.58 is below the minimum 0.6");
  NewVersion(0.7);
  registry_.SetAlias(kName, {"champion", 2, "needless"}, "ada");
  EXPECT_EQ(registry_.History(kName, {.kind = "gate.overridden"}).entries.size(), 1U)
      << "no gate was overruled";
}

TEST_P(GatesTest, JudgeARollbackToo) {
  NewVersion(0.6);
  NewVersion(0.7);
  EXPECT_EQ(Move(1), "moved");
  EXPECT_EQ(Move(2), "moved");
  Apply("metrics: [{name: auc, min: 0.65}]");
  EXPECT_EQ(Refusal([&] { registry_.RollBackAlias(kName, {"champion"}, "ada"); }),
            "The gate of flights-late refused alias 'champion' for version 1: auc 0.6 is below the "
            "minimum 0.65");
  EXPECT_EQ(registry_.RollBackAlias(kName, {.alias = "champion", .override_reason = "2 is broken"},
                                    "ada"),
            1);
}

TEST_P(GatesTest, LetNoWorseVersionPassHoweverManyAskAtOnce) {
  constexpr int kVersions = 12;
  for (int i = 1; i <= kVersions; ++i) NewVersion(0.5 + 0.01 * i);
  Apply("metrics: [{name: auc, better_than_champion: 0}]");
  std::vector<std::jthread> threads;
  for (int version = 1; version <= kVersions; ++version) {
    threads.emplace_back([&, version] { Move(version); });
  }
  threads.clear();
  EXPECT_EQ(registry_.GetByAlias(kName, "champion").version, kVersions) << "the best of all";
  int64_t last = kVersions + 1;
  for (const auto& move : registry_.History(kName, {.kind = "alias.moved"}).entries) {
    EXPECT_LT(*move.version, last) << "each was better than the one before";
    last = *move.version;
  }
}

MILLWRIGHT_ON_BOTH_DATABASES(GatesTest);

}  // namespace
}  // namespace millwright::registry
