#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <stop_token>
#include <thread>

#include "analytics/session.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/yaml.h"
#include "cli/artifact_transfer.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/run_heartbeat.h"
#include "cli/run_logger.h"
#include "cli/stop_signals.h"
#include "tracking/limits.h"
#include "tracking/run_lease.h"
#include "training/matrix_file.h"
#include "training/study.h"

namespace millwright::cli {
namespace {

// How soon a signal is seen.
constexpr int64_t kSignalLookMs = 50;

struct TrainOptions {
  std::string file, dataset, split, experiment;
  int trials = 0;
  int parallel = 2;
  int lease_s = kRunLeaseSeconds;
};
constexpr Option<TrainOptions> kTrainOptions[] = {
    {"", "FILE", "A YAML file: features, label, parts, search space", &TrainOptions::file, "", 0, 0,
     Option<TrainOptions>::Kind::kRequired},
    {"", "--dataset", "The dataset to train on, NAME@VERSION", &TrainOptions::dataset, "DATASET", 0,
     0, Option<TrainOptions>::Kind::kRequired},
    {"", "--split", "The split to train on", &TrainOptions::split, "NAME", 0, 0,
     Option<TrainOptions>::Kind::kRequired},
    {"", "--experiment", "The experiment's name; the file's if not given",
     &TrainOptions::experiment, "NAME"},
    {"", "--trials", "Trials to run; the file's if not given", &TrainOptions::trials, "N", 0,
     training::kTrialsMax},
    {"", "--parallel", "Trials that run at once", &TrainOptions::parallel, "N", 1, 256},
    {"", "--lease-s",
     "How long a trial may be out of reach before its run is marked dead; 0: for ever",
     &TrainOptions::lease_s, "SECONDS", 0, tracking::kRunLeaseSecondsMax},
};

// What a training file says.
struct TrainingFile {
  std::string experiment;
  std::vector<std::string> features;
  std::string label;
  std::string train_part, validation_part, test_part;
  training::StudySpec study;
};

TrainingFile ReadTrainingFile(const std::filesystem::path& path) {
  const Json json = ParseYaml(ReadFile(path));
  TrainingFile file;
  file.experiment = json.GetString("experiment", "Default");
  file.features = json.GetStrings("features");
  if (file.features.empty()) throw InvalidArgument("{}: features are missing", path.string());
  file.label = json.At("label").AsString("label");
  file.train_part = json.GetString("train_part", "train");
  file.validation_part = json.GetString("validation_part", "validation");
  file.test_part = json.GetString("test_part", "test");
  const Json& search = json.At("search");
  file.study.name = file.experiment;
  file.study.space = training::SearchSpaceFromJson(search.At("space"));
  file.study.sampler = training::ParseSamplerKind(search.GetString("sampler", "random"));
  file.study.seed = static_cast<uint64_t>(search.GetInt("seed"));
  file.study.trial_count = static_cast<int>(search.GetInt("trials", 8));
  if (const Json* trainer = json.Find("trainer"))
    file.study.trial.trainer = training::TrainerConfigFromJson(*trainer);
  file.study.metric = search.GetString("metric", "validation_auc");
  // Of errors the least is the best.
  const bool is_loss = file.study.metric.ends_with("rmse") || file.study.metric.ends_with("mae") ||
                       file.study.metric.ends_with("logloss");
  file.study.maximize = search.GetBool("maximize", !is_loss);
  return file;
}

std::filesystem::path WritePartTable(Client& client, const TrainOptions& options,
                                     const TrainingFile& file, const std::string& part,
                                     const std::filesystem::path& folder) {
  const auto rows = folder / (part + ".parquet");
  DownloadPart(client, ParseReference(options.dataset), options.split, part, rows);
  std::string list = analytics::QuoteName(file.label);
  for (const auto& feature : file.features) list += ", " + analytics::QuoteName(feature);
  analytics::Session session;
  const auto table = training::TakeLabel(
      session.QueryFloats("SELECT " + list + " FROM " + analytics::ReadFileSql(rows.string())),
      file.label);
  const auto target = folder / (part + ".table");
  training::WriteTable(target, table.view());
  std::filesystem::remove(rows);
  return target;
}

std::string ExperimentId(Client& client, const std::string& name) {
  const auto find = [&] {
    return client.MlflowGet("experiments/get-by-name", {{"experiment_name", name}})
        .At("experiment")
        .GetString("experiment_id");
  };
  try {
    return find();
  } catch (const Error& error) {
    if (error.code() != Code::kNotFound) throw;
  }
  try {
    return client.MlflowPost("experiments/create", Json::Of({{"name", name}}))
        .GetString("experiment_id");
  } catch (const Error&) {
    return find();  // somebody else made it in between
  }
}

// A run for a trial, made before its process starts, so that one that cannot start is seen too.
Json CreateRun(Client& client, const TrainOptions& options, const std::string& experiment_id,
               int number) {
  const Reference dataset = ParseReference(options.dataset);
  const int64_t version = ResolveDatasetVersion(client, dataset);
  Json tags = Json::MakeArray();
  tags.Append(Json::Of({{"key", "millwright.split"}, {"value", options.split}}));
  tags.Append(Json::Of({{"key", tracking::kLeaseTag}, {"value", std::to_string(options.lease_s)}}));
  if (const char* pipeline_run = std::getenv("MILLWRIGHT_PIPELINE_RUN"))
    tags.Append(Json::Of({{"key", "millwright.pipeline_run"}, {"value", pipeline_run}}));
  const Json run = client.MlflowPost(
      "runs/create", Json::Of({{"experiment_id", experiment_id},
                               {"run_name", fmt::format("{} trial {}", options.split, number)},
                               {"start_time", SystemClock().NowMs()},
                               {"tags", tags}}));
  const std::string run_id = run.At("run").At("info").GetString("run_id");
  const std::string reference = fmt::format("{}@{}", dataset.name, version);
  client.MlflowPost(
      "runs/log-inputs",
      Json::Of(
          {{"run_id", run_id},
           {"datasets", Json(Json::Array{Json::Of(
                            {{"dataset", Json::Of({{"name", dataset.name},
                                                   {"digest", std::to_string(version)},
                                                   {"source_type", "millwright"},
                                                   {"source", "dataset:" + reference}})},
                             {"tags", Json(Json::Array{Json::Of({{"key", "mlflow.data.context"},
                                                                 {"value", "training"}})})}})})}}));
  return Json::Of({{"run_id", run_id}, {"uri", client.uri()}, {"lease_s", options.lease_s}});
}

std::string DescribeBest(const training::Trial& best) {
  std::string text = fmt::format("best is trial {}", best.number);
  for (const char* key : {"validation_auc", "test_auc", "validation_rmse", "test_rmse"}) {
    const auto found = best.result.metrics.find(key);
    if (found != best.result.metrics.end())
      text += fmt::format(", {} {}", key, FormatMetric(found->second));
  }
  return text;
}

Json TrialsJson(const std::vector<training::Trial>& trials,
                const std::map<int, std::string>& runs) {
  Json list = Json::MakeArray();
  for (const auto& trial : trials) {
    Json metrics = Json::MakeObject();
    for (const auto& [key, value] : trial.result.metrics) metrics.Set(key, value);
    const auto run = runs.find(trial.number);
    list.Append(Json::Of({{"number", trial.number},
                          {"state", training::TrialStateName(trial.state)},
                          {"run_id", run == runs.end() ? "" : run->second},
                          {"params", trial.params},
                          {"metrics", metrics},
                          {"error", trial.result.error}}));
  }
  return list;
}

// Returns whether the study came to its end before SIGINT or SIGTERM, which stop its trials.
bool RunUntilStopped(training::Study& study, const training::StudyCallbacks& callbacks) {
  StopSignals signals;
  std::stop_source stop;
  const std::jthread watcher([&](const std::stop_token& over) {
    while (!over.stop_requested() && !stop.stop_requested())
      if (signals.WaitFor(kSignalLookMs)) stop.request_stop();
  });
  study.Run(callbacks, stop.get_token());
  return !stop.stop_requested();
}

int Train(const TrainOptions& options, Console& console) {
  auto progress = console.StartProgress("train");
  Client& client = console.client();
  TrainingFile file = ReadTrainingFile(options.file);
  if (!options.experiment.empty()) file.experiment = options.experiment;
  const TempDir scratch;
  auto& trial = file.study.trial;
  trial.train_table = WritePartTable(client, options, file, file.train_part, scratch.path());
  trial.validation_table =
      WritePartTable(client, options, file, file.validation_part, scratch.path());
  trial.test_table = WritePartTable(client, options, file, file.test_part, scratch.path());
  if (options.trials > 0) file.study.trial_count = options.trials;
  file.study.parallel = options.parallel;

  const std::string experiment_id = ExperimentId(client, file.experiment);
  training::Study study(scratch.path() / "study", file.study);
  std::map<int, std::string> runs;
  int ended = 0;
  training::StudyCallbacks callbacks;
  callbacks.command = [](const std::filesystem::path& spec_file) {
    return ProcessSpec{.arguments = {ThisProgram().string(), "train-trial", spec_file.string()}};
  };
  callbacks.context = [&](const training::Trial& one) {
    Json context = CreateRun(client, options, experiment_id, one.number);
    runs[one.number] = context.GetString("run_id");
    return context;
  };
  callbacks.on_change = [&](const training::Trial& one) {
    const bool done =
        one.state == training::TrialState::kSucceeded || one.state == training::TrialState::kFailed;
    if (one.state == training::TrialState::kFailed)
      FailRun(client, runs[one.number], one.result.error);
    ended += done ? 1 : 0;
    progress->Update(static_cast<double>(ended) / file.study.trial_count,
                     fmt::format("{}/{} trials", ended, file.study.trial_count));
  };
  if (!RunUntilStopped(study, callbacks)) {
    for (const auto& one : study.trials())
      if (one.state == training::TrialState::kWaiting && runs.contains(one.number))
        KillRun(client, runs[one.number], "stopped by a signal");
    throw Aborted("Stopped by a signal; {} of {} trials have ended", ended, file.study.trial_count);
  }

  const training::Trial* best = study.best();
  if (best == nullptr)
    throw FailedPrecondition("No trial succeeded: {}", study.trials().at(0).result.error);
  progress->Finish(fmt::format("{} trials, {}", ended, DescribeBest(*best)));
  Json answer = Json::Of({{"run_id", runs[best->number]},
                          {"experiment_id", experiment_id},
                          {"trial", best->number},
                          {"trials", TrialsJson(study.trials(), runs)}});
  for (const auto& [key, value] : best->result.metrics) answer.Set(key, value);
  console.Answer(answer);
  console.Hint(fmt::format("next: millwright models register NAME --run {} --dataset {} --split {}",
                           runs[best->number], options.dataset, options.split));
  return 0;
}

struct TrialOptions {
  std::string spec;
};
constexpr Option<TrialOptions> kTrialOptions[] = {
    {"", "SPEC", "The trial's spec.json", &TrialOptions::spec, "", 0, 0,
     Option<TrialOptions>::Kind::kRequired},
};

int RunOneTrial(const TrialOptions& options, Console&) {
  const auto spec = training::ReadTrialSpec(options.spec);
  Client client(spec.context.GetString("uri"));
  const std::string run_id = spec.context.GetString("run_id");
  RunLogger logger(client, run_id);
  const RunHeartbeat heartbeat(client, run_id, static_cast<int>(spec.context.GetInt("lease_s")));
  training::RunTrial(spec, &logger);
  return 0;
}

}  // namespace

void AddTrainCommands(Commands& commands) {
  commands.push_back(
      MakeCommand("train", "Search for the best boosted trees on a dataset", kTrainOptions, Train));
  commands.push_back(MakeCommand("train-trial", "Run one trial of a study", kTrialOptions,
                                 RunOneTrial, Visibility::kHidden));
}

}  // namespace millwright::cli
