// What is shown of folders that MLflow wrote (tests/data/mlflow-stores), and how it follows them.
#include "moving/folder_mirror.h"

#include <algorithm>
#include <fstream>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "events/event_log.h"
#include "registry/intake.h"
#include "registry/registry.h"
#include "storage/test_database.h"
#include "tracking/experiment_store.h"
#include "tracking/intake.h"
#include "tracking/logged_model_store.h"
#include "tracking/metric_history.h"
#include "tracking/run_store.h"

namespace millwright::moving {
namespace {

namespace fs = std::filesystem;

using tracking::ExperimentId;
using tracking::RunId;

const std::string kWho = "ada";
constexpr const char* kUri = "mlflow-artifacts:/mounts/x";
constexpr const char* kDelays = "153948243166310102";  // the experiment of its versions

void WriteFile(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
}
void Append(const fs::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary | std::ios::app) << text;
}

class FolderMirrorTest : public storage::DatabaseTest {
 protected:
  FolderMirrorTest() { Copy("3.11-files"); }

  void Copy(const std::string& store) {
    fs::remove_all(root_);
    fs::copy(fs::path(MILLWRIGHT_SOURCE_DIR) / "tests/data/mlflow-stores" / store / "mlruns", root_,
             fs::copy_options::recursive);
    mirror_.emplace(FolderMirror::Options{root_, kUri}, FolderMirror::Shown{mount_, registered_});
  }
  int64_t Look() { return mirror_->LookAtAll({}); }

  tracking::Experiment Shown(const std::string& name) { return experiments_.GetByName(name); }
  std::vector<tracking::Run> RunsOf(const ExperimentId& id) {
    return runs_.Search({.experiment_ids = {id}, .view = tracking::View::kAll, .limit = 1000})
        .items;
  }
  std::optional<tracking::Run> Find(const std::string& name) {
    for (const auto& [there, here] : mount_.Experiments()) {
      for (auto& run : RunsOf(here)) {
        if (run.info.name == name) return run;
      }
    }
    return std::nullopt;
  }
  fs::path FolderOf(const tracking::Run& run) {
    for (const auto& [there, here] : mount_.Experiments()) {
      if (here == run.info.experiment_id) return root_ / there.str() / run.info.id.str();
    }
    return {};
  }
  std::string TagOf(const RunId& id, const std::string& key) {
    for (const auto& tag : runs_.Get(id).tags) {
      if (tag.key == key) return tag.value;
    }
    return "absent";
  }
  size_t CountPoints(const RunId& id, const std::string& key) {
    return metrics_.Page(id, key, 100'000).points.size();
  }
  int64_t CountEvents(const std::string& kind) {
    int64_t count = 0;
    for (const auto& event : events_.After(0, 1000)) count += event.kind == kind;
    return count;
  }

  const TempDir dir_;
  const fs::path root_ = dir_.path() / "mlruns";
  ManualClock clock_{1000};
  events::EventLog events_{db(), clock_};
  tracking::ExperimentStore experiments_{db(), events_, clock_, {}};
  tracking::RunStore runs_{db(), events_, clock_};
  tracking::LoggedModelStore models_{db(), events_, clock_};
  tracking::MetricHistory metrics_{db()};
  tracking::Mount mount_{db(), events_, clock_, root_.string()};
  registry::Mount registered_{db(), events_, clock_, root_.string()};
  registry::Registry registry_{db(), events_, clock_};
  std::optional<FolderMirror> mirror_;
};

// A run of a folder, as a file store writes it.
fs::path BeginRun(const fs::path& experiment, const std::string& id, int status) {
  const fs::path folder = experiment / id;
  WriteFile(
      folder / "meta.yaml",
      "artifact_uri: " + (folder / "artifacts").string() +
          "\nend_time: null\nentry_point_name: ''\nexperiment_id: '0'\nlifecycle_stage: active"
          "\nrun_id: " +
          id + "\nrun_name: live\nstart_time: 5\nstatus: " + std::to_string(status) +
          "\nuser_id: ann\n");
  return folder;
}

template <typename F>
Code CodeOf(F&& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("import"), std::string::npos) << error.message();
    return error.code();
  }
  return Code::kInternal;
}

