#include "cli/log_folder.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "tensorboard/event.h"
#include "tensorboard/record_reader.h"
#include "tracking/run_lease.h"

namespace millwright::cli {
namespace {

namespace fs = std::filesystem;

// What finds a run again: a digest, because paths hold quotes and anything else.
constexpr const char* kSourceTag = "tensorboard.source";
constexpr const char* kFolderTag = "tensorboard.folder";
constexpr size_t kFirstRecordBytes = 4096;

std::string HostName() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

std::string SourceOf(const fs::path& folder) {
  return Sha256Hex(HostName() + ":" + folder.string()).substr(0, 32);
}

int64_t ModifiedMs(const fs::path& file) {
  std::error_code error;
  const auto time = fs::last_write_time(file, error);
  if (error) return SystemClock().NowMs();
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::file_clock::to_sys(time).time_since_epoch())
      .count();
}

// When a file was begun: its first record says so.
int64_t BegunMs(const fs::path& file) {
  std::string bytes(kFirstRecordBytes, '\0');
  std::ifstream stream(file, std::ios::binary);
  stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<size_t>(stream.gcount()));
  try {
    tensorboard::RecordReader reader(bytes);
    if (const auto record = reader.Next())
      if (const int64_t time_ms = tensorboard::WallTimeMs(tensorboard::ParseEvent(*record)))
        return time_ms;
  } catch (const Error&) {
    // The server says what is wrong with it; the file's own time does here.
  }
  return ModifiedMs(file);
}

std::string RunPath(const std::string& run_id) {
  return "/api/v1/runs/" + fetch::PercentEncode(run_id) + "/tensorboard";
}

}  // namespace

LogFolder::LogFolder(Client& client, fs::path folder, std::string experiment_id, OnRun on_run,
                     Stopped stopped)
    : client_(client),
      folder_(std::move(folder)),
      experiment_id_(std::move(experiment_id)),
      on_run_(std::move(on_run)),
      stopped_(std::move(stopped)) {}

int64_t LogFolder::Advance() {
  int64_t records = 0;
  for (const auto& folder : tensorboard::FindEventFolders(folder_)) {
    if (stopped_()) break;
    FollowedRun& run = FindRun(folder);
    for (const auto& name : folder.files) {
      auto tail = run.tails.find(name);
      if (tail == run.tails.end())
        tail = run.tails.emplace(name, tensorboard::EventFileTail(folder_ / folder.name / name, 0))
                   .first;
      records += AdvanceFile(&run, name, &tail->second);
    }
  }
  return records;
}

LogFolder::FollowedRun& LogFolder::FindRun(const tensorboard::EventFolder& folder) {
  if (const auto known = runs_.find(folder.name); known != runs_.end()) return known->second;
  const std::string source = SourceOf(folder_ / folder.name);
  Json ids = Json::MakeArray();
  ids.Append(experiment_id_);
  const Json found = client_.MlflowPost(
      "runs/search", Json::Of({{"experiment_ids", ids},
                               {"filter", fmt::format("tags.`{}` = '{}'", kSourceTag, source)},
                               {"max_results", 1}}));
  FollowedRun run;
  const Json* list = found.Find("runs");
  if (list != nullptr && !list->AsArray().empty()) {
    const Json& info = list->AsArray()[0].At("info");
    run.id = info.GetString("run_id");
    run.is_open = info.GetString("status") == "RUNNING";
    for (const auto& [name, offset] : Offsets(run.id))
      run.tails.emplace(name, tensorboard::EventFileTail(folder_ / folder.name / name, offset));
  } else {
    run.id = CreateRun(folder, source);
    run.is_open = true;
  }
  on_run_(folder.name.empty() ? "." : folder.name, run.id);
  return runs_.emplace(folder.name, std::move(run)).first->second;
}

