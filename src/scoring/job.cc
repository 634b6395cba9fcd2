#include "scoring/job.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "base/id.h"
#include "scoring/scorer.h"

namespace millwright::scoring {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPlanFile = "plan.json";
constexpr const char* kSuccessFile = "_SUCCESS";

bool IsFolder(const fs::path& output) {
  return output.filename().empty() || fs::is_directory(output);
}

fs::path FolderOf(const fs::path& output) {
  if (IsFolder(output)) return output / "_scoring";
  return output.string() + ".scoring";
}

// Where the finished output is seen.
fs::path Finished(const fs::path& output) {
  return IsFolder(output) ? output / kSuccessFile : output;
}

bool IsPart(const fs::path& file) {
  const std::string name = file.filename().string();
  return name.starts_with("part-") && name.ends_with(".parquet");
}

void RemoveParts(const fs::path& output) {
  if (!fs::is_directory(output)) return;
  for (const auto& entry : fs::directory_iterator(output)) {
    if (IsPart(entry.path())) fs::remove(entry.path());
  }
}

}  // namespace

Job::Job(fs::path output, fs::path folder, Plan plan)
    : output_(std::move(output)), folder_(std::move(folder)), plan_(std::move(plan)) {}

bool Job::Exists(const fs::path& output) {
  return fs::exists(FolderOf(output) / kPlanFile);
}

Job Job::Open(const fs::path& output) {
  const fs::path folder = FolderOf(output);
  return {output, folder, PlanFromJson(ParseJson(ReadFile(folder / kPlanFile)))};
}

Job Job::Create(const fs::path& output, const Plan& plan, bool overwrite,
                const std::function<void(const fs::path&)>& place_model) {
  if (!IsFolder(output)) CheckOutputName(output);
  if (fs::exists(Finished(output))) {
    if (!overwrite) throw AlreadyExists("Output", output.string());
    if (IsFolder(output)) {
      fs::remove(Finished(output));
      RemoveParts(output);
    }
  }
  const fs::path folder = FolderOf(output);
  const fs::path made = fmt::format("{}.{}", folder.string(), NewHexId());
  std::error_code ignored;
  try {
    fs::create_directories(made / "model");
    place_model(made / "model");
    WriteFileDurably(made / kPlanFile, PlanToJson(plan).Dump());
  } catch (...) {
    fs::remove_all(made, ignored);
    throw;
  }
  std::error_code taken;
  fs::rename(made, folder, taken);
  if (taken) fs::remove_all(made, ignored);
  return Open(output);
}

void Job::Discard(const fs::path& output) {
  fs::remove_all(FolderOf(output));
  if (IsFolder(output) && !fs::exists(Finished(output))) RemoveParts(output);
}

fs::path Job::part(int shard) const {
  return (IsFolder(output_) ? output_ : folder_) / PartName(plan_, shard);
}

bool Job::IsDone(int shard) const {
  return fs::exists(part(shard));
}

void Job::TellRows(int shard, int64_t rows) const {
  std::ofstream(folder_ / fmt::format("rows-{:05}", shard)) << rows;
}

int64_t Job::RowsTold(int shard) const {
  if (IsDone(shard)) return RowsOf(plan_, shard).count;
  int64_t rows = 0;
  std::ifstream(folder_ / fmt::format("rows-{:05}", shard)) >> rows;
  return rows;
}

void Job::Finish() const {
  if (IsFolder(output_)) {
    WriteFileDurably(output_ / kSuccessFile, PlanToJson(plan_).Dump());
  } else {
    JoinParts(plan_, folder_, folder_, output_);
  }
  fs::remove_all(folder_);
}

JobLock::JobLock(const Job& job)
    : fd_(open((job.folder() / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
  if (fd_ >= 0 && flock(fd_, LOCK_EX | LOCK_NB) == 0) return;
  if (fd_ >= 0) close(fd_);
  throw FailedPrecondition("Another process is scoring into {}", job.folder().string());
}

JobLock::~JobLock() {
  close(fd_);
}

}  // namespace millwright::scoring
