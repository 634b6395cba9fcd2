// What the readers find in stores that MLflow itself wrote; see tests/data/mlflow-stores.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "moving/comparison.h"
#include "moving/database_source.h"
#include "moving/file_store_source.h"
#include "moving/file_store_target.h"
#include "moving/move.h"

namespace millwright::moving {
namespace {

namespace fs = std::filesystem;

fs::path Data(const std::string& name) {
  return fs::path(MILLWRIGHT_SOURCE_DIR) / "tests/data/mlflow-stores" / name;
}

std::unique_ptr<Source> Open(const std::string& name, Problems& problems) {
  if (name.ends_with("-files")) {
    return std::make_unique<FileStoreSource>(Data(name) / "mlruns", problems);
  }
  return std::make_unique<DatabaseSource>(
      DatabaseSource::Options{"sqlite:///" + (Data(name) / "mlflow.db").string(), {}}, problems);
}

tracking::Experiment ExperimentOf(Source& source, const std::string& name) {
  for (const auto& one : source.Experiments()) {
    if (one.name == name) return one;
  }
  ADD_FAILURE() << "no experiment " << name;
  return {};
}

tracking::Run RunOf(Source& source, const std::string& experiment, const std::string& name) {
  tracking::Run found;
  source.ForEachRunGroup(ExperimentOf(source, experiment), [&](Source::RunGroup group) {
    for (auto& run : group) {
      if (run.info.name == name) found = run;
    }
    return true;
  });
  return found;
}

std::string TagOf(const tracking::Run& run, const std::string& key) {
  for (const auto& tag : run.tags) {
    if (tag.key == key) return tag.value;
  }
  return "absent";
}

class StoresTest : public ::testing::TestWithParam<const char*> {
 protected:
  bool has_registry() const { return GetParam() != std::string("1.6-files"); }
  bool has_aliases() const { return GetParam()[0] > '1'; }
  Problems problems_;
  std::unique_ptr<Source> source_ = Open(GetParam(), problems_);
};

TEST_P(StoresTest, FindsEveryExperiment) {
  std::vector<std::string> names;
  for (const auto& one : source_->Experiments()) {
    const bool deleted = one.lifecycle == tracking::Lifecycle::kDeleted;
    names.push_back(one.name + (deleted ? " (deleted)" : ""));
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"Default", "flights delay", "old trials",
                                             "thrown away (deleted)"}));
  EXPECT_EQ(ExperimentOf(*source_, "flights delay").tags,
            (std::vector<tracking::Tag>{{"team", "blå øst ✈"}}));
  EXPECT_EQ(source_->CountRuns(ExperimentOf(*source_, "flights delay")), 3);
}

TEST_P(StoresTest, FindsRunsWithAllTheyHave) {
  const tracking::Run run = RunOf(*source_, "flights delay", "first model");
  EXPECT_EQ(run.info.status, tracking::RunStatus::kFinished);
  EXPECT_EQ(run.info.start_ms, 1'700'000'000'000);
  EXPECT_EQ(run.info.end_ms, 1'700'000'060'000);
  EXPECT_EQ(run.info.user_id,
            GetParam()[0] == '3' || GetParam()[0] == '2' ? "ada" : run.info.user_id);
  EXPECT_EQ(TagOf(run, "note"), "line one\nline two: \"quoted\"");
  EXPECT_EQ(TagOf(run, "mlflow.source.name"), "train.py");
  std::vector<tracking::Param> params = run.params;
  std::sort(params.begin(), params.end(),
            [](const auto& a, const auto& b) { return a.key < b.key; });
  EXPECT_EQ(params, (std::vector<tracking::Param>{
                        {"eta", "0.1"}, {"model/depth", "6"}, {"text", "ünï %41 cøde, a=b"}}));
  EXPECT_EQ(RunOf(*source_, "old trials", "deleted run").info.lifecycle,
            tracking::Lifecycle::kDeleted);
  EXPECT_EQ(RunOf(*source_, "flights delay", "still running").info.end_ms, std::nullopt);
  EXPECT_EQ(RunOf(*source_, "thrown away", "in a deleted experiment").params.size(), 1U);
}

