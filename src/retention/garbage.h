#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "artifacts/part_uploads.h"
#include "base/clock.h"
#include "events/event_log.h"
#include "storage/database.h"
#include "tracking/entities.h"

namespace millwright::retention {

// What a collection looks at, in this order.
enum class Kind {
  kAbandoned,   // files whose owner is gone, left by a collection that was broken off
  kArtifact,    // files and folders that were deleted
  kUpload,      // uploads in parts that nobody goes on with
  kModel,       // deleted logged models
  kRun,         // deleted runs
  kExperiment,  // deleted experiments
  kCopy,        // local copies of models
  kUnknown,     // files that nobody knows
};
std::string_view KindName(Kind kind);

inline constexpr int64_t kGraceMs = 30LL * 86'400'000;
inline constexpr int64_t kGraceMsMax = 3650LL * 86'400'000;
// How long nothing was heard of an upload in parts before it counts as given up, whatever the grace
// period is.
inline constexpr int64_t kUploadIdleMs = 86'400'000;
inline constexpr size_t kFindingsMax = 500;
inline constexpr size_t kNamedMax = 1000;  // of each of Request's lists

enum class Unknown { kIgnore, kList, kDelete };

struct Request {
  bool dry_run = false;
  // Since it was deleted; since it was last written for unknown files.
  int64_t grace_ms = kGraceMs;
  // Only these, with the runs and models of the experiments; all that is deleted where none is
  // named.
  std::vector<tracking::RunId> runs = {};
  std::vector<tracking::ExperimentId> experiments = {};
  std::vector<tracking::LoggedModelId> models = {};
  Unknown unknown = Unknown::kIgnore;
  std::string after = {};  // Page::after of the page before
  std::string who = {};
  size_t findings_max = kFindingsMax;  // of a page

  bool names_any() const { return !runs.empty() || !experiments.empty() || !models.empty(); }
};

// What became of one thing, or would become of it, and why.
struct Finding {
  Kind kind = Kind::kArtifact;
  std::string id;        // of a deleted artifact, a run, a model, an experiment
  std::string name;      // what people call it
  std::string path;      // of the store
  int64_t since_ms = 0;  // when it was deleted, or last written
  int64_t bytes = 0;     // where they were counted: copies and unknown files
  bool is_removed = false;
  std::string why;
  std::string deleted_by = {};
};

struct Page {
  std::vector<Finding> findings;
  std::string after;  // asks for what follows; empty at the end
};

// Removes for good what was deleted longer ago than the grace period and what no model version,
// endpoint, dataset or run refers to. A run, a model or an experiment goes in one transaction that
// also notes its files as abandoned; then these are removed. Whatever is broken off in between is
// ended by the next collection. Unknown files are only listed, or deleted in a way that can be
// undone. Thread-safe; two collections at a time do what one does.
class Garbage {
 public:
  Garbage(storage::Database& database, artifacts::Artifacts& artifacts,
          artifacts::PartUploads& uploads, events::EventLog& events, const Clock& clock)
      : database_(database),
        artifacts_(artifacts),
        uploads_(uploads),
        events_(events),
        clock_(clock) {}

  // A page of at most kFindingsMax, and of a few seconds of work. Throws kInvalidArgument for a
  // malformed request, and kNotFound or kFailedPrecondition for something named that is not there
  // or not deleted; then nothing is removed.
  Page Collect(const Request& request);

 private:
  storage::Database& database_;
  artifacts::Artifacts& artifacts_;
  artifacts::PartUploads& uploads_;
  events::EventLog& events_;
  const Clock& clock_;
};

}  // namespace millwright::retention
