#include "tracking/run_store.h"

#include "base/error.h"
#include "storage/test_database.h"
#include "tracking/experiment_store.h"
#include "tracking/limits.h"
#include "tracking/logged_model_store.h"

namespace millwright::tracking {
namespace {

const std::string kWho = "ada";

class RunStoreTest : public storage::DatabaseTest {
 protected:
  RunId NewRunId(const std::string& name = "r") {
    return runs_.Create({.experiment_id = ExperimentId("0"), .name = name, .start_ms = 5}, kWho)
        .info.id;
  }
  std::vector<std::string> KindsOf(const std::string& subject) {
    std::vector<std::string> kinds;
    for (const auto& event : events_.After(0, 1000)) {
      if (event.subject == subject) kinds.push_back(event.kind);
    }
    return kinds;
  }
  std::vector<std::string> Found(const std::string& filter,
                                 const std::vector<std::string>& order_by = {"run_name"}) {
    std::vector<std::string> names;
    for (const auto& run :
         runs_
             .Search(
                 {.experiment_ids = {ExperimentId("0")}, .filter = filter, .order_by = order_by})
             .items) {
      names.push_back(run.info.name);
    }
    return names;
  }

  ManualClock clock_{1000};
  events::EventLog events_{db(), clock_};
  ExperimentStore experiments_{db(), events_, clock_, {}};
  RunStore runs_{db(), events_, clock_};
};

template <typename F>
std::string Refusal(Code code, F&& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.message();
    return error.message();
  }
  return "nothing was refused";
}

TEST_P(RunStoreTest, KeepsTheHighestStepAsLatest) {
  const RunId id = NewRunId();
  runs_.LogBatch(id, {.metrics = {{"loss", 3, 10, 7}, {"loss", 2, 9, 9}, {"loss", 1, 11, 5}}});
  runs_.LogMetric(id, {"loss", 8, 9, 9});   // same step and time: the greater value
  runs_.LogMetric(id, {"loss", 0, 99, 8});  // later, but of a lower step
  EXPECT_EQ(runs_.Get(id).metrics, (std::vector<Metric>{{"loss", 8, 9, 9}}));
}

TEST_P(RunStoreTest, NeverChangesAParam) {
  const RunId id = NewRunId();
  runs_.LogParam(id, {"lr", "0.1"});
  runs_.LogParam(id, {"lr", "0.1"});
  EXPECT_EQ(Refusal(Code::kInvalidArgument,
                    [&] {
                      runs_.LogParam(id, {"lr", "0.2"});
                    }),
            "Changing param values is not allowed. Param with key='lr' was already logged with "
            "value='0.1' for run ID='" +
                id.str() + "'. Attempted logging new value '0.2'.");
  EXPECT_EQ(runs_.Get(id).params, (std::vector<Param>{{"lr", "0.1"}}));
}

TEST_P(RunStoreTest, KeepsNothingOfABatchThatIsRefused) {
  const RunId id = NewRunId();
  runs_.LogParam(id, {"p", "1"});
  Refusal(Code::kInvalidArgument, [&] {
    runs_.LogBatch(
        id,
        {.metrics = {{"m", 1, 1, 0}}, .params = {{"new", "x"}, {"p", "2"}}, .tags = {{"t", "1"}}});
  });
  const tracking::Run run = runs_.Get(id);
  EXPECT_TRUE(run.metrics.empty());
  EXPECT_EQ(run.params, (std::vector<Param>{{"p", "1"}}));
  EXPECT_EQ(run.tags, (std::vector<Tag>{{"mlflow.runName", "r"}}));
}

TEST_P(RunStoreTest, CutsLongValuesAtACharacter) {
  const RunId id = NewRunId();
  std::string value;
  for (size_t i = 0; i < kParamValueCharactersMax + 5; ++i) value += "ü";
  runs_.LogParam(id, {"p", value});
  EXPECT_EQ(runs_.Get(id).params[0].value, value.substr(0, kParamValueCharactersMax * 2));
}

TEST_P(RunStoreTest, RefusesMoreThanABatchHolds) {
  const RunId id = NewRunId();
  Batch batch;
  batch.metrics.resize(kBatchMetricsMax + 1, {"m", 1, 1, 0});
  EXPECT_EQ(Refusal(Code::kInvalidArgument, [&] { runs_.LogBatch(id, batch); }),
            "A batch logging request can contain at most 1000 metrics. Got 1001 metrics. Please "
            "split up metrics across multiple requests and try again.");
}

TEST_P(RunStoreTest, KeepsNameAndTagInStep) {
  const RunId id = NewRunId("first");
  runs_.Update(id, {.status = {}, .end_ms = {}, .name = "second"}, kWho);
  EXPECT_EQ(runs_.Get(id).tags, (std::vector<Tag>{{"mlflow.runName", "second"}}));
  runs_.SetTag(id, {"mlflow.runName", "third"}, kWho);
  EXPECT_EQ(runs_.GetInfo(id).name, "third");
  EXPECT_FALSE(runs_.Create({.experiment_id = ExperimentId("0")}, kWho).info.name.empty());
}

TEST_P(RunStoreTest, ClosesADeletedRun) {
  const RunId id = NewRunId();
  runs_.Delete(id, kWho);
  EXPECT_EQ(Refusal(Code::kInvalidArgument,
                    [&] {
                      runs_.LogMetric(id, {"m", 1, 1, 0});
                    }),
            "The run " + id.str() + " must be in the 'active' state. Current state is deleted.");
  EXPECT_TRUE(Found("").empty());
  runs_.Restore(id, kWho);
  runs_.LogMetric(id, {"m", 1, 1, 0});
  EXPECT_EQ(Found(""), std::vector<std::string>{"r"});
}

TEST_P(RunStoreTest, DeletesAndRestoresRunsWithTheirExperiment) {
  const ExperimentId experiment = experiments_.Create({.name = "e", .tags = {{"a", "1"}}}, kWho);
  const tracking::Run run = runs_.Create({.experiment_id = experiment}, kWho);
  EXPECT_EQ(run.info.artifact_uri,
            "mlflow-artifacts:/" + experiment.str() + "/" + run.info.id.str() + "/artifacts");
  experiments_.Delete(experiment, kWho);
  EXPECT_EQ(runs_.GetInfo(run.info.id).lifecycle, Lifecycle::kDeleted);
  Refusal(Code::kInvalidArgument, [&] { runs_.Create({.experiment_id = experiment}, kWho); });
  Refusal(Code::kAlreadyExists, [&] { experiments_.Create({.name = "e"}, kWho); });
  experiments_.Restore(experiment, kWho);
  EXPECT_EQ(runs_.GetInfo(run.info.id).lifecycle, Lifecycle::kActive);
  EXPECT_EQ(experiments_.Get(experiment).tags, (std::vector<Tag>{{"a", "1"}}));
}

TEST_P(RunStoreTest, TellsOfARunsLife) {
  const RunId id = NewRunId();
  runs_.Update(id, {.status = RunStatus::kRunning, .end_ms = {}, .name = {}}, kWho);
  runs_.Update(id, {.status = RunStatus::kFailed, .end_ms = 9, .name = {}}, kWho);
  runs_.Delete(id, kWho);
  EXPECT_EQ(KindsOf("run:" + id.str()),
            (std::vector<std::string>{"run.created", "run.finished", "run.deleted"}));
}

TEST_P(RunStoreTest, SearchesByWhatRunsLogged) {
  for (int i = 0; i < 4; ++i) {
    const RunId id = NewRunId("r" + std::to_string(i));
    runs_.LogBatch(id, {.metrics = {{"auc", i * 0.1, 1, 0}},
                        .params = {{"algo", i % 2 == 0 ? "rf" : "svm"}},
                        .tags = {{"team", "Blue"}}});
  }
  const RunId bare = NewRunId("r4");
  runs_.LogInputs(
      bare, {{{"flights", "d1", "local", "x", {}, {}}, {{"mlflow.data.context", "training"}}}}, {});
  using Names = std::vector<std::string>;
  EXPECT_EQ(Found("metrics.auc > 0.1 and params.algo = 'rf'"), Names{"r2"});
  EXPECT_EQ(Found("params.algo = 'svm' OR run_name = 'r4'"), (Names{"r1", "r3", "r4"}));
  EXPECT_EQ(Found("NOT (params.algo = 'rf') AND tags.team ILIKE 'blue'"), (Names{"r1", "r3"}));
  EXPECT_EQ(Found("tags.team LIKE 'blue'"), Names{});
  EXPECT_EQ(Found("params.algo IN ('rf') and run_name NOT IN ('r0')"), Names{"r2"});
  EXPECT_EQ(Found("params.algo IS NULL"), Names{"r4"});
  EXPECT_EQ(Found("dataset.name = 'flights' AND dataset.context LIKE 'train%'"), Names{"r4"});
  EXPECT_EQ(Found("start_time = 5", {"metrics.auc DESC"}), (Names{"r3", "r2", "r1", "r0", "r4"}));
}

TEST_P(RunStoreTest, MeasuresALoggedModelByRunAndDataset) {
  LoggedModelStore models(db(), events_, clock_);
  const LoggedModel model = models.Create(
      {.experiment_id = ExperimentId("0"), .name = "m", .params = {{"C", "1"}}}, kWho);
  const RunId id = NewRunId();
  runs_.LogMetric(id, {"acc", 0.9, 1, 2, model.id.str(), "iris", "d1"});
  runs_.LogOutputs(id, {{model.id, 2}});
  models.Finish(model.id, LoggedModelStatus::kReady, kWho);
  const LoggedModel read = models.Get(model.id);
  EXPECT_EQ(read.status, LoggedModelStatus::kReady);
  ASSERT_EQ(read.metrics.size(), 1U);
  EXPECT_EQ(read.metrics[0].metric, (Metric{"acc", 0.9, 1, 2, model.id.str(), "iris", "d1"}));
  EXPECT_EQ(read.metrics[0].run_id, id);
  EXPECT_EQ(runs_.Get(id).model_outputs.size(), 1U);
  Refusal(Code::kFailedPrecondition, [&] { runs_.LogMetric(id, {"acc", 1, 1, 1, "m-unknown"}); });
}

TEST_P(RunStoreTest, KeepsWhatWasAcknowledgedOverARestart) {
  const RunId id = NewRunId();
  runs_.LogBatch(id, {.metrics = {{"m", 1, 1, 0}}});
  Reopen();
  events::EventLog events(db(), clock_);
  EXPECT_EQ(RunStore(db(), events, clock_).Get(id).metrics, (std::vector<Metric>{{"m", 1, 1, 0}}));
}

MILLWRIGHT_ON_BOTH_DATABASES(RunStoreTest);

}  // namespace
}  // namespace millwright::tracking