TEST_P(StoresTest, FindsEveryPoint) {
  const tracking::Run run = RunOf(*source_, "flights delay", "first model");
  std::map<std::string, std::vector<tracking::Metric>> points;
  source_->ForEachPoint({run}, [&](size_t, tracking::Metric metric) {
    points[metric.key].push_back(Canonical(metric));
  });
  ASSERT_EQ(points["loss"].size(), 250U);
  EXPECT_EQ(points["val/auc"].size(), 20U);
  EXPECT_EQ(points["loss"][249], (tracking::Metric{"loss", 1.0 / 250, 1'700'000'002'490, 249}));
  auto& strange = points["strange value"];
  ASSERT_EQ(strange.size(), 3U);
  EXPECT_TRUE(std::isnan(strange[0].value));
  EXPECT_EQ(strange[1].value, std::numeric_limits<double>::max());
  EXPECT_EQ(points["negative step"][0].step, -4);
}

TEST_P(StoresTest, FindsTheRegistry) {
  if (!has_registry()) {
    EXPECT_TRUE(source_->Models().empty());
    return;
  }
  const auto models = source_->Models();
  ASSERT_EQ(models.size(), 2U);
  EXPECT_EQ(models[0].name.str(), "delays");
  EXPECT_EQ(models[0].description, "Predicts *delays*");
  if (has_aliases()) {
    auto aliases = models[0].aliases;
    std::sort(aliases.begin(), aliases.end(),
              [](const auto& a, const auto& b) { return a.alias < b.alias; });
    EXPECT_EQ(aliases, (std::vector<registry::Alias>{{"champion", 2}, {"old", 1}}));
  }
  const auto versions = source_->Versions(models[0].name);
  ASSERT_EQ(versions.size(), 2U) << "the third is deleted";
  EXPECT_EQ(versions[0].stage, registry::Stage::kProduction);
  EXPECT_EQ(versions[0].description, "the first");
}

TEST_P(StoresTest, FindsFiles) {
  const tracking::Run run = RunOf(*source_, "flights delay", "first model");
  const FileOwner owner{run.info.experiment_id, run.info.id.str(), false, run.info.artifact_uri};
  const auto files = source_->Files(owner);
  ASSERT_TRUE(files);
  std::vector<std::string> paths;
  for (const auto& file : *files) paths.push_back(file.path);
  EXPECT_EQ(paths, (std::vector<std::string>{"model/MLmodel", "model/deep er/weights.bin",
                                             "notes é.txt"}));
  EXPECT_EQ(ReadFile(source_->Fetch(owner, "notes é.txt", "")), "hello");
  EXPECT_EQ(problems_.count(), 0);
}

// A store that is moved into an mlruns folder is found there as it was; doing it again brings
// nothing.
TEST_P(StoresTest, MovesIntoAFileStoreWithNothingLost) {
  const TempDir dir;
  FileStoreTarget target(dir.path() / "mlruns", problems_);
  const MoveReport first = Move(*source_, target, problems_, {}, {}).Run();
  EXPECT_EQ(problems_.count(), 0) << problems_.kept()[0].what << ": " << problems_.kept()[0].why;
  EXPECT_EQ(first.runs.found, 5);
  EXPECT_EQ(first.runs.verified, 5);
  EXPECT_EQ(first.runs.brought, 5);
  EXPECT_EQ(first.points.verified, first.points.found);
  EXPECT_GE(first.points.found, 276);
  EXPECT_EQ(first.versions.verified, has_registry() ? 2 : 0);
  EXPECT_EQ(first.files.verified, first.files.found);
  EXPECT_GE(first.files.found, 3);

  Problems again_problems;
  FileStoreTarget again(dir.path() / "mlruns", again_problems);
  const MoveReport second = Move(*source_, again, again_problems, {}, {}).Run();
  EXPECT_EQ(second.runs.present, 5);
  EXPECT_EQ(second.runs.brought, 0);
  EXPECT_EQ(second.files.brought, 0);
  EXPECT_EQ(again_problems.count(), 0);
}