TEST_P(FolderMirrorTest, ShowsWhatEveryReleaseWrote) {
  for (const std::string store : {"1.6-files", "2.17-files", "3.11-files"}) {
    for (const auto& [there, here] : mount_.Experiments()) mount_.Remove(here);
    Copy(store);
    Problems problems;
    FileStoreSource source(root_, problems);
    Look();
    const auto here = mount_.Experiments();
    ASSERT_EQ(here.size(), source.Experiments().size()) << store;
    for (const auto& experiment : source.Experiments()) {
      EXPECT_EQ(RunsOf(here.at(experiment.id)).size(),
                static_cast<size_t>(source.CountRuns(experiment)))
          << store;
      source.ForEachRunGroup(experiment, [&](Source::RunGroup group) {
        std::map<std::pair<std::string, std::string>, size_t> points;
        source.ForEachPoint(group, [&](size_t i, tracking::Metric metric) {
          ++points[{group[i].info.id.str(), metric.key}];
        });
        for (const auto& [key, count] : points) {
          EXPECT_EQ(CountPoints(RunId(key.first), key.second), count) << store << key.second;
        }
        for (const auto& run : group) {
          const auto shown = runs_.Get(run.info.id);
          EXPECT_EQ(shown.info.status, run.info.status);
          EXPECT_EQ(shown.info.lifecycle, run.info.lifecycle);
          EXPECT_EQ(shown.params.size(), run.params.size());
          EXPECT_EQ(shown.tags.size(), run.tags.size());
          EXPECT_EQ(shown.dataset_inputs.size(), run.dataset_inputs.size());
        }
        return true;
      });
    }
  }
}

TEST_P(FolderMirrorTest, StandsBesideWhatIsHere) {
  const RunId ours =
      runs_.Create({.experiment_id = ExperimentId("0"), .start_ms = 5}, kWho).info.id;
  Look();
  EXPECT_EQ(Shown("Default").id.str(), "0");
  EXPECT_EQ(RunsOf(ExperimentId("0")).size(), 1U);
  const auto theirs = Shown("Default (mlruns)");
  EXPECT_NE(theirs.id.str(), "0");
  EXPECT_EQ(theirs.tags, (std::vector<tracking::Tag>{{"millwright.mounted_from", root_.string()}}));
  runs_.LogMetric(ours, {"loss", 1, 1, 1});
  EXPECT_EQ(runs_.Get(ours).metrics.size(), 1U);
}

TEST_P(FolderMirrorTest, SaysWhereItsFilesAre) {
  Look();
  const auto experiment = Shown("flights delay");
  std::string number;
  for (const auto& [there, here] : mount_.Experiments()) {
    if (here == experiment.id) number = there.str();
  }
  const std::string begin = std::string(kUri) + "/" + number;
  size_t with_files = 0;
  for (const auto& run : RunsOf(experiment.id)) {
    if (!fs::exists(FolderOf(run) / "artifacts")) continue;
    EXPECT_EQ(run.info.artifact_uri, begin + "/" + run.info.id.str() + "/artifacts");
    ++with_files;
  }
  EXPECT_GT(with_files, 0U);
}

TEST_P(FolderMirrorTest, FollowsARunThatIsWritten) {
  Look();
  const RunId id("0123456789abcdef0123456789abcdef");
  const fs::path folder = BeginRun(root_ / "0", id.str(), 1);
  WriteFile(folder / "metrics" / "loss", "1 0.5 0\n2 0.4 1\n3 0.");
  WriteFile(folder / "tags" / "phase", "warm");
  EXPECT_EQ(Look(), 1);
  EXPECT_EQ(CountPoints(id, "loss"), 2U);  // the third is not whole yet
  EXPECT_EQ(TagOf(id, "phase"), "warm");

  Append(folder / "metrics" / "loss", "3 2\n4 nan 3\n");
  WriteFile(folder / "metrics" / "val" / "auc", "4 0.9 3\n");
  WriteFile(folder / "params" / "eta", "0.1");
  EXPECT_EQ(mirror_->LookAtBusy({}), 1);
  EXPECT_EQ(CountPoints(id, "loss"), 4U);
  EXPECT_EQ(CountPoints(id, "val/auc"), 1U);
  EXPECT_EQ(runs_.Get(id).params, (std::vector<tracking::Param>{{"eta", "0.1"}}));
  EXPECT_EQ(mirror_->LookAtBusy({}), 0);

  fs::remove(folder / "tags" / "phase");
  BeginRun(root_ / "0", id.str(), 3);
  EXPECT_EQ(mirror_->LookAtBusy({}), 1);
  EXPECT_EQ(TagOf(id, "phase"), "absent");
  EXPECT_EQ(runs_.GetInfo(id).status, tracking::RunStatus::kFinished);
  EXPECT_EQ(CountEvents("run.finished"), 1);
  EXPECT_EQ(CountPoints(id, "loss"), 4U);

  fs::remove_all(folder);
  EXPECT_EQ(Look(), 0);
  EXPECT_THROW(runs_.Get(id), Error);
}

