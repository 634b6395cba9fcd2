// Scoring a data file by a model, in shards that are processes of their own.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <stop_token>
#include <thread>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/stop_signals.h"
#include "ensembles/ensemble.h"
#include "scoring/job.h"
#include "scoring/scorer.h"

namespace millwright::cli {
namespace {

constexpr int64_t kLookMs = 50;      // at the shards' processes
constexpr int64_t kTellUs = 50'000;  // between two words about rows
constexpr int64_t kGraceMs = 2'000;  // for a shard that is stopped
constexpr int kAllShards = -1;

struct ScoreOptions {
  std::string model, input, output, features, keep = "all", prefix;
  int shards = 0, shard = kAllShards, jobs = 0;
  int64_t batch_rows = scoring::ScorerOptions().batch_rows;
  bool overwrite = false, restart = false;
};
constexpr Option<ScoreOptions> kScoreOptions[] = {
    {"", "--model", "A model file or folder, models:/NAME/VERSION or models:/NAME@ALIAS",
     &ScoreOptions::model, "MODEL"},
    {"", "--input", "Rows to score: Parquet, CSV or JSON lines", &ScoreOptions::input, "FILE"},
    {"", "--output",
     "What to write: a file (.parquet, .csv, .tsv, .json, .jsonl), or a folder, FOLDER/, for one "
     "file a shard",
     &ScoreOptions::output, "FILE", 0, 0, Option<ScoreOptions>::Kind::kRequired},
    {"", "--features",
     "The input's columns in the order of the model's, by commas, where it does not know their "
     "names",
     &ScoreOptions::features, "COLUMNS"},
    {"", "--keep", "The input's columns that the output keeps: all, none or their names by commas",
     &ScoreOptions::keep, "COLUMNS"},
    {"", "--prefix", "Put before the names of the model's outputs", &ScoreOptions::prefix, "TEXT"},
    {"", "--shards", "Into how many shards the rows are cut; 0: as suits their number",
     &ScoreOptions::shards, "N", 0, scoring::kShardsMax},
    {"", "--jobs", "Shards that run at once, each in a process; 0: as many as processors",
     &ScoreOptions::jobs, "N", 0, 1024},
    {"", "--shard",
     "Score this shard only, from 0, as a job of a cluster does; a call without it does what is "
     "missing and makes the output",
     &ScoreOptions::shard, "K", -1, scoring::kShardsMax - 1},
    {"", "--batch-rows", "Rows of one run of the model", &ScoreOptions::batch_rows, "N", 1,
     scoring::kBatchRowsMax},
    {"", "--overwrite", "Replace an output that is there", &ScoreOptions::overwrite},
    {"", "--restart", "Forget what an earlier call for this output left", &ScoreOptions::restart},
};

int JobsOf(const ScoreOptions& options) {
  if (options.jobs > 0) return options.jobs;
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

std::string ModelFileName(const std::string& model) {
  auto path = std::filesystem::absolute(model).lexically_normal();
  if (path.filename().empty()) path = path.parent_path();
  return path.filename().string();
}

std::vector<std::string> FeaturesOf(const ScoreOptions& options,
                                    const std::vector<std::string>& columns) {
  if (options.features.empty()) return {};
  return scoring::NamedColumns(columns, options.features);
}

std::vector<std::string> KeptOf(const ScoreOptions& options,
                                const std::vector<std::string>& columns) {
  if (options.keep == "all") return columns;
  if (options.keep == "none") return {};
  return scoring::NamedColumns(columns, options.keep);
}

scoring::Job CreateJob(const ScoreOptions& options, Console& console) {
  if (options.model.empty() || options.input.empty())
    throw InvalidArgument("--model and --input are needed to begin a scoring");
  const std::string input = std::filesystem::absolute(options.input).lexically_normal().string();
  const auto state = scoring::StateOf(input);
  const auto columns = scoring::ColumnsOf(input);
  scoring::Plan plan{.model = options.model,
                     .input = input,
                     .input_bytes = state.bytes,
                     .input_changed_ns = state.changed_ns,
                     .rows = scoring::CountRows(input),
                     .features = FeaturesOf(options, columns),
                     .columns = KeptOf(options, columns),
                     .columns_as_text = scoring::IsTextOutput(options.output),
                     .prefix = options.prefix};
  if (plan.rows == 0) throw InvalidArgument("The input has no rows: {}", input);
  plan.shards =
      options.shards > 0 ? options.shards : scoring::ShardsFor(plan.rows, JobsOf(options));
  if (plan.shards > plan.rows)
    throw InvalidArgument("{} shards are more than the {} rows", plan.shards, plan.rows);
  const bool registered = IsModelUri(options.model);
  if (registered) {
    plan.version = PinModelUri(console.client(), options.model);
    plan.model_file = "version";
  } else {
    if (!std::filesystem::exists(options.model)) throw NotFound("Model", options.model);
    plan.model_file = ModelFileName(options.model);
  }
  return scoring::Job::Create(
      options.output, plan, options.overwrite, [&](const std::filesystem::path& folder) {
        const auto target = folder / plan.model_file;
        if (registered) return DownloadModel(console.client(), plan.version, target);
        std::filesystem::copy(options.model, target, std::filesystem::copy_options::recursive);
      });
}

// What is asked for otherwise than a job was begun with; nothing when all is the same or not said.
std::optional<std::string> DifferenceTo(const scoring::Plan& plan, const ScoreOptions& options) {
  if (!options.model.empty() && options.model != plan.model)
    return fmt::format("model ({})", plan.model);
  if (options.shards > 0 && options.shards != plan.shards)
    return fmt::format("number of shards ({})", plan.shards);
  if (options.input.empty()) return std::nullopt;
  if (std::filesystem::absolute(options.input).lexically_normal() != plan.input)
    return fmt::format("input ({})", plan.input);
  if (options.prefix != plan.prefix) return fmt::format("prefix ({})", plan.prefix);
  const auto columns = scoring::ColumnsOf(plan.input);
  if (KeptOf(options, columns) != plan.columns)
    return fmt::format("choice of columns ({})", fmt::join(plan.columns, ","));
  if (FeaturesOf(options, columns) != plan.features)
    return fmt::format("list of features ({})", fmt::join(plan.features, ","));
  return std::nullopt;
}

bool HasParts(const scoring::Job& job) {
  for (int shard = 0; shard < job.plan().shards; ++shard)
    if (job.IsDone(shard)) return true;
  return false;
}

// The job that is there, which must be the one that is asked for, or a new one.
scoring::Job JobFor(const ScoreOptions& options, Console& console) {
  if (options.restart) scoring::Job::Discard(options.output);
  if (!scoring::Job::Exists(options.output)) return CreateJob(options, console);
  scoring::Job job = scoring::Job::Open(options.output);
  if (const auto difference = DifferenceTo(job.plan(), options)) {
    if (HasParts(job)) {
      throw FailedPrecondition(
          "A scoring into {} was begun with another {}; say --restart to forget it", options.output,
          *difference);
    }
    { const scoring::JobLock lock(job); }  // nobody is about to write the first part
    scoring::Job::Discard(options.output);
    return CreateJob(options, console);
  }
  scoring::CheckInput(job.plan());
  return job;
}

int64_t RowsDone(const scoring::Job& job) {
  int64_t rows = 0;
  for (int shard = 0; shard < job.plan().shards; ++shard) rows += job.RowsTold(shard);
  return rows;
}

void Show(const scoring::Job& job, int64_t rows, Progress& progress) {
  progress.Update(static_cast<double>(rows) / static_cast<double>(job.plan().rows),
                  fmt::format("{}/{} rows", FormatCount(rows), FormatCount(job.plan().rows)));
}

// Scores a shard in this process.
void ScoreHere(const scoring::Job& job, int shard, const ScoreOptions& options,
               const std::function<void(int64_t)>& on_rows, const std::stop_token& stop) {
  const auto engine =
      ensembles::LoadModel(job.model(), {.run_ms_max_remedy = "fewer --batch-rows take less time"});
  scoring::ScoreShard(job.plan(), shard, *engine, job.folder(), job.part(shard),
                      {.batch_rows = options.batch_rows}, on_rows, stop);
}

struct RunningShard {
  int shard;
  ChildProcess process;
};

std::filesystem::path LogOf(const scoring::Job& job, int shard) {
  return job.folder() / fmt::format("log-{:05}", shard);
}

RunningShard StartShard(const scoring::Job& job, int shard, const ScoreOptions& options) {
  std::filesystem::remove(LogOf(job, shard));
  return {shard, ChildProcess({.arguments = {ThisProgram().string(), "score", "--output",
                                             options.output, "--shard", std::to_string(shard),
                                             "--batch-rows", std::to_string(options.batch_rows)},
                               .environment = {},
                               .working_dir = {},
                               .output_file = LogOf(job, shard)})};
}

// What a shard's process said last.
std::string LastLine(const std::filesystem::path& log) {
  std::ifstream file(log);
  std::string last;
  for (std::string line; std::getline(file, line);)
    if (!line.empty()) last = line;
  constexpr std::string_view kName = "millwright: ";
  return last.starts_with(kName) ? last.substr(kName.size()) : last;
}

void CheckEnd(const scoring::Job& job, int shard, const ExitStatus& status) {
  if (status.ok() && job.IsDone(shard)) return;
  if (status.signal != 0)
    throw Internal("The process of shard {} was ended by signal {}", shard, status.signal);
  throw InvalidArgument("Shard {}: {}", shard, LastLine(LogOf(job, shard)));
}

// Runs the missing shards, some at a time, each in a process.
void RunShards(const scoring::Job& job, const ScoreOptions& options, Progress& progress) {
  const StopOnSignal signals;
  std::vector<RunningShard> running;
  int next = 0;
  while (true) {
    while (next < job.plan().shards && running.size() < static_cast<size_t>(JobsOf(options))) {
      if (!job.IsDone(next)) running.push_back(StartShard(job, next, options));
      ++next;
    }
    if (running.empty()) return;
    if (signals.token().stop_requested()) {
      for (auto& one : running) one.process.Stop(kGraceMs);
      throw Aborted("Stopped; the same command goes on from here");
    }
    if (const auto status = running.front().process.Wait(kLookMs)) {
      CheckEnd(job, running.front().shard, *status);
      running.erase(running.begin());
    } else {
      std::rotate(running.begin(), running.begin() + 1, running.end());
    }
    Show(job, RowsDone(job), progress);
  }
}

void RunMissing(const scoring::Job& job, const ScoreOptions& options, Progress& progress) {
  if (job.plan().shards > 1) return RunShards(job, options, progress);
  if (job.IsDone(0)) return;
  const StopOnSignal signals;
  ScoreHere(
      job, 0, options, [&](int64_t rows) { Show(job, rows, progress); }, signals.token());
}

int ScoreOneShard(const ScoreOptions& options, Console& console) {
  const scoring::Job job = JobFor(options, console);
  if (options.shard >= job.plan().shards)
    throw InvalidArgument("There are {} shards, 0 to {}", job.plan().shards, job.plan().shards - 1);
  const auto range = scoring::RowsOf(job.plan(), options.shard);
  if (!job.IsDone(options.shard)) {
    auto progress = console.StartProgress(fmt::format("shard {}", options.shard));
    const StopOnSignal signals;
    int64_t told_us = 0;
    ScoreHere(
        job, options.shard, options,
        [&](int64_t rows) {
          progress->Update(static_cast<double>(rows) / static_cast<double>(range.count),
                           FormatCount(rows));
          if (MonotonicUs() - told_us < kTellUs) return;
          told_us = MonotonicUs();
          job.TellRows(options.shard, rows);
        },
        signals.token());
    progress->Finish(fmt::format("{} rows", FormatCount(range.count)));
  }
  console.Answer(Json::Of({{"shard", options.shard},
                           {"rows", range.count},
                           {"file", job.part(options.shard).string()}}));
  return 0;
}

int Score(const ScoreOptions& options, Console& console) {
  if (options.shard != kAllShards) return ScoreOneShard(options, console);
  auto progress = console.StartProgress("score");
  const int64_t started_us = MonotonicUs();
  const scoring::Job job = JobFor(options, console);
  const scoring::JobLock lock(job);
  const scoring::Plan& plan = job.plan();
  const int64_t rows_before = RowsDone(job);
  try {
    RunMissing(job, options, *progress);
  } catch (...) {
    if (!HasParts(job)) scoring::Job::Discard(options.output);
    throw;
  }
  job.Finish();
  const double seconds = static_cast<double>(MonotonicUs() - started_us) / 1e6;
  const double rate = static_cast<double>(plan.rows - rows_before) / seconds;
  const std::string& model = plan.version.empty() ? plan.model : plan.version;
  progress->Finish(fmt::format("{} rows by {} into {}, {} rows/s", FormatCount(plan.rows), model,
                               options.output, FormatCount(static_cast<int64_t>(rate))));
  console.Answer(Json::Of({{"output", options.output},
                           {"model", model},
                           {"rows", plan.rows},
                           {"shards", plan.shards},
                           {"seconds", seconds},
                           {"rows_per_second", rate}}));
  return 0;
}

}  // namespace

void AddScoreCommands(Commands& commands) {
  commands.push_back(MakeCommand("score", "Score a data file by a model", kScoreOptions, Score));
}

}  // namespace millwright::cli
