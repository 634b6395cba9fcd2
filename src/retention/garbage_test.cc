#include "retention/garbage.h"

#include <algorithm>

#include "base/error.h"
#include "blob/file_store.h"
#include "storage/test_database.h"
#include "tensorboard/summary_store.h"
#include "tracking/experiment_store.h"
#include "tracking/logged_model_store.h"
#include "tracking/run_store.h"

namespace millwright::retention {
namespace {

constexpr int64_t kDayMs = 86'400'000;
constexpr const char* kWho = "ada";

constexpr storage::Query kInsertModel{
    "insert_model",
    "INSERT INTO registered_models (model_seq, name, created_ms, updated_ms) "
    "VALUES (1, 'flights', 0, 0)",
    ""};
constexpr storage::Query kInsertVersion{
    "insert_version",
    "INSERT INTO model_versions (model_seq, version, source, artifact_uri, run_id, run_link, "
    "model_id, stage, status, created_ms, updated_ms, deleted_ms) "
    "VALUES (1, $1, $2, $2, $3, '', $4, 'None', 'READY', 0, 0, $5)",
    ""};
constexpr storage::Query kInsertRecentVersion{
    "insert_recent_version",
    "INSERT INTO model_versions (model_seq, version, source, artifact_uri, run_id, run_link, "
    "stage, status, created_ms, updated_ms) VALUES (1, $1, $2, $2, '', '', 'None', 'READY', $3, "
    "$3)",
    ""};
constexpr storage::Query kInsertEndpoint{
    "insert_endpoint",
    "INSERT INTO endpoints (name, model, created_ms) VALUES ('late', 'flights', 0)", ""};
constexpr storage::Query kInsertRevision{
    "insert_revision",
    "INSERT INTO revisions (id, endpoint, number, model_version, model_path, role, weight, "
    "replicas, created_ms, live_ms) VALUES ($1, 'late', $2, $3, $4, $5, 0, 1, 0, $6)",
    ""};

class GarbageTest : public storage::DatabaseTest {
 protected:
  GarbageTest() {
    db().Write([](auto& connection) { connection.Execute(kInsertModel); });
  }

  tracking::RunId MakeRun(const std::string& file, const tracking::ExperimentId& experiment) {
    const auto run = runs_.Create({.experiment_id = experiment, .start_ms = 1}, kWho);
    artifacts_.Put(FolderOf(run.info.id) + "/" + file, "bytes", kWho);
    return run.info.id;
  }
  tracking::RunId MakeRun(const std::string& file) {
    return MakeRun(file, tracking::ExperimentId("0"));
  }
  std::string FolderOf(const tracking::RunId& id) {
    return *artifacts_.FindPath(runs_.GetInfo(id).artifact_uri);
  }
  void AddVersion(int64_t version, const std::string& uri, const std::string& run,
                  storage::Value model = {}, storage::Value deleted_ms = {}) {
    db().Write([&](auto& connection) {
      connection.Execute(kInsertVersion, {version, uri, run, model, deleted_ms});
    });
  }
  // All pages of a collection.
  std::vector<Finding> Collect(Request request = {}) {
    std::vector<Finding> all;
    do {
      auto page = garbage_.Collect(request);
      all.insert(all.end(), page.findings.begin(), page.findings.end());
      request.after = page.after;
    } while (!request.after.empty());
    return all;
  }
  // What was said of one thing, by its id or path; empty when nothing was.
  static std::string WhyOf(const std::vector<Finding>& findings, const std::string& what) {
    for (const auto& finding : findings) {
      if (finding.id == what || finding.path == what)
        return (finding.is_removed ? "remove: " : "keep: ") + finding.why;
    }
    return "";
  }
  bool HasRun(const tracking::RunId& id) {
    try {
      runs_.Get(id);
      return true;
    } catch (const Error& error) {
      return error.code() != Code::kNotFound;
    }
  }