INSTANTIATE_TEST_SUITE_P(, StoresTest,
                         ::testing::Values("1.6-files", "2.17-files", "3.11-files", "1.6-sqlite",
                                           "1.26-sqlite", "2.17-sqlite", "3.11-sqlite"),
                         [](const auto& info) {
                           std::string name = info.param;
                           for (char& c : name) c = std::isalnum(c) != 0 ? c : '_';
                           return "V" + name;
                         });

TEST(Stores, OfMlflow3HaveLoggedModels) {
  for (const char* name : {"3.11-files", "3.11-sqlite"}) {
    Problems problems;
    const auto source = Open(name, problems);
    const auto models = source->LoggedModels(ExperimentOf(*source, "flights delay"));
    ASSERT_EQ(models.size(), 2U) << name;
    const auto& model = models[0].name == "delay-model" ? models[0] : models[1];
    EXPECT_EQ(model.status, tracking::LoggedModelStatus::kReady);
    EXPECT_EQ(model.params, (std::vector<tracking::Param>{{"C", "1.0"}}));
    EXPECT_EQ(model.tags, (std::vector<tracking::Tag>{{"k", "v/w"}}));
    ASSERT_EQ(model.metrics.size(), 2U);
    const tracking::Run run = RunOf(*source, "flights delay", "first model");
    EXPECT_EQ(run.model_outputs.size(), 1U);
    EXPECT_EQ(run.model_outputs[0].step, 7);
    ASSERT_EQ(run.dataset_inputs.size(), 1U);
    EXPECT_EQ(run.dataset_inputs[0].dataset.name, "flights 2019");
    EXPECT_EQ(run.dataset_inputs[0].tags,
              (std::vector<tracking::Tag>{{"mlflow.data.context", "training"}}));
  }
}

// MLflow keeps the number of a deleted version, and so does what it is moved to.
TEST(Stores, KeepTheNumbersOfDeletedVersions) {
  for (const char* name : {"3.11-files", "3.11-sqlite"}) {
    const TempDir dir;
    Problems problems;
    const auto source = Open(name, problems);
    const registry::ModelName model("delays");
    EXPECT_EQ(source->DeletedVersions(model), (std::vector<int64_t>{3})) << name;
    FileStoreTarget target(dir.path() / "mlruns", problems);
    Move(*source, target, problems, {}, {}).Run();
    EXPECT_EQ(target.contents().DeletedVersions(model), (std::vector<int64_t>{3})) << name;
    EXPECT_EQ(target.contents().Versions(model).size(), 2U) << name;
  }
}

// A copy of a store that a test may break.
class BrokenStore : public ::testing::Test {
 protected:
  BrokenStore() { fs::copy(Data("3.11-files"), dir_.path(), fs::copy_options::recursive); }
  fs::path root() const { return dir_.path() / "mlruns"; }
  fs::path RunFolder(const std::string& name) {
    Problems problems;
    FileStoreSource source(root(), problems);
    const auto run = RunOf(source, "flights delay", name);
    return root() / run.info.experiment_id.str() / run.info.id.str();
  }
  MoveReport MoveAll() {
    FileStoreSource source(root(), problems_);
    FileStoreTarget target(dir_.path() / "copy", problems_);
    return Move(source, target, problems_, {}, {}).Run();
  }
  bool Told(const std::string& what) const {
    return std::any_of(problems_.kept().begin(), problems_.kept().end(), [&](const auto& problem) {
      return (problem.what + ": " + problem.why).find(what) != std::string::npos;
    });
  }

  TempDir dir_;
  Problems problems_;
};

TEST_F(BrokenStore, BringsAllButABrokenMeta) {
  const fs::path meta = RunFolder("still running") / "meta.yaml";
  WriteFileDurably(meta, "status: [");
  EXPECT_EQ(MoveAll().runs.verified, 4);
  EXPECT_TRUE(Told(meta.string()));
}

TEST_F(BrokenStore, BringsAllButAMissingMeta) {
  const fs::path meta = RunFolder("still running") / "meta.yaml";
  fs::remove(meta);
  EXPECT_EQ(MoveAll().runs.verified, 4);
  EXPECT_TRUE(Told(meta.string()));
}

