#include "cli/flights_demo.h"

#include <fmt/format.h>

#include <set>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/id.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/progress.h"

namespace millwright::cli {
namespace {

constexpr int kSteps = 11;
constexpr const char* kModel = "flights-late";
constexpr const char* kEndpoint = "flights-late";
constexpr const char* kMonitor = "flights-late";
constexpr const char* kPipeline = "flights-retrain";
constexpr int kClients = 8;
// How the live months are cut: each piece is sent, then its outcomes become known.
constexpr size_t kChunks = 26;  // half weeks
// While the retraining runs, requests go on at this pace so that shadow and canary see some.
constexpr int64_t kRequestsPerSecond = 400;
constexpr int64_t kAlertWaitMs = 60'000;
constexpr int64_t kRetrainWaitMs = 420'000;
constexpr int64_t kCancelWaitMs = 60'000;
constexpr int64_t kPollMs = 100;

// A command line as a person in this folder would type it.
std::string Join(const std::vector<std::string>& words) {
  const std::string here = std::filesystem::current_path().string() + "/";
  std::string line = "millwright";
  for (const auto& word : words) {
    const std::string shown = word.starts_with(here) ? word.substr(here.size()) : word;
    const bool plain = shown.find_first_of(" $'*;&|<>()") == std::string::npos;
    line += plain ? " " + shown : " '" + shown + "'";
  }
  return line;
}

}  // namespace

FlightsDemo::FlightsDemo(Console& console, Options options)
    : console_(console), options_(std::move(options)), tag_(NewShortId("")) {}

Json FlightsDemo::Step(const std::string& title, std::vector<std::string> words) {
  lines_.push_back(Join(words));
  return Call(console_, words, fmt::format("{:>2}/{} {}", step_, kSteps, title));
}

int FlightsDemo::Run() {
  using Part = void (FlightsDemo::*)();
  for (const Part part : {&FlightsDemo::Collect, &FlightsDemo::Validate, &FlightsDemo::Split,
                          &FlightsDemo::Train, &FlightsDemo::Register, &FlightsDemo::Deploy,
                          &FlightsDemo::Live, &FlightsDemo::Watch, &FlightsDemo::Retrain})
    (this->*part)();
  return Report();
}

void FlightsDemo::Collect() {
  step_ = 1;
  Call(console_, {"data", "source", "flights", "--file", File("data/us_flights_2001h1.parquet")});
  lines_.push_back(Join(
      {"data", "source", "flights", "--file", "examples/flights/data/us_flights_2001h1.parquet"}));
  const Json raw = Step("collect", {"data", "collect", "flights"});
  raw_ = fmt::format("flights@{}", raw.GetInt("dataset_version"));
  Call(console_, {"data", "upload", "airports", File("data/us_airports.csv")});
  lines_.push_back(Join({"data", "upload", "airports", File("data/us_airports.csv")}));
  const Json features =
      Step("features", {"data", "derive", "flights-features", "--sql", File("features.sql"),
                        "--input", "flights=" + raw_, "--input", "airports=airports", "--set",
                        options_.quick ? "sample=40" : "sample=3"});
  features_ = fmt::format("flights-features@{}", features.GetInt("dataset_version"));
}

void FlightsDemo::Validate() {
  step_ = 2;
  const Json result =
      Step("validate", {"quality", "validate", raw_, "--suite", File("suite.json")});
  if (!result.GetBool("success")) throw FailedPrecondition("The raw flights do not pass the suite");
  bool refused = false;
  try {
    Step("validate dirty copy",
         {"quality", "validate", File("data/dirty_flights.csv"), "--suite", File("suite.json")});
  } catch (const Error& error) {
    refused = error.code() == Code::kFailedPrecondition;
  }
  if (!refused) throw Internal("The dirty copy of the flights passed the suite");
}

void FlightsDemo::Split() {
  step_ = 3;
  Step("split", {"data", "split", features_, "--name", "winter", "--file", File("split.yaml")});
}

void FlightsDemo::Train() {
  step_ = 4;
  const Json best = Step("train", {"train", File("train.yaml"), "--dataset", features_, "--split",
                                   "winter", "--trials", "8"});
  run_id_ = best.GetString("run_id");
}

void FlightsDemo::Register() {
  step_ = 5;
  Call(console_, {"models", "gates", "apply", kModel, File("gate.yaml")});
  lines_.push_back(Join({"models", "gates", "apply", kModel, File("gate.yaml")}));
  const Json version =
      Step("convert, check, register", {"models", "register", kModel, "--run", run_id_, "--dataset",
                                        features_, "--split", "winter", "--suite-dataset", raw_});
  version_ = version.GetString("version");
  step_ = 6;
  Step("gate", {"models", "alias", kModel, "champion", version_});
}

void FlightsDemo::Deploy() {
  step_ = 7;
  Step("deploy", {"endpoints", "deploy", kEndpoint, "--model", fmt::format("{}@champion", kModel),
                  "--replicas", "2"});
}

void FlightsDemo::SendChunk(size_t first, size_t last, int64_t requests_per_s) {
  const std::vector<ReplayRow> chunk(rows_.begin() + static_cast<std::ptrdiff_t>(first),
                                     rows_.begin() + static_cast<std::ptrdiff_t>(last));
  plan_.requests_per_s = requests_per_s;
  const ReplayResult result = Replay(console_.client(), plan_, chunk);
  requests_ += result.sent;
  failed_ += result.failed;
  if (first_failure_.empty()) first_failure_ = result.first_failure;
  PushOutcomes(console_.client(), kEndpoint, chunk);
}

Json FlightsDemo::OpenAlert() {
  const Json alerts =
      console_.client().Get("/api/v1/alerts", {{"monitor", kMonitor}, {"state", "open"}});
  const auto& list = alerts.At("alerts").AsArray();
  return list.empty() ? Json() : list.back();
}

// Alerts that came after an earlier walk may have started a retraining that still waits for
// traffic; while it lives, the trigger would pass over the alert of this walk.
void FlightsDemo::EndEarlierRetraining() {
  const int64_t start_us = MonotonicUs();
  std::set<std::string> cancelled;
  for (;;) {
    bool live = false;
    const Json runs =
        console_.client().Get("/api/v1/pipeline-runs", {{"pipeline", kPipeline}, {"limit", "10"}});
    for (const Json& run : runs.At("pipeline_runs").AsArray()) {
      const std::string state = run.GetString("state");
      if (state != "queued" && state != "running") continue;
      live = true;
      const std::string id = run.GetString("id");
      if (!cancelled.insert(id).second) continue;
      console_.Line(fmt::format("      the retraining {} of an earlier walk is cancelled", id));
      Call(console_, {"pipelines", "cancel", id});
    }
    if (!live) return;
    if ((MonotonicUs() - start_us) / 1000 > kCancelWaitMs)
      throw DeadlineExceeded("The retraining of an earlier walk did not end");
    std::this_thread::sleep_for(std::chrono::milliseconds(kPollMs));
  }
}

// Replays the live months until a threshold is crossed; the rest is sent while the model retrains.
void FlightsDemo::Live() {
  step_ = 8;
  // The pipeline is there before the alert that starts it, and the monitor before the traffic.
  const std::vector<std::string> params = {"--param", "dataset=" + features_, "--param",
                                           "raw=" + raw_};
  std::vector<std::string> words = {"pipelines", "register", File("retrain.yaml")};
  words.insert(words.end(), params.begin(), params.end());
  Call(console_, words);
  lines_.push_back(Join(words));
  Call(console_, {"monitors", "create", File("monitor.yaml")});
  lines_.push_back(Join({"monitors", "create", File("monitor.yaml")}));
  EndEarlierRetraining();

  auto progress = std::make_unique<Progress>(fmt::format("{:>2}/{} live", step_, kSteps),
                                             console_.interactive());
  const Json live = Call(
      console_, {"data", "derive", "flights-live", "--sql", File("live.sql"), "--input",
                 "features=" + features_, "--set", options_.quick ? "rows=6000" : "rows=50000"});
  const TempDir scratch;
  const auto file = scratch.path() / "live.parquet";
  const std::string reference = fmt::format("flights-live@{}", live.GetInt("dataset_version"));
  lines_.push_back(
      Join({"data", "derive", "flights-live", "--sql", File("live.sql"), "--input",
            "features=" + features_, "--set", options_.quick ? "rows=6000" : "rows=50000"}));
  Call(console_, {"data", "fetch", reference, file.string()});
  lines_.push_back(Join({"data", "fetch", reference, "live.parquet"}));
  lines_.push_back(Join({"endpoints", "replay", kEndpoint, "--data", "live.parquet", "--id-column",
                         "flight_id", "--time-column", "departure"}));
  lines_.push_back(Join({"outcomes", "push", kEndpoint, "live.parquet", "--id-column", "flight_id",
                         "--value-column", "late", "--time-column", "outcome_known_at"}));
  plan_ = {.endpoint = kEndpoint,
           .file = file.string(),
           .id_column = "flight_id",
           .time_column = "departure",
           .outcome_column = "late",
           .outcome_time_column = "outcome_known_at",
           .id_prefix = tag_ + "-",
           .concurrency = kClients};
  rows_ = LoadReplayRows(console_.client(), plan_);
  for (size_t chunk = 0; chunk < kChunks && alert_.is_null(); ++chunk) {
    const size_t end = rows_.size() * (chunk + 1) / kChunks;
    SendChunk(next_row_, end, 0);
    next_row_ = end;
    progress->Update(static_cast<double>(end) / static_cast<double>(rows_.size()),
                     FormatTime(rows_[end - 1].event_time_ms).substr(0, 10));
    Call(console_, {"monitors", "evaluate", kMonitor});
    alert_ = OpenAlert();
  }
  progress->Finish(fmt::format("{} requests up to {}, {} failed", FormatCount(requests_),
                               FormatTime(rows_[next_row_ - 1].event_time_ms).substr(0, 10),
                               failed_));
  if (failed_ > 0)
    throw FailedPrecondition("{} of {} requests failed, first {}", failed_, requests_,
                             first_failure_);
  if (alert_.is_null()) throw FailedPrecondition("No threshold was crossed in the live months");
}

void FlightsDemo::Watch() {
  step_ = 9;
  Progress progress(fmt::format("{:>2}/{} monitor", step_, kSteps), console_.interactive());
  lines_.push_back(Join({"monitors", "show", kMonitor}));
  progress.Finish("alert: " + alert_.GetString("message"));
}

Json FlightsDemo::AlertWithRun() {
  const Json alerts = console_.client().Get("/api/v1/alerts", {{"monitor", kMonitor}});
  for (const Json& alert : alerts.At("alerts").AsArray())
    if (alert.GetInt("opened_ms") >= alert_.GetInt("opened_ms") && alert.Has("pipeline_run"))
      return alert;
  return Json();
}

// Keeps requests flowing until the pipeline that the alert started has ended.
void FlightsDemo::Retrain() {
  step_ = 10;
  Progress progress(fmt::format("{:>2}/{} retrain", step_, kSteps), console_.interactive());
  // Several features may have crossed their thresholds at once; the first alert starts the run.
  const int64_t start_us = MonotonicUs();
  const auto elapsed_ms = [&] { return (MonotonicUs() - start_us) / 1000; };
  Json starter;
  while ((starter = AlertWithRun()).is_null()) {
    if (elapsed_ms() > kAlertWaitMs) throw DeadlineExceeded("The alert started no pipeline run");
    std::this_thread::sleep_for(std::chrono::milliseconds(kPollMs));
  }
  alert_ = starter;
  const std::string run = alert_.GetString("pipeline_run");
  lines_.push_back(Join({"pipelines", "show", run}));
  size_t repeats = 0;
  for (;;) {
    retraining_ = console_.client().Get("/api/v1/pipeline-runs/" + run);
    const std::string state = retraining_.GetString("state");
    if (state != "queued" && state != "running") break;
    if (elapsed_ms() > kRetrainWaitMs) throw DeadlineExceeded("The retraining did not end");
    // Once the live months are used up their last part comes again under other ids.
    if (next_row_ == rows_.size()) {
      next_row_ -= rows_.size() / kChunks;
      plan_.id_prefix = fmt::format("{}-again{}-", tag_, ++repeats);
      for (size_t at = next_row_; at < rows_.size(); ++at)
        rows_[at].id = plan_.id_prefix + std::to_string(at);
    }
    const size_t end = std::min(rows_.size(), next_row_ + kRequestsPerSecond / 2);
    SendChunk(next_row_, end, kRequestsPerSecond);
    next_row_ = end;
    std::string running;
    double done = 0;
    const auto& tasks = retraining_.At("tasks").AsArray();
    for (const Json& task : tasks) {
      if (task.GetString("state") == "running") running = task.GetString("name");
      if (task.GetString("state") == "succeeded") ++done;
    }
    progress.Update(
        done / static_cast<double>(tasks.size()),
        fmt::format("{}, {} requests, {} failed", running, FormatCount(requests_), failed_));
  }
  progress.Finish(fmt::format("{}; {} requests in all, {} failed", retraining_.GetString("state"),
                              FormatCount(requests_), failed_));
}

}  // namespace millwright::cli
