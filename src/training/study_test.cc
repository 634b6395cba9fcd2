#include "training/study.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "inference/test_vectors.h"

namespace millwright::training {
namespace {

// A study of flights in a folder of its own, whose trials are this program started as a trial.
class StudyTest : public ::testing::Test {
 protected:
  StudyTest() {
    const auto rows = inference::testing::ReadFlightRows();
    const LabeledTable table{rows.columns, rows.values, rows.labels};
    WriteTable(dir_.path() / "flights.table", table.view());
  }

  StudySpec Spec() const {
    StudySpec spec{.name = "flights", .seed = 5, .trial_count = 4, .parallel = 2};
    spec.space =
        SearchSpaceFromJson(ParseJson(R"({"max_depth":{"type":"int","low":2,"high":5},)"
                                      R"("eta":{"type":"loguniform","low":0.05,"high":0.5}})"));
    spec.trial.trainer.rounds_max = 5;
    spec.trial.train_table = dir_.path() / "flights.table";
    spec.trial.validation_table = dir_.path() / "flights.table";
    spec.trial.test_table = dir_.path() / "flights.table";
    return spec;
  }

  StudyCallbacks Callbacks() {
    StudyCallbacks callbacks;
    callbacks.command = [this](const std::filesystem::path& spec_file) {
      ++started_;
      return ProcessSpec{.arguments = {ThisProgram(), "trial", spec_file}};
    };
    return callbacks;
  }

  static ProcessSpec Shell(const std::string& script) {
    return {.arguments = {"/bin/sh", "-c", script}};
  }

  std::filesystem::path folder() const { return dir_.path() / "study"; }