std::string LogFolder::CreateRun(const tensorboard::EventFolder& folder,
                                 const std::string& source) {
  const fs::path path = folder_ / folder.name;
  Json tags = Json::MakeArray();
  tags.Append(Json::Of({{"key", kSourceTag}, {"value", source}}));
  tags.Append(Json::Of({{"key", kFolderTag}, {"value", path.string()}}));
  tags.Append(Json::Of({{"key", "mlflow.source.name"}, {"value", path.string()}}));
  // That nothing is written to a folder says nothing about whoever writes there.
  tags.Append(Json::Of({{"key", tracking::kLeaseTag}, {"value", "0"}}));
  const Json created = client_.MlflowPost(
      "runs/create",
      Json::Of({{"experiment_id", experiment_id_},
                {"run_name", folder.name.empty() ? folder_.filename().string() : folder.name},
                {"start_time", BegunMs(path / folder.files.front())},
                {"tags", tags}}));
  return created.At("run").At("info").GetString("run_id");
}

std::map<std::string, uint64_t> LogFolder::Offsets(const std::string& run_id) {
  std::map<std::string, uint64_t> offsets;
  const Json answer = client_.Get(RunPath(run_id));
  for (const auto& file : answer.At("files").AsArray())
    offsets.emplace(file.GetString("file"), static_cast<uint64_t>(file.GetInt("offset")));
  return offsets;
}

int64_t LogFolder::AdvanceFile(FollowedRun* run, const std::string& name,
                               tensorboard::EventFileTail* tail) {
  try {
    return tail->Advance(
        [&](uint64_t offset, std::string_view bytes) { return Send(run, name, offset, bytes); });
  } catch (const Error& error) {
    if (error.code() != Code::kAborted) throw;
    // An answer was lost, or somebody else reads the file too: go on where the server is.
    tail->set_offset(Offsets(run->id)[name]);
    return 0;
  }
}

tensorboard::TakenPiece LogFolder::Send(FollowedRun* run, const std::string& name, uint64_t offset,
                                        std::string_view bytes) {
  // Standing still ends the tail's pass.
  if (stopped_()) return {.offset = offset, .wanted = 1};
  Open(run);
  const std::string query =
      "?file=" + fetch::PercentEncode(name) + "&offset=" + std::to_string(offset);
  const Json answer =
      ParseJson(client_
                    .Send({.method = "POST",
                           .url = RunPath(run->id) + "/events" + query,
                           .headers = {{"Content-Type", "application/octet-stream"}},
                           .body = std::string(bytes)})
                    .body);
  if (const std::string end = answer.GetString("session_end"); !end.empty())
    run->has_failed = end == "failed";
  return {.offset = static_cast<uint64_t>(answer.GetInt("offset")),
          .wanted = static_cast<uint64_t>(answer.GetInt("wanted")),
          .records = answer.GetInt("records"),
          .problem = answer.GetString("problem")};
}

// A training that goes on after its run was finished makes it a running one again.
void LogFolder::Open(FollowedRun* run) {
  if (run->is_open) return;
  client_.MlflowPost("runs/update", Json::Of({{"run_id", run->id}, {"status", "RUNNING"}}));
  run->is_open = true;
}

void LogFolder::Finish() {
  for (auto& [name, run] : runs_) {
    if (!run.is_open) continue;
    int64_t end_ms = 0;
    for (const auto& [file, tail] : run.tails) end_ms = std::max(end_ms, ModifiedMs(tail.path()));
    client_.MlflowPost("runs/update", Json::Of({{"run_id", run.id},
                                                {"status", run.has_failed ? "FAILED" : "FINISHED"},
                                                {"end_time", end_ms}}));
    run.is_open = false;
  }
}

std::map<std::string, std::string> LogFolder::Problems() const {
  std::map<std::string, std::string> problems;
  for (const auto& [name, run] : runs_)
    for (const auto& [file, tail] : run.tails)
      if (!tail.problem().empty()) problems.emplace(tail.path().string(), tail.problem());
  return problems;
}

}  // namespace millwright::cli