  TempDir dir_;
  ManualClock clock_{1'000 * kDayMs};
  blob::FileStore store_{dir_.path() / "artifacts"};
  events::EventLog events_{db(), clock_};
  artifacts::Artifacts artifacts_{db(), store_, events_, clock_, dir_.path() / "copies"};
  tracking::ExperimentStore experiments_{db(), events_, clock_, {}};
  tracking::RunStore runs_{db(), events_, clock_};
  tracking::LoggedModelStore models_{db(), events_, clock_};
  artifacts::PartUploads uploads_{db(), store_, artifacts_, clock_};
  Garbage garbage_{db(), artifacts_, uploads_, events_, clock_};
};

TEST_P(GarbageTest, RemovesARunWithItsFilesOnceTheGracePeriodIsOver) {
  const auto gone = MakeRun("model.bin");
  const auto stays = MakeRun("model.bin");
  runs_.LogBatch(gone, {.metrics = {{.key = "loss", .value = 1}}, .params = {{"a", "b"}}});
  const std::string folder = FolderOf(gone);
  runs_.Delete(gone, kWho);
  clock_.Advance(10 * kDayMs);
  EXPECT_EQ(WhyOf(Collect(), gone.str()), "keep: it was deleted less than the grace period ago");
  EXPECT_EQ(WhyOf(Collect({.dry_run = true, .grace_ms = kDayMs}), gone.str()),
            "remove: it was deleted and nothing refers to it");
  EXPECT_TRUE(HasRun(gone));
  Collect({.grace_ms = kDayMs, .who = kWho});
  EXPECT_FALSE(HasRun(gone));
  EXPECT_FALSE(artifacts_.Stat(folder));
  EXPECT_FALSE(artifacts_.Stat("0/" + gone.str()));
  EXPECT_FALSE(artifacts_.FindChecksum(folder + "/model.bin"));
  EXPECT_TRUE(artifacts_.ListAbandoned("", 10).empty());
  EXPECT_TRUE(HasRun(stays));
  EXPECT_EQ(artifacts_.ReadAll(FolderOf(stays) + "/model.bin"), "bytes");
  const auto events = events_.After(0, 100);
  EXPECT_TRUE(std::any_of(events.begin(), events.end(), [&](const auto& event) {
    return event.kind == "run.removed" && event.subject == "run:" + gone.str();
  }));
}

TEST_P(GarbageTest, KeepsWhatVersionsAreMadeOf) {
  const auto by_folder = MakeRun("model/MLmodel");
  const auto by_run = MakeRun("model/MLmodel");
  const auto by_address = MakeRun("model/MLmodel");
  const auto by_direct = MakeRun("model/MLmodel");
  const auto of_deleted = MakeRun("model/MLmodel");
  AddVersion(1, "mlflow-artifacts:/" + FolderOf(by_folder) + "/model", "");
  AddVersion(2, "s3://elsewhere/model", by_run.str());
  AddVersion(3, "runs:/" + by_address.str() + "/model", "");
  AddVersion(4, "file://" + (dir_.path() / "artifacts" / FolderOf(by_direct)).string(), "");
  AddVersion(5, "mlflow-artifacts:/" + FolderOf(of_deleted), of_deleted.str(), {}, int64_t{1});
  for (const auto& id : {by_folder, by_run, by_address, by_direct, of_deleted})
    runs_.Delete(id, kWho);
  const auto findings = Collect({.grace_ms = 0});
  EXPECT_EQ(WhyOf(findings, by_folder.str()), "keep: version 1 of flights is made of it");
  EXPECT_EQ(WhyOf(findings, by_run.str()), "keep: version 2 of flights came out of it");
  EXPECT_EQ(WhyOf(findings, by_address.str()), "keep: version 3 of flights is made of it");
  EXPECT_EQ(WhyOf(findings, by_direct.str()), "keep: version 4 of flights is made of it");
  EXPECT_FALSE(HasRun(of_deleted));
  EXPECT_EQ(artifacts_.ReadAll(FolderOf(by_folder) + "/model/MLmodel"), "bytes");
}

// A clock that lets something happen when it is looked at: a collection looks at it between judging
// a run and removing it.
class EventfulClock : public Clock {
 public:
  explicit EventfulClock(int64_t now_ms) : now_ms_(now_ms) {}
  int64_t NowMs() const override {
    if (looks_left_ > 0 && --looks_left_ == 0) happening_();
    return now_ms_;
  }
  void After(int looks, std::function<void()> happening) {
    looks_left_ = looks;
    happening_ = std::move(happening);
  }