TEST_P(FolderMirrorTest, TakesMillionsOfPointsInParts) {
  Look();
  const RunId id("0123456789abcdef0123456789abcdef");
  const fs::path folder = BeginRun(root_ / "0", id.str(), 3);
  std::string lines;
  constexpr int kPoints = 50'001;
  for (int i = 0; i < kPoints; ++i) lines += std::to_string(i) + " 0.5 " + std::to_string(i) + "\n";
  WriteFile(folder / "metrics" / "loss", lines);
  WriteFile(folder / "metrics" / "other", "1 1 1\n");
  EXPECT_EQ(Look(), 1);
  EXPECT_EQ(CountPoints(id, "loss"), size_t{kPoints});
  EXPECT_EQ(CountPoints(id, "other"), 1U);
}

TEST_P(FolderMirrorTest, FollowsExperiments) {
  Look();
  const auto here = Shown("old trials").id;
  std::string number;
  for (const auto& [there, shown] : mount_.Experiments()) {
    if (shown == here) number = there.str();
  }
  fs::rename(root_ / number, root_ / ".trash" / number);
  Look();
  EXPECT_EQ(experiments_.Get(here).lifecycle, tracking::Lifecycle::kDeleted);
  fs::rename(root_ / ".trash" / number, root_ / number);
  Look();
  EXPECT_EQ(experiments_.Get(here).lifecycle, tracking::Lifecycle::kActive);
  fs::remove_all(root_ / number);
  Look();
  EXPECT_THROW(experiments_.Get(here), Error);
  EXPECT_EQ(CountEvents("experiment.unmounted"), 1);
}

TEST_P(FolderMirrorTest, ReadsNothingAgainAfterARestart) {
  EXPECT_GT(Look(), 0);
  FolderMirror again({root_, kUri}, {mount_, registered_});
  EXPECT_EQ(again.LookAtAll({}), 0);
  EXPECT_EQ(again.run_count(), mirror_->run_count());
  // Changed while nobody looked: read whole, and no point is there twice.
  const auto run = Find("train é").value_or(*Find(RunsOf(Shown("flights delay").id)[0].info.name));
  WriteFile(FolderOf(run) / "tags" / "late", "yes");
  std::map<std::string, size_t> points;
  for (const auto& metric : run.metrics) points[metric.key] = CountPoints(run.info.id, metric.key);
  FolderMirror third({root_, kUri}, {mount_, registered_});
  EXPECT_EQ(third.LookAtAll({}), 1);
  EXPECT_EQ(TagOf(run.info.id, "late"), "yes");
  for (const auto& [key, count] : points) EXPECT_EQ(CountPoints(run.info.id, key), count) << key;
}