  TempDir dir_;
  int started_ = 0;
};

TEST_F(StudyTest, RunsTrialsAsProcessesAndFindsTheBest) {
  Study study(folder(), Spec());
  std::multiset<std::string> changes;
  StudyCallbacks callbacks = Callbacks();
  callbacks.context = [](const Trial& trial) {
    return Json::Of({{"run_id", "run-" + std::to_string(trial.number)}});
  };
  callbacks.on_change = [&](const Trial& trial) {
    changes.insert(std::string(TrialStateName(trial.state)));
  };
  study.Run(callbacks);
  EXPECT_EQ(changes.count("running"), 4U);
  EXPECT_EQ(changes.count("succeeded"), 4U);
  ASSERT_NE(study.best(), nullptr);
  for (const Trial& trial : study.trials()) {
    EXPECT_EQ(trial.state, TrialState::kSucceeded) << trial.result.error;
    EXPECT_LE(*trial.objective, *study.best()->objective);
    EXPECT_NEAR(trial.result.metrics.at("test_auc"), *trial.objective, 1e-6);
    for (const char* file : {"model.ubj", "feature_importance.json", "roc.json", "metrics.json"}) {
      EXPECT_TRUE(std::filesystem::exists(trial.folder / file)) << file;
    }
    const TrialSpec spec = ReadTrialSpec(trial.folder / kTrialSpecFile);
    EXPECT_EQ(spec.context.At("run_id").AsString(), "run-" + std::to_string(trial.number));
  }
  const Json roc = ParseJson(ReadFile(study.best()->folder / "roc.json"));
  EXPECT_LE(roc.At("fpr").AsArray().size(), 200U);
  EXPECT_EQ(roc.At("fpr").AsArray().size(), roc.At("tpr").AsArray().size());
}

TEST_F(StudyTest, GoesOnWhenATrialCrashesFailsOrHangs) {
  StudySpec spec = Spec();
  spec.trial_timeout_ms = 10'000;
  Study study(folder(), spec);
  StudyCallbacks callbacks = Callbacks();
  const auto trial_command = callbacks.command;
  callbacks.command = [&](const std::filesystem::path& spec_file) {
    const int number = ReadTrialSpec(spec_file).number;
    if (number == 0) return Shell("echo boom; kill -9 $$");
    if (number == 1) return Shell("exit 3");
    return trial_command(spec_file);
  };
  study.Run(callbacks);
  EXPECT_EQ(study.trials()[0].state, TrialState::kFailed);
  EXPECT_EQ(study.trials()[0].result.error, "The trial was ended by signal 9: boom");
  EXPECT_EQ(study.trials()[1].result.error, "The trial ended with code 3 and no result");
  EXPECT_EQ(study.trials()[2].state, TrialState::kSucceeded);
  ASSERT_NE(study.best(), nullptr);
  EXPECT_GE(study.best()->number, 2);
}

TEST_F(StudyTest, EndsATrialThatTakesTooLong) {
  StudySpec spec = Spec();
  spec.trial_count = 1;
  spec.trial_timeout_ms = 100;
  Study study(folder(), spec);
  StudyCallbacks callbacks;
  callbacks.command = [](const std::filesystem::path&) { return Shell("sleep 60"); };
  study.Run(callbacks);
  EXPECT_EQ(study.trials()[0].result.error, "The trial took longer than 100 ms");
  EXPECT_EQ(study.best(), nullptr);
}

TEST_F(StudyTest, TellsWhyATrialFailed) {
  StudySpec spec = Spec();
  spec.trial_count = 1;
  spec.trial.test_table = dir_.path() / "absent.table";
  Study study(folder(), spec);
  study.Run(Callbacks());
  EXPECT_EQ(study.trials()[0].state, TrialState::kFailed);
  EXPECT_NE(study.trials()[0].result.error.find("File not found"), std::string::npos)
      << study.trials()[0].result.error;
}

TEST_F(StudyTest, ResumesWithoutRepeatingWhatIsDone) {
  std::vector<Json> params;
  {
    Study study(folder(), Spec());
    std::stop_source stop;
    StudyCallbacks callbacks = Callbacks();
    callbacks.on_change = [&](const Trial& trial) {
      if (trial.state == TrialState::kSucceeded) stop.request_stop();
    };
    study.Run(callbacks, stop.get_token());
    for (const Trial& trial : study.trials()) params.push_back(trial.params);
  }
  started_ = 0;
  StudySpec spec = Spec();
  spec.parallel = 1;
  Study resumed(folder(), spec);
  int done = 0;
  for (const Trial& trial : resumed.trials()) {
    if (trial.state == TrialState::kSucceeded) ++done;
  }
  EXPECT_GE(done, 1);
  EXPECT_LT(done, 4);
  resumed.Run(Callbacks());
  EXPECT_EQ(started_, 4 - done);
  for (const Trial& trial : resumed.trials()) {
    EXPECT_EQ(trial.state, TrialState::kSucceeded);
    EXPECT_EQ(trial.params, params[static_cast<size_t>(trial.number)]);
  }
}

TEST_F(StudyTest, RefusesTheFolderOfAnotherStudy) {
  const Study study(folder(), Spec());
  StudySpec other = Spec();
  other.seed = 6;
  try {
    const Study second(folder(), other);
    FAIL() << "it took the folder";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kFailedPrecondition);
  }
}

TEST_F(StudyTest, WalksAGridOnce) {
  StudySpec spec = Spec();
  spec.sampler = SamplerKind::kGrid;
  spec.trial_count = 50;
  spec.space = SearchSpaceFromJson(ParseJson(R"({"max_depth":{"type":"int","low":2,"high":4}})"));
  EXPECT_EQ(Study(folder(), spec).trials().size(), 3U);
}

TEST_F(StudyTest, JudgesARegressionByItsErrors) {
  StudySpec spec = Spec();
  spec.trial_count = 1;
  spec.space = SearchSpaceFromJson(
      ParseJson(R"({"objective":"reg:squarederror","max_depth":{"type":"int","low":2,"high":5}})"));
  spec.metric = "test_rmse";
  spec.maximize = false;
  Study study(folder(), spec);
  study.Run(Callbacks());
  ASSERT_NE(study.best(), nullptr);
  const auto& metrics = study.best()->result.metrics;
  EXPECT_GT(metrics.at("test_mae"), 0);
  EXPECT_LE(metrics.at("test_mae"), metrics.at("test_rmse"));
  // The test table is the one that it was validated on.
  EXPECT_NEAR(metrics.at("test_rmse"), metrics.at("validation_rmse"), 1e-5);
  EXPECT_NEAR(metrics.at("test_mae"), metrics.at("validation_mae"), 1e-5);
  EXPECT_FALSE(metrics.contains("test_auc"));
}

}  // namespace
}  // namespace millwright::training

int main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == "trial") {
    try {
      millwright::training::RunTrial(millwright::training::ReadTrialSpec(argv[2]), nullptr);
      return 0;
    } catch (const millwright::Error&) {
      return 1;
    }
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
