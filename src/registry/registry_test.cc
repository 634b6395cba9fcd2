#include "registry/registry.h"

#include "base/error.h"
#include "storage/test_database.h"

namespace millwright::registry {
namespace {

const std::string kWho = "ada";
const ModelName kName("flights-late");

class RegistryTest : public storage::DatabaseTest {
 protected:
  void SetUp() override { registry_.CreateModel({.name = kName}, kWho); }

  int64_t NewVersion(const std::string& run_id = "") {
    return registry_.CreateVersion({.name = kName, .source = "s3://b/m", .run_id = run_id}, kWho)
        .version;
  }
  // A run with one metric, as tracking keeps it.
  void LogMetric(const std::string& run_id, const std::string& key, double value) {
    constexpr storage::Query kRun = {
        "test.run",
        "INSERT INTO runs (run_id, experiment_id, run_name, user_id, status, start_ms, "
        "artifact_uri, lifecycle, written_by) VALUES ($1, $2, 'r', '', 'FINISHED', 0, '', "
        "'active', '') RETURNING run_seq",
        ""};
    constexpr storage::Query kExperiment = {
        "test.experiment",
        "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle, created_ms, "
        "updated_ms) VALUES (7, 'e', '', 'active', 0, 0) ON CONFLICT DO NOTHING",
        ""};
    constexpr storage::Query kMetric = {
        "test.metric",
        "INSERT INTO latest_metrics (run_seq, key, timestamp_ms, step, value, is_nan) "
        "VALUES ($1, $2, 0, 0, $3, 0)",
        ""};
    db().Write([&](storage::Connection& connection) {
      connection.Execute(kExperiment);
      const int64_t seq = connection.SelectOne(kRun, {run_id, int64_t{7}})->Int(0);
      connection.Execute(kMetric, {seq, key, value});
    });
  }
  std::string Move(const std::string& alias, int64_t version, const std::string& reason = "") {
    try {
      registry_.SetAlias(kName, {alias, version, reason}, kWho);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kFailedPrecondition);
      return error.message();
    }
    return "moved";
  }
  // Puts a gate before the champion.
  void Guard(GateSpec gate) {
    gate.aliases = {"champion"};
    registry_.SetGates(kName, {.gates = {std::move(gate)}, .source = {}}, kWho);
  }
  std::vector<std::string> Kinds() {
    std::vector<std::string> kinds;
    for (const auto& entry : registry_.History(kName).entries) kinds.push_back(entry.kind);
    return kinds;
  }

