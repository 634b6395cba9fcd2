#include "server/event_follower.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/file.h"
#include "base/lane.h"
#include "base/log.h"
#include "lineage/lineage.h"
#include "monitoring/monitors.h"
#include "pipelines/pipeline_store.h"
#include "storage/database.h"
#include "tracking/run_store.h"

namespace millwright::server {
namespace {

constexpr int64_t kEventWaitMs = 1'000;
constexpr int64_t kFailurePauseMs = 500;  // as when the database is away
constexpr int kEventsPerRead = 256;
constexpr std::string_view kAlert = "alert:";
constexpr std::string_view kDataset = "dataset:";
// What a client says that a run took a dataset in for, such as "training" or "eval".
constexpr std::string_view kInputContextTag = "mlflow.data.context";
// How a run says which pipeline run it belongs to.
constexpr std::string_view kPipelineRunTag = "millwright.pipeline_run";

int64_t ReadCursor(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) return 0;
  const std::string text = ReadFile(file);
  int64_t cursor = 0;
  std::from_chars(text.data(), text.data() + text.size(), cursor);
  return cursor;
}

std::string IdOf(const events::Event& event) {
  return event.subject.substr(event.subject.find(':') + 1);
}

}  // namespace

EventFollower::EventFollower(FollowerContext context, std::filesystem::path cursor_file)
    : context_(context), cursor_file_(std::move(cursor_file)) {
  thread_ = std::jthread([this](std::stop_token stop) { Run(stop); });
}

EventFollower::~EventFollower() = default;

void EventFollower::Run(const std::stop_token& stop) {
  NameThisThread("event-follower");
  int64_t cursor = ReadCursor(cursor_file_);
  while (!stop.stop_requested() && !context_.events.closed()) {
    if (!context_.events.WaitFor(cursor, kEventWaitMs)) continue;
    try {
      for (const auto& event : context_.events.After(cursor, kEventsPerRead)) {
        Take(event);
        cursor = event.seq;
      }
      WriteFileDurably(cursor_file_, std::to_string(cursor));
    } catch (const std::exception& error) {
      Log(LogLevel::kError, "server", "cannot follow the event log", {{"error", error.what()}});
      WaitForStop(stop, kFailurePauseMs);
    }
  }
}

// An event about something that is gone again draws nothing.
void EventFollower::Take(const events::Event& event) {
  try {
    if (event.kind == "run.finished") {
      DrawRun(event);
    } else if (event.kind == "model_version.created") {
      const std::string run = event.payload.GetString("run_id");
      if (!run.empty()) {
        AddEdge("run:" + run, event.subject, "registered");
        DrawInputs(context_.runs.Get(tracking::RunId(run)));
      }
    } else if (event.kind == "revision.created") {
      // The gateway may not know the endpoint yet: the event is written before it starts.
      AddEdge("model:" + event.payload.GetString("model") + "@" +
                  event.payload.GetString("model_version"),
              event.subject, "deployed");
    } else if (event.kind == "monitor.created" || event.kind == "monitor.updated") {
      AddEdge("endpoint:" + event.payload.GetString("endpoint"), event.subject, "watched");
    } else if (event.kind == "alert.opened" && event.payload.Has("monitor")) {
      AddEdge("monitor:" + event.payload.GetString("monitor"), event.subject, "raised");
    } else if (event.kind == "pipeline_run.created") {
      DrawPipelineRun(event);
    }
  } catch (const Error& error) {
    if (error.code() != Code::kNotFound && error.code() != Code::kInvalidArgument) throw;
    Log(LogLevel::kDebug, "server", "no lineage of an event", {{"error", error.message()}});
  }
}

void EventFollower::AddEdge(const std::string& from, const std::string& to,
                            const std::string& label) {
  context_.database.Write(
      [&](storage::Connection& connection) { context_.lineage.Add(connection, from, to, label); });
}

void EventFollower::DrawRun(const events::Event& event) {
  const auto run = context_.runs.Get(tracking::RunId(IdOf(event)));
  DrawInputs(run);
  for (const auto& tag : run.tags)
    if (tag.key == kPipelineRunTag) AddEdge("pipeline_run:" + tag.value, event.subject, "ran");
}

// What MLflow's clients log as inputs. A dataset of ours is that, any other is known by its name
// and digest, so that runs that took in the same have the same before them.
void EventFollower::DrawInputs(const tracking::Run& run) {
  for (const auto& [dataset, tags] : run.dataset_inputs) {
    const bool is_ours = dataset.source.starts_with(kDataset);
    const auto context = std::find_if(tags.begin(), tags.end(),
                                      [](const auto& tag) { return tag.key == kInputContextTag; });
    const bool trains = context == tags.end() || context->value.starts_with("train");
    AddEdge(is_ours ? dataset.source : "input:" + dataset.name + "@" + dataset.digest,
            "run:" + run.info.id.str(), trains ? "trained" : "used");
  }
}

// A run that an alert started has the alert as the subject of its event.
void EventFollower::DrawPipelineRun(const events::Event& event) {
  const std::string id = IdOf(event);
  const std::string trigger = context_.pipelines.GetRun(pipelines::PipelineRunId(id)).trigger();
  if (!trigger.starts_with(kAlert)) return;
  AddEdge(trigger, event.subject, "started");
  context_.monitors.SetPipelineRun(monitoring::AlertId(trigger.substr(kAlert.size())), id);
}

}  // namespace millwright::server