 private:
  const int64_t now_ms_;
  mutable int looks_left_ = 0;
  std::function<void()> happening_;
};

TEST_P(GarbageTest, KeepsARunOfWhichAVersionIsMadeWhileItIsCollected) {
  const auto by_folder = MakeRun("model/MLmodel");
  const auto model = models_.Create({.experiment_id = tracking::ExperimentId("0")}, kWho);
  artifacts_.Put(*artifacts_.FindPath(model.artifact_uri) + "/MLmodel", "bytes", kWho);
  const std::string folder = FolderOf(by_folder);
  runs_.Delete(by_folder, kWho);
  models_.Delete(model.id, kWho);
  // Of each of them the address alone is named.
  for (const auto& uri : {"mlflow-artifacts:/" + folder + "/model", model.artifact_uri}) {
    EventfulClock clock(clock_.NowMs());
    Garbage garbage(db(), artifacts_, uploads_, events_, clock);
    const bool of_run = uri.find(by_folder.str()) != std::string::npos;
    Request request{.grace_ms = 0};
    if (of_run) request.runs = {by_folder};
    if (!of_run) request.models = {model.id};
    // The first look is at the beginning, the second when the run was found to be old enough.
    clock.After(2, [&] {
      db().Write([&](auto& connection) {
        connection.Execute(kInsertRecentVersion, {int64_t{of_run ? 1 : 2}, uri, clock_.NowMs()});
      });
    });
    const auto page = garbage.Collect(request);
    ASSERT_EQ(page.findings.size(), 1U);
    EXPECT_FALSE(page.findings[0].is_removed);
    EXPECT_EQ(page.findings[0].why, "it was restored, or a version made of it, meanwhile");
  }
  EXPECT_EQ(artifacts_.ReadAll(folder + "/model/MLmodel"), "bytes");
  EXPECT_TRUE(artifacts_.ListAbandoned("", 10).empty());
}

TEST_P(GarbageTest, RemovesUploadsInPartsThatNobodyGoesOnWith) {
  const auto send = [&](const std::string& path) {
    const auto upload = uploads_.Begin({.path = path}, kWho);
    const auto part = uploads_.CreatePart(upload, 1, {});
    part->Write("bytes");
    part->Commit();
    return upload.id;
  };
  const auto given_up = send("a");
  clock_.Advance(kUploadIdleMs - 1000);
  const auto under_way = send("b");
  EXPECT_EQ(WhyOf(Collect({.grace_ms = 0}), given_up), "");
  clock_.Advance(2000);
  EXPECT_EQ(WhyOf(Collect({.dry_run = true}), given_up), "remove: no part of it came for a day");
  EXPECT_EQ(Collect().size(), 1U);
  EXPECT_THROW(uploads_.Get(given_up), Error);
  EXPECT_EQ(uploads_.Get(under_way).parts.size(), 1U);
  const auto kept = store_.List(".parts");
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].path, under_way);
}

TEST_P(GarbageTest, KeepsWhatEndpointsServeThoughTheVersionWasDeleted) {
  const auto served = MakeRun("model/MLmodel");
  const auto retired = MakeRun("model/MLmodel");
  const auto long_ago = MakeRun("model/MLmodel");
  int64_t version = 1;
  for (const auto& id : {served, retired, long_ago})
    AddVersion(version++, "mlflow-artifacts:/" + FolderOf(id) + "/model", "", {}, int64_t{1});
  db().Write([&](auto& connection) {
    connection.Execute(kInsertEndpoint);
    connection.Execute(kInsertRevision,
                       {"late-r1", int64_t{1}, "3", "/nowhere", "retired", int64_t{10}});
    connection.Execute(kInsertRevision,
                       {"late-r2", int64_t{2}, "2", "/nowhere", "retired", int64_t{20}});
    connection.Execute(kInsertRevision,
                       {"late-r3", int64_t{3}, "1", "/nowhere", "live", int64_t{30}});
  });
  for (const auto& id : {served, retired, long_ago}) runs_.Delete(id, kWho);
  const auto findings = Collect({.grace_ms = 0});
  EXPECT_EQ(WhyOf(findings, served.str()), "keep: endpoint late has version 1 of flights");
  EXPECT_EQ(WhyOf(findings, retired.str()), "keep: endpoint late has version 2 of flights");
  EXPECT_FALSE(HasRun(long_ago));
}

TEST_P(GarbageTest, KeepsWhatDatasetsOfRunsWereReadFrom) {
  const auto source = MakeRun("data/train.csv");
  const auto user = MakeRun("x");
  const tracking::Dataset dataset{.name = "train",
                                  .digest = "1",
                                  .source_type = "mlflow",
                                  .source = R"({"uri": "runs:/)" + source.str() + R"(/data"})"};
  runs_.LogInputs(user, {{dataset, {}}}, {});
  runs_.Delete(source, kWho);
  EXPECT_EQ(WhyOf(Collect({.grace_ms = 0}), source.str()), "keep: dataset train was read from it");
  runs_.Delete(user, kWho);
  Collect({.grace_ms = 0});
  EXPECT_FALSE(HasRun(source));
  EXPECT_FALSE(HasRun(user));
}

TEST_P(GarbageTest, RemovesLoggedModelsThatNoVersionAndNoRunUses) {
  const auto make = [&] {
    const auto model = models_.Create({.experiment_id = tracking::ExperimentId("0")}, kWho);
    artifacts_.Put(*artifacts_.FindPath(model.artifact_uri) + "/MLmodel", "bytes", kWho);
    return model;
  };
  const auto plain = make();
  const auto registered = make();
  const auto used = make();
  AddVersion(1, "models:/" + registered.id.str(), "", registered.id.str());
  runs_.LogInputs(MakeRun("x"), {}, {used.id});
  for (const auto& model : {plain, registered, used}) models_.Delete(model.id, kWho);
  const auto findings = Collect({.grace_ms = 0});
  EXPECT_EQ(WhyOf(findings, plain.id.str()), "remove: it was deleted and nothing refers to it");
  EXPECT_EQ(WhyOf(findings, registered.id.str()), "keep: version 1 of flights is made of it");
  EXPECT_TRUE(WhyOf(findings, used.id.str()).ends_with("used it"));
  EXPECT_FALSE(artifacts_.Stat(*artifacts_.FindPath(plain.artifact_uri)));
  EXPECT_TRUE(artifacts_.Stat(*artifacts_.FindPath(used.artifact_uri)));
}

TEST_P(GarbageTest, RemovesAnExperimentWithAllItHolds) {
  const auto experiment = experiments_.Create({.name = "e", .tags = {{"a", "b"}}}, kWho);
  const auto first = MakeRun("a", experiment);
  const auto second = MakeRun("b", experiment);
  const auto model = models_.Create({.experiment_id = experiment}, kWho);
  artifacts_.Put(*artifacts_.FindPath(model.artifact_uri) + "/MLmodel", "bytes", kWho);
  AddVersion(1, "mlflow-artifacts:/" + FolderOf(first), first.str());
  experiments_.Delete(experiment, kWho);
  for (const bool dry_run : {true, false}) {
    const auto findings = Collect({.dry_run = dry_run, .grace_ms = 0});
    EXPECT_EQ(WhyOf(findings, experiment.str()), "keep: run " + first.str() + " of it is kept");
    EXPECT_EQ(WhyOf(findings, second.str()), "remove: it was deleted and nothing refers to it");
  }
  EXPECT_FALSE(HasRun(second));
  db().Write([](auto& connection) {
    connection.Execute({"forget", "UPDATE model_versions SET deleted_ms = 1", ""});
  });
  const auto findings = Collect({.grace_ms = 0});
  EXPECT_EQ(WhyOf(findings, experiment.str()), "remove: it was deleted and nothing refers to it");
  EXPECT_THROW(experiments_.Get(experiment), Error);
  EXPECT_THROW(models_.Get(model.id), Error);
  EXPECT_FALSE(artifacts_.Stat(experiment.str()));
}

TEST_P(GarbageTest, RemovesOnlyWhatIsNamed) {
  const auto named = MakeRun("a");
  const auto other = MakeRun("b");
  const auto active = MakeRun("c");
  runs_.Delete(named, kWho);
  runs_.Delete(other, kWho);
  EXPECT_THROW(Collect({.grace_ms = 0, .runs = {named, active}}), Error);
  EXPECT_THROW(Collect({.grace_ms = 0, .runs = {named, tracking::RunId("absent")}}), Error);
  EXPECT_TRUE(HasRun(named));
  const auto findings = Collect({.grace_ms = 0, .runs = {named}});
  EXPECT_EQ(findings.size(), 1U);
  EXPECT_FALSE(HasRun(named));
  EXPECT_TRUE(HasRun(other));
}

TEST_P(GarbageTest, RemovesTheRunsOfANamedExperiment) {
  const auto experiment = experiments_.Create({.name = "e"}, kWho);
  const auto run = MakeRun("a", experiment);
  const auto other = MakeRun("b");
  runs_.Delete(other, kWho);
  experiments_.Delete(experiment, kWho);
  const auto findings = Collect({.grace_ms = 0, .experiments = {experiment}});
  EXPECT_EQ(findings.size(), 2U);
  EXPECT_FALSE(HasRun(run));
  EXPECT_TRUE(HasRun(other));
  EXPECT_THROW(experiments_.Get(experiment), Error);
}

TEST_P(GarbageTest, LeavesRunsWhoseFilesItCannotTellFromOthers) {
  const auto shared = experiments_.Create({.name = "root", .artifact_location = "s3://b/x"}, kWho);
  const auto elsewhere = runs_.Create({.experiment_id = shared, .start_ms = 1}, kWho).info.id;
  const auto whole = MakeRun("a");
  db().Write([&](auto& connection) {
    connection.Execute({"u", "UPDATE runs SET artifact_uri = $2 WHERE run_id = $1", ""},
                       {whole.str(), "mlflow-artifacts:/"});
  });
  runs_.Delete(elsewhere, kWho);
  runs_.Delete(whole, kWho);
  const auto findings = Collect({.grace_ms = 0});
  EXPECT_TRUE(WhyOf(findings, elsewhere.str()).ends_with("where this server does not reach"));
  EXPECT_TRUE(WhyOf(findings, whole.str()).ends_with("which may hold others' as well"));
}

TEST_P(GarbageTest, EndsWhatACrashBrokeOff) {
  const auto run = MakeRun("a");
  const std::string folder = FolderOf(run);
  artifacts_.Put("0/other/artifacts/x", "y", kWho);
  db().Write([&](auto& connection) { artifacts::Abandon(connection, "0/gone/artifacts", 5); });
  artifacts_.Put("0/gone/artifacts/x", "y", kWho);
  // A run of the same id came back, out of a backup or another store.
  db().Write([&](auto& connection) { artifacts::Abandon(connection, folder, 5); });
  const auto findings = Collect();
  EXPECT_EQ(WhyOf(findings, "0/gone/artifacts"),
            "remove: a collection that was broken off had begun to remove it");
  EXPECT_EQ(WhyOf(findings, folder), "keep: it belongs to a run or model that came back");
  EXPECT_FALSE(artifacts_.Stat("0/gone/artifacts"));
  EXPECT_EQ(artifacts_.ReadAll(folder + "/a"), "bytes");
  EXPECT_EQ(artifacts_.ReadAll("0/other/artifacts/x"), "y");
}

TEST_P(GarbageTest, ListsWhatNobodyKnowsAndDeletesItOnlyWhenAsked) {
  const auto run = MakeRun("a");
  store_.Put("0/stray/one", "1");
  store_.Put("0/stray/deep/two", "22");
  store_.Put("0/meta.yaml", "x");
  store_.Put("0/" + run.str() + "/artifacts/by-other-means", "x");  // in a run's own folder
  artifacts_.Put("reports/known.txt", "x", kWho);
  // Files have the time of the system.
  clock_.Advance(SystemClock().NowMs() + 2 * kDayMs - clock_.NowMs());
  EXPECT_TRUE(Collect({.grace_ms = kDayMs}).empty());
  const auto listed = Collect({.grace_ms = kDayMs, .unknown = Unknown::kList});
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(listed[0].path, "0/meta.yaml");
  EXPECT_EQ(listed[1].path, "0/stray");
  EXPECT_EQ(listed[1].bytes, 3);
  EXPECT_EQ(WhyOf(listed, "0/stray"), "keep: nothing here knows it; unknown files are only listed");
  const auto young = Collect({.grace_ms = 10 * kDayMs, .unknown = Unknown::kDelete});
  EXPECT_EQ(WhyOf(young, "0/stray"), "keep: it was written less than the grace period ago");
  Collect({.grace_ms = kDayMs, .unknown = Unknown::kDelete, .who = kWho});
  EXPECT_FALSE(artifacts_.Stat("0/stray"));
  EXPECT_EQ(artifacts_.ReadAll("0/" + run.str() + "/artifacts/by-other-means"), "x");
  EXPECT_EQ(artifacts_.ReadAll("reports/known.txt"), "x");
  const auto deleted = artifacts_.ListDeleted({}, 10);
  ASSERT_EQ(deleted.size(), 2U);
  for (const auto& each : deleted) artifacts_.Restore(each.id, kWho);
  EXPECT_EQ(artifacts_.ReadAll("0/stray/deep/two"), "22");
}

TEST_P(GarbageTest, EmptiesCopiesThatNoEndpointServes) {
  const auto make = [&](const std::string& name) {
    const auto folder = dir_.path() / "copies" / name;
    std::filesystem::create_directories(folder / "model");
    return folder;
  };
  const auto served = make("aaa");
  const auto idle = make("bbb");
  make(".part-1");
  db().Write([&](auto& connection) {
    connection.Execute(kInsertEndpoint);
    connection.Execute(kInsertRevision, {"late-r1", int64_t{1}, "7", (served / "model").string(),
                                         "live", int64_t{30}});
  });
  const auto findings = Collect({.dry_run = true});
  EXPECT_EQ(WhyOf(findings, served.string()), "keep: endpoint late has version 7 of flights");
  EXPECT_TRUE(std::filesystem::exists(idle));
  Collect();
  EXPECT_TRUE(std::filesystem::exists(served));
  EXPECT_FALSE(std::filesystem::exists(idle));
  EXPECT_FALSE(std::filesystem::exists(dir_.path() / "copies/.part-1"));
}

TEST_P(GarbageTest, GoesOnPageByPage) {
  std::vector<tracking::RunId> runs;
  for (size_t i = 0; i < 25; ++i) {
    runs.push_back(
        runs_.Create({.experiment_id = tracking::ExperimentId("0"), .start_ms = 1}, kWho).info.id);
    runs_.Delete(runs.back(), kWho);
  }
  artifacts_.Put("f", "x", kWho);
  artifacts_.Remove("f", kWho);
  Request request{.dry_run = true, .grace_ms = 0, .findings_max = 10};
  EXPECT_EQ(garbage_.Collect(request).findings.size(), 10U);
  EXPECT_EQ(Collect(request).size(), runs.size() + 1);
  request.dry_run = false;
  EXPECT_EQ(Collect(request).size(), runs.size() + 1);
  EXPECT_TRUE(Collect(request).empty());
  EXPECT_THROW(garbage_.Collect({.after = "nonsense"}), Error);
  EXPECT_THROW(garbage_.Collect({.after = "run:x"}), Error);
  EXPECT_THROW(garbage_.Collect({.grace_ms = -1}), Error);
}

MILLWRIGHT_ON_BOTH_DATABASES(GarbageTest);

}  // namespace
}  // namespace millwright::retention