  ManualClock clock_{1000};
  events::EventLog events_{db(), clock_};
  Registry registry_{db(), events_, clock_};
};

TEST_P(RegistryTest, NeverUsesAVersionsNumberAgain) {
  NewVersion();
  NewVersion();
  registry_.DeleteVersion(kName, 2, kWho);
  EXPECT_EQ(NewVersion(), 3);
  EXPECT_THROW(registry_.GetVersion(kName, 2), Error);
  registry_.DeleteModel(kName, kWho);
  EXPECT_THROW(registry_.GetModel(kName), Error);
  registry_.CreateModel({.name = kName}, kWho);
  EXPECT_EQ(NewVersion(), 1);
}

TEST_P(RegistryTest, MovesAnAliasThatNoGateProtects) {
  NewVersion();
  NewVersion();
  EXPECT_EQ(Move("champion", 1), "moved");
  EXPECT_EQ(Move("champion", 2), "moved");
  EXPECT_EQ(registry_.GetByAlias(kName, "champion").version, 2);
  EXPECT_EQ(registry_.GetModel(kName).aliases, (std::vector<Alias>{{"champion", 2}}));
}

TEST_P(RegistryTest, RefusesAChampionThatTheGateDoesNotPassAndSaysTheNumbers) {
  LogMetric("run1", "test_auc", 0.58);
  NewVersion("run1");
  registry_.SetGates(
      kName,
      GateFile::FromJson(
          ParseJson(R"({"metrics": [{"name": "test_auc", "min": 0.6}], "checks": ["parity"]})")),
      kWho);
  EXPECT_EQ(Move("champion", 1),
            "The gate of flights-late refused alias 'champion' for version 1: test_auc 0.58 is "
            "below the minimum 0.6; check parity was not run on version 1");
  EXPECT_TRUE(registry_.GetModel(kName).aliases.empty());
  EXPECT_EQ(Kinds().front(), "gate.refused");
  EXPECT_EQ(Move("candidate", 1), "moved") << "an alias that is not protected";
}

TEST_P(RegistryTest, MovesTheChampionWhenEveryGatePasses) {
  LogMetric("run1", "test_auc", 0.61);
  NewVersion("run1");
  Guard({.metrics = {{.name = "test_auc", .min = 0.6}}, .checks = {"parity"}});
  registry_.RecordCheck(kName, 1, {"parity", false, "differs by 1e-3", Json(), 0, ""}, kWho);
  EXPECT_EQ(Move("champion", 1),
            "The gate of flights-late refused alias 'champion' for version 1: check parity failed: "
            "differs by 1e-3");
  registry_.RecordCheck(kName, 1, {"parity", true, "equal", Json(), 0, ""}, kWho);
  EXPECT_EQ(Move("champion", 1), "moved");
  EXPECT_EQ(Kinds(),
            (std::vector<std::string>{"alias.moved", "model_version.checked", "gate.refused",
                                      "model_version.checked", "gate.changed",
                                      "model_version.created", "model.created"}));
}

TEST_P(RegistryTest, ComparesACandidateWithTheChampion) {
  LogMetric("run1", "auc", 0.70);
  LogMetric("run2", "auc", 0.705);
  NewVersion("run1");
  NewVersion("run2");
  Guard({.metrics = {{.name = "auc", .better_than_champion = 0.01}}});
  EXPECT_EQ(Move("champion", 1), "moved") << "nobody holds it yet";
  EXPECT_EQ(Move("champion", 2),
            "The gate of flights-late refused alias 'champion' for version 2: auc 0.705 is not "
            "0.01 better than 0.7 of version 1, which is champion now");
  EXPECT_EQ(Move("champion", 2, "a holiday's traffic, agreed with Bo"), "moved");
  EXPECT_EQ(registry_.History(kName).entries.front().details.GetString("override_reason"),
            "a holiday's traffic, agreed with Bo");
}

TEST_P(RegistryTest, AsksFurtherGatesInTheSameTransaction) {
  struct Closed : GateCheck {
    std::vector<GateVerdict> Judge(storage::Connection&,
                                   const GateRequest& request) const override {
      return {{"", "drift", false, "drift of dep_delay is 0.4 for " + request.target.alias}};
    }
  };
  const Closed closed;
  Registry registry(db(), events_, clock_, {&closed});
  NewVersion();
  EXPECT_THROW(registry.SetAlias(kName, {"champion", 1, ""}, kWho), Error);
  const auto verdicts = registry.JudgeMove(kName, {.alias = "champion"}, 1);
  ASSERT_EQ(verdicts.size(), 1U);
  EXPECT_EQ(verdicts[0].reason, "drift of dep_delay is 0.4 for champion");
}

TEST_P(RegistryTest, KeepsTheContractOfAVersion) {
  NewVersion();
  EXPECT_EQ(registry_.GetSignature(kName, 1), std::nullopt);
  const Json signature = ParseJson(R"({"inputs": [{"name": "distance", "type": "double"}]})");
  registry_.SetSignature(kName, 1, signature, kWho);
  registry_.SetReferenceProfile(kName, 1, ParseJson(R"({"rows": 3})"), kWho);
  EXPECT_EQ(registry_.GetSignature(kName, 1), signature);
  EXPECT_EQ(registry_.GetReferenceProfile(kName, 1), ParseJson(R"({"rows": 3})"));
}

TEST_P(RegistryTest, ArchivesTheOthersOfAStageWhenAsked) {
  NewVersion();
  NewVersion();
  using Existing = StageMove::Existing;
  registry_.MoveStage(kName, {1, Stage::kProduction}, kWho);
  registry_.MoveStage(kName, {2, Stage::kProduction, Existing::kArchive}, kWho);
  EXPECT_EQ(registry_.GetVersion(kName, 1).stage, Stage::kArchived);
  EXPECT_EQ(registry_.LatestVersions(kName, {Stage::kProduction})[0].version, 2);
  EXPECT_THROW(registry_.MoveStage(kName, {2, Stage::kNone, Existing::kArchive}, kWho), Error);
}

TEST_P(RegistryTest, RenamesWithItsVersions) {
  NewVersion();
  registry_.RenameModel(kName, ModelName("delays"), kWho);
  EXPECT_EQ(registry_.GetVersion(ModelName("delays"), 1).name, ModelName("delays"));
  EXPECT_THROW(registry_.GetModel(kName), Error);
}

MILLWRIGHT_ON_BOTH_DATABASES(RegistryTest);

}  // namespace
}  // namespace millwright::registry