TEST_P(FolderMirrorTest, NobodyChangesIt) {
  Look();
  const auto experiment = Shown("flights delay").id;
  const auto run = RunsOf(experiment)[0].info.id;
  const auto denied = Code::kPermissionDenied;
  EXPECT_EQ(CodeOf([&] { runs_.LogMetric(run, {"x", 1, 1, 1}); }), denied);
  EXPECT_EQ(CodeOf([&] { runs_.LogBatch(run, {.params = {{"x", "1"}}}); }), denied);
  EXPECT_EQ(CodeOf([&] { runs_.SetTag(run, {"x", "1"}, kWho); }), denied);
  EXPECT_EQ(CodeOf([&] { runs_.DeleteTag(run, "x"); }), denied);
  EXPECT_EQ(CodeOf([&] { runs_.Update(run, {.name = "x"}, kWho); }), denied);
  EXPECT_EQ(CodeOf([&] { runs_.Delete(run, kWho); }), denied);
  EXPECT_EQ(CodeOf([&] { runs_.Restore(run, kWho); }), denied);
  EXPECT_EQ(CodeOf([&] { runs_.Create({.experiment_id = experiment}, kWho); }), denied);
  EXPECT_EQ(CodeOf([&] { experiments_.Rename(experiment, "x", kWho); }), denied);
  EXPECT_EQ(CodeOf([&] { experiments_.Delete(experiment, kWho); }), denied);
  EXPECT_EQ(CodeOf([&] { experiments_.SetTag(experiment, {"x", "1"}, kWho); }), denied);
  EXPECT_EQ(CodeOf([&] { experiments_.DeleteTag(experiment, "x", kWho); }), denied);
  EXPECT_EQ(CodeOf([&] { models_.Create({.experiment_id = experiment}, kWho); }), denied);
  tracking::Intake intake(db(), events_, clock_, "mlflow-artifacts:");
  EXPECT_EQ(CodeOf([&] { intake.Take(tracking::Experiment{.name = "flights delay"}, kWho); }),
            denied);
  size_t models = 0;
  for (const auto& model : models_.Search({.experiment_ids = {experiment}}).items) {
    EXPECT_EQ(CodeOf([&] { models_.SetTags(model.id, {{"x", "1"}}); }), denied);
    EXPECT_EQ(CodeOf([&] { models_.Delete(model.id, kWho); }), denied);
    ++models;
  }
  EXPECT_GT(models, 0U);
  EXPECT_EQ(Look(), 0);
}

TEST_P(FolderMirrorTest, ShowsTheRegistryAndFollowsIt) {
  Look();
  const registry::ModelName name("delays");
  auto model = registry_.GetModel(name);
  EXPECT_EQ(model.tags.size(), 2U);  // its owner and where it is shown of
  ASSERT_EQ(model.aliases.size(), 2U);
  EXPECT_EQ(registry_.GetByAlias(name, "champion").version, 2);
  const auto first = registry_.GetVersion(name, 1);
  EXPECT_EQ(first.stage, registry::Stage::kProduction);
  EXPECT_EQ(first.description, "the first");
  EXPECT_EQ(first.tags.size(), 1U);
  // The folder came from another machine, whose paths its files still name.
  EXPECT_EQ(first.artifact_uri, std::string(kUri) + "/" + kDelays +
                                    "/302cf2dca9784dad880346578cec60ae/artifacts/model");
  EXPECT_EQ(
      registry_.GetVersion(name, 2).artifact_uri,
      std::string(kUri) + "/" + kDelays + "/models/m-be56dcca1f4f44019622c174684f71e0/artifacts");
  EXPECT_THROW(registry_.GetVersion(name, 3), Error);  // deleted there
  EXPECT_TRUE(registry_.GetModel(registry::ModelName("empty model")).latest_versions.empty());
  EXPECT_EQ(CountEvents("model.mounted"), 2);

  // It changes while it is shown.
  const fs::path folder = root_ / "models/delays";
  const int64_t before_ms = clock_.NowMs();
  clock_.Advance(1000);
  WriteFile(folder / "aliases/champion", "1");
  fs::remove(folder / "aliases/old");
  fs::remove_all(folder / "version-2");
  Look();
  EXPECT_EQ(registry_.GetByAlias(name, "champion").version, 1);
  EXPECT_EQ(registry_.GetModel(name).aliases.size(), 1U);
  EXPECT_THROW(registry_.GetVersion(name, 2), Error);
  const auto past = registry_.AsOf(name, {.time_ms = before_ms});
  ASSERT_EQ(past.aliases.size(), 2U);
  EXPECT_EQ(past.aliases[0].version, 2);
  fs::remove_all(root_ / "models/empty model");
  Look();
  EXPECT_THROW(registry_.GetModel(registry::ModelName("empty model")), Error);
  EXPECT_EQ(CountEvents("model.unmounted"), 1);
}