TEST_F(BrokenStore, LeavesOutGarbageLinesAndSaysWhich) {
  const fs::path file = RunFolder("first model") / "metrics/loss";
  std::ofstream(file, std::ios::app) << "not a point\n" << std::string(100, '\xff') << "\n";
  const MoveReport report = MoveAll();
  EXPECT_EQ(report.runs.verified, 5);
  EXPECT_TRUE(Told(file.string() + " line 251"));
}

TEST_F(BrokenStore, CountsAPointThatIsThereTwiceOnce) {
  const fs::path file = RunFolder("first model") / "metrics/loss";
  std::ofstream(file, std::ios::app) << "1700000000000 1.0 0\n";
  Problems problems;
  FileStoreSource source(root(), problems);
  const auto run = RunOf(source, "flights delay", "first model");
  const auto whole = SumPoints(source, {run})[0];
  EXPECT_EQ(SumDistinctPoints(source, run).count(), whole.count() - 1);
}

TEST_F(BrokenStore, FollowsNoLinkOutOfIt) {
  const fs::path folder = RunFolder("first model") / "artifacts";
  fs::create_symlink("/etc/passwd", folder / "stolen");
  fs::create_directory_symlink("/etc", folder / "more");
  const MoveReport report = MoveAll();
  EXPECT_EQ(report.runs.verified, 5);
  EXPECT_TRUE(Told("stolen"));
  EXPECT_TRUE(Told("more"));
}

// A key may be what no file can be called; the run is there with all else of it, and once.
TEST(Stores, LeaveOutKeysThatCannotBeFiles) {
  const TempDir dir;
  Problems problems;
  FileStoreTarget target(dir.path() / "mlruns", problems);
  target.Put(tracking::Experiment{.id = tracking::ExperimentId("0"), .name = "Default"});
  tracking::Run run;
  run.info.id = tracking::RunId("4f2a");
  run.info.experiment_id = tracking::ExperimentId("0");
  for (const char* key : {"loss", "loss/train", "a/b", "a"})
    run.metrics.push_back({.key = key, .value = 1, .timestamp_ms = 5});
  run.params = {{"bad/../key", "x"}, {"ok", "y"}};
  run.tags = {{std::string(500, 'k'), "x"}};
  target.Put(Source::RunGroup{run});
  target.Put(Source::RunGroup{run});  // the next points of the same
  const fs::path folder = dir.path() / "mlruns/0/4f2a";
  EXPECT_EQ(ReadFile(folder / "metrics/loss"), "5 1 0\n5 1 0\n");
  EXPECT_EQ(ReadFile(folder / "metrics/a"), "5 1 0\n5 1 0\n");
  EXPECT_EQ(ReadFile(folder / "params/ok"), "y");
  ASSERT_EQ(problems.count(), 4);
  EXPECT_EQ(problems.kept()[0].what, "run 4f2a");
  EXPECT_EQ(problems.kept()[0].why,
            "'bad/../key' is left out of params, for it cannot be a file: it leads out of its "
            "folder");
}

TEST_F(BrokenStore, SaysThatAFileStandsWhereAFolderBelongs) {
  const fs::path folder = RunFolder("first model") / "params";
  fs::remove_all(folder);
  WriteFileDurably(folder, "x");
  MoveAll();
  EXPECT_TRUE(Told(folder.string()));
}

TEST_F(BrokenStore, IsRefusedWhenItIsNone) {
  EXPECT_THROW(FileStoreSource(dir_.path() / "absent", problems_), Error);
  EXPECT_THROW(FileStoreSource(root() / "models", problems_), Error);
  try {
    FileStoreSource(dir_.path(), problems_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("Did you mean"), std::string::npos) << error.message();
  }
  WriteFileDurably(dir_.path() / "mlflow.db", "SQLite it is not");
  EXPECT_THROW(DatabaseSource({"sqlite:///" + (dir_.path() / "mlflow.db").string(), {}}, problems_),
               Error);
  EXPECT_THROW(DatabaseSource({"sqlite:///" + (dir_.path() / "absent.db").string(), {}}, problems_),
               Error);
  EXPECT_THROW(DatabaseSource({"mysql://localhost/x", {}}, problems_), Error);
}

}  // namespace
}  // namespace millwright::moving
