#include "server/event_file_watch.h"

#include <algorithm>
#include <charconv>

#include "artifacts/artifacts.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/lane.h"
#include "base/log.h"
#include "server/places.h"
#include "tensorboard/event_ingest.h"
#include "tracking/experiment_store.h"
#include "tracking/limits.h"
#include "tracking/run_store.h"

namespace millwright::server {
namespace {

namespace fs = std::filesystem;

constexpr int kEventsPerRead = 256;
constexpr int64_t kFailurePauseMs = 500;  // as when the database is away
// The newest running runs are looked at; files of others are read when they are uploaded or end.
constexpr size_t kRunsWatchedMax = 500;
constexpr int kFolderDepthMax = 8;
constexpr size_t kEntriesPerRunMax = 10'000;

int64_t ReadCursor(const fs::path& file) {
  if (!fs::exists(file)) return 0;
  const std::string text = ReadFile(file);
  int64_t cursor = 0;
  std::from_chars(text.data(), text.data() + text.size(), cursor);
  return cursor;
}

std::string IdOf(const events::Event& event) {
  return event.subject.substr(event.subject.find(':') + 1);
}

std::string FileName(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

std::string FolderName(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

// Finds the event files below a folder of the store, as paths from there.
void FindFiles(const artifacts::Artifacts& artifacts, const std::string& root,
               const std::string& below, int depth, size_t* entries,
               std::vector<std::string>* files) {
  for (const auto& entry : artifacts.List(artifacts::JoinPath(root, below))) {
    if (++*entries > kEntriesPerRunMax) return;
    const std::string path = artifacts::JoinPath(below, entry.path);
    if (entry.is_folder) {
      if (depth < kFolderDepthMax) FindFiles(artifacts, root, path, depth + 1, entries, files);
    } else if (tensorboard::IsEventFileName(entry.path)) {
      files->push_back(path);
    }
  }
}

}  // namespace

EventFileWatch::EventFileWatch(EventFileContext context, Options options)
    : context_(context), options_(std::move(options)) {
  thread_ = std::jthread([this](std::stop_token stop) { Run(stop); });
}

EventFileWatch::~EventFileWatch() = default;

void EventFileWatch::Run(const std::stop_token& stop) {
  NameThisThread("event-files");
  int64_t cursor = ReadCursor(options_.cursor_file);
  int64_t next_look_us = 0;
  bool is_started = false;
  while (!stop.stop_requested() && !context_.events.closed()) {
    try {
      if (!is_started) FindRunningRuns();
      is_started = true;
      FollowEvents(&cursor);
      if (MonotonicUs() >= next_look_us) {
        for (auto& run : watched_) ReadRun(&run);
        next_look_us = MonotonicUs() + options_.interval_ms * 1000;
      }
    } catch (const std::exception& error) {
      Log(LogLevel::kError, "tensorboard", "cannot read event files", {{"error", error.what()}});
      WaitForStop(stop, kFailurePauseMs);
    }
    const int64_t left_ms = (next_look_us - MonotonicUs()) / 1000;
    context_.events.WaitFor(cursor, std::clamp<int64_t>(left_ms, 1, options_.interval_ms));
  }
}

void EventFileWatch::FindRunningRuns() {
  std::vector<tracking::ExperimentId> experiments;
  for (const auto& experiment :
       context_.experiments.Search({.limit = tracking::kSearchResultsMax}).items)
    experiments.push_back(experiment.id);
  auto runs = context_.runs
                  .Search({.experiment_ids = std::move(experiments),
                           .filter = "attributes.status = 'RUNNING'",
                           .order_by = {"attributes.start_time DESC"},
                           .limit = kRunsWatchedMax,
                           .columns = tracking::RunColumns()})
                  .items;
  std::reverse(runs.begin(), runs.end());
  for (const auto& run : runs) WatchRun(run.info);
}

void EventFileWatch::FollowEvents(int64_t* cursor) {
  const auto events = context_.events.After(*cursor, kEventsPerRead);
  for (const auto& event : events) {
    try {
      Take(event);
    } catch (const Error& error) {
      // A run that is gone or takes nothing; another failure is met again and stops nothing else.
      Log(LogLevel::kDebug, "tensorboard", "an event led to no event file",
          {{"subject", event.subject}, {"error", error.message()}});
    }
    *cursor = event.seq;
  }
  if (!events.empty()) WriteFileDurably(options_.cursor_file, std::to_string(*cursor));
}

void EventFileWatch::Take(const events::Event& event) {
  if (event.kind == "artifact.uploaded") {
    if (tensorboard::IsEventFileName(FileName(event.subject))) TakeUpload(IdOf(event));
  } else if (event.kind == "run.created" || event.kind == "run.restored" ||
             event.kind == "run.revived" ||
             (event.kind == "run.updated" && !event.payload.Has("tag"))) {
    WatchRun(context_.runs.GetInfo(tracking::RunId(IdOf(event))));
  } else if (event.kind == "run.finished") {
    TakeEndOf(tracking::RunId(IdOf(event)));
  } else if (event.kind == "run.deleted") {
    std::erase_if(watched_, [&](const auto& run) { return run.id.str() == IdOf(event); });
  }
}

// An artifact's path is `<where the experiment keeps them>/<run>/artifacts/<path>`.
void EventFileWatch::TakeUpload(const std::string& path) {
  constexpr std::string_view kArtifacts = "/artifacts/";
  const size_t end = path.find(kArtifacts);
  if (end == std::string::npos) return;
  const size_t slash = path.rfind('/', end - 1);
  const size_t begin = end == 0 || slash == std::string::npos ? 0 : slash + 1;
  const auto run = context_.runs.GetInfo(tracking::RunId(path.substr(begin, end - begin)));
  WatchedRun once{run.id, path.substr(0, end + kArtifacts.size() - 1), {}};
  if (StoreFolder(run) == once.folder) ReadFile(&once, path.substr(once.folder.size() + 1));
}

void EventFileWatch::TakeEndOf(const tracking::RunId& id) {
  const auto run = context_.runs.GetInfo(id);
  std::erase_if(watched_, [&](const auto& other) { return other.id == id; });
  if (const auto folder = StoreFolder(run)) {
    WatchedRun once{id, *folder, {}};
    ReadRun(&once);
  }
}

void EventFileWatch::WatchRun(const tracking::RunInfo& run) {
  const auto folder = StoreFolder(run);
  const bool is_known = std::any_of(watched_.begin(), watched_.end(),
                                    [&](const auto& other) { return other.id == run.id; });
  if (!folder || is_known || run.status != tracking::RunStatus::kRunning ||
      run.lifecycle == tracking::Lifecycle::kDeleted)
    return;
  if (watched_.size() == kRunsWatchedMax) watched_.erase(watched_.begin());
  watched_.push_back({run.id, *folder, {}});
}

void EventFileWatch::ReadRun(WatchedRun* run) {
  std::vector<std::string> files;
  size_t entries = 0;
  FindFiles(context_.artifacts, run->folder, "", 0, &entries, &files);
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    try {
      ReadFile(run, file);
    } catch (const Error& error) {
      Log(LogLevel::kDebug, "tensorboard", "cannot read an event file",
          {{"file", file}, {"run", run->id.str()}, {"error", error.message()}});
    }
  }
}

void EventFileWatch::ReadFile(WatchedRun* run, const std::string& path) {
  auto tail = run->tails.find(path);
  if (tail == run->tails.end()) {
    const auto local = context_.artifacts.LocalPath(artifacts::JoinPath(run->folder, path));
    if (!local) return;
    const auto file = context_.ingest.summaries().File(run->id, path);
    tail = run->tails
               .emplace(path,
                        tensorboard::EventFileTail(*local, static_cast<uint64_t>(file.bytes_read)))
               .first;
  }
  try {
    tail->second.Advance([&](uint64_t offset, std::string_view bytes) {
      return context_.ingest.Take({run->id, path, FolderName(path), offset, bytes});
    });
  } catch (const Error& error) {
    if (error.code() != Code::kAborted) throw;
    // Somebody else read on: begin where they are.
    run->tails.erase(tail);
  }
}

std::optional<std::string> EventFileWatch::StoreFolder(const tracking::RunInfo& run) const {
  auto folder = context_.artifacts.FindPath(run.artifact_uri);
  // What is shown of a folder takes nothing.
  if (folder && IsInMount(*folder)) return std::nullopt;
  return folder;
}

}  // namespace millwright::server