TEST_P(FolderMirrorTest, NobodyChangesItsRegistry) {
  Look();
  const registry::ModelName name("delays");
  const registry::Author by(kWho);
  const auto denied = Code::kPermissionDenied;
  EXPECT_EQ(CodeOf([&] { registry_.DescribeModel(name, "x", by); }), denied);
  EXPECT_EQ(CodeOf([&] { registry_.RenameModel(name, registry::ModelName("x"), by); }), denied);
  EXPECT_EQ(CodeOf([&] { registry_.DeleteModel(name, by); }), denied);
  EXPECT_EQ(CodeOf([&] { registry_.SetModelTag(name, {"x", "1"}, by); }), denied);
  EXPECT_EQ(CodeOf([&] { registry_.CreateVersion({.name = name, .source = "s3://b/m"}, by); }),
            denied);
  EXPECT_EQ(CodeOf([&] { registry_.DeleteVersion(name, 1, by); }), denied);
  EXPECT_EQ(CodeOf([&] { registry_.MoveStage(name, {1, registry::Stage::kStaging}, by); }), denied);
  EXPECT_EQ(CodeOf([&] { registry_.SetVersionTag(name, 1, {"x", "1"}, by); }), denied);
  EXPECT_EQ(CodeOf([&] { registry_.SetAlias(name, {"champion", 1}, by); }), denied);
  EXPECT_EQ(CodeOf([&] { registry_.DeleteAlias(name, "champion", by); }), denied);
  registry::Intake intake(db(), events_, clock_,
                          [](const auto&) { return registry::Inspection(); });
  EXPECT_EQ(CodeOf([&] { intake.Take({.name = name}, {}, {}, kWho); }), denied);
  EXPECT_EQ(registry_.GetByAlias(name, "champion").version, 2);
  EXPECT_EQ(registry_.GetModel(name).description, "Predicts *delays*");
}

TEST_P(FolderMirrorTest, AModelOfOurOwnKeepsItsName) {
  const registry::ModelName name("delays");
  registry_.CreateModel({.name = name}, kWho);
  Look();
  EXPECT_TRUE(registry_.GetModel(name).aliases.empty());
  registry_.SetModelTag(name, {"ours", "1"}, kWho);
  EXPECT_EQ(registry_.GetByAlias(registry::ModelName("delays (mlruns)"), "champion").version, 2);
  for (const auto& [there, fingerprint] : registered_.Fingerprints()) registered_.Remove(there);
  EXPECT_THROW(registry_.GetModel(registry::ModelName("delays (mlruns)")), Error);
  EXPECT_EQ(registry_.GetModel(name).tags.size(), 1U);
  EXPECT_TRUE(registry::MountedModelFolders(db()).empty());
}

TEST_P(FolderMirrorTest, IsGoneWhollyWhenItIsNotShown) {
  Look();
  const auto run = RunsOf(Shown("flights delay").id)[0];
  for (const auto& [there, here] : mount_.Experiments()) mount_.Remove(here);
  EXPECT_TRUE(mount_.Experiments().empty());
  EXPECT_EQ(tracking::MountedFolders(db()), std::vector<std::string>{});
  // Now it may be imported.
  tracking::Intake intake(db(), events_, clock_, "mlflow-artifacts:");
  const auto id =
      intake.Take(tracking::Experiment{.id = ExperimentId("7"), .name = "flights delay"}, kWho);
  tracking::Run again = run;
  again.info.experiment_id = id;
  intake.Take({again}, kWho);
  runs_.SetTag(run.info.id, {"ours", "now"}, kWho);
  for (const auto& metric : run.metrics) EXPECT_EQ(CountPoints(run.info.id, metric.key), 1U);
  // What is here already is ours, and is left out of what is shown.
  FolderMirror mirror({root_, kUri}, {mount_, registered_});
  mirror.LookAtAll({});
  EXPECT_EQ(TagOf(run.info.id, "ours"), "now");
  EXPECT_EQ(runs_.GetInfo(run.info.id).experiment_id, id);
}

TEST_P(FolderMirrorTest, OutlivesWhatCannotBeRead) {
  Look();
  const auto run = RunsOf(Shown("flights delay").id)[0];
  WriteFile(FolderOf(run) / "meta.yaml", "{broken");
  EXPECT_EQ(Look(), 0);
  EXPECT_EQ(runs_.Get(run.info.id).info.name, run.info.name);
  WriteFile(root_ / "77" / "meta.yaml", "");
  WriteFile(root_ / "0" / "not-a-run" / "x", "y");
  EXPECT_EQ(Look(), 0);
}

MILLWRIGHT_ON_BOTH_DATABASES(FolderMirrorTest);

}  // namespace
}  // namespace millwright::moving
