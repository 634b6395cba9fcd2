#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "storage/database.h"
#include "tracking/entities.h"

namespace millwright::tensorboard {

// What became of a tag's values: scalars are metrics of the run, the next three kinds are kept as
// samples, the rest is counted and named.
enum class TagKind { kScalar, kHistogram, kImage, kText, kUnshown };
std::string_view TagKindName(TagKind kind);
// Throws kInvalidArgument.
TagKind ParseTagKind(std::string_view name);

// How many samples of one tag are kept; when there are more, they are thinned over the steps.
size_t SamplesMax(TagKind kind);
// How many tags a run may have; values of further ones are counted together and not shown.
inline constexpr size_t kTagsPerRunMax = 10'000;
inline constexpr int kFilesPerPageMax = 10'000;
inline constexpr int kSamplesPerPageMax = 500;

struct EventFile {
  std::string name;
  int64_t bytes_read = 0;
  int64_t records = 0;
  std::string problem;  // why the rest of it is not read; empty while all is well
  int64_t updated_ms = 0;
};

struct SummaryTag {
  TagKind kind = TagKind::kScalar;
  std::string tag;
  std::string folder;
  std::string key;     // the metric's key, or the name of the images' folder
  std::string plugin;  // as the tag's first value named it
  int64_t seen = 0;
  int64_t kept = 0;
  int64_t seq = 0;  // 0 until it is stored
};

struct Sample {
  int64_t step = 0;
  int64_t time_ms = 0;
  Json data;  // histogram: {buckets}, image: {images, dropped}, text: {lines, cut}
};

// What reading a piece of an event file changes, beside the run's own metrics and params.
struct SummaryChange {
  EventFile file;  // as it is after the piece
  int64_t bytes_read_before = 0;
  struct TagChange {
    SummaryTag tag;  // `seen` counts the values of this piece
    std::vector<Sample> kept;
    std::vector<int64_t> dropped_steps;
  };
  std::vector<TagChange> tags;
};

// The rows of what event files hold beside metrics: how far each file is read, the tags of a run
// and the samples that are kept. Thread-safe.
class SummaryStore {
 public:
  explicit SummaryStore(storage::Database& database) : database_(database) {}

  // A file that was never read has nothing read.
  EventFile File(const tracking::RunId& run, const std::string& name) const;
  std::vector<EventFile> Files(const tracking::RunId& run) const;
  std::vector<SummaryTag> Tags(const tracking::RunId& run) const;
  // Throws kNotFound.
  int64_t FindTag(const tracking::RunId& run, TagKind kind, const std::string& tag) const;
  std::vector<int64_t> Steps(int64_t tag_seq) const;
  // The samples from a step on, at most `limit`.
  std::vector<Sample> Samples(int64_t tag_seq, int64_t from_step, int limit) const;

  // Makes a change, in one transaction. Returns the data of dropped samples. Throws kAborted when
  // the file's mark is not where the change begins: somebody else reads it too.
  std::vector<Json> Apply(const tracking::RunId& run, const SummaryChange& change);
  // Drops the samples of a folder from `step` on that are older than `before_ms`; returns their
  // data.
  std::vector<Json> Purge(const tracking::RunId& run, const std::string& folder, int64_t step,
                          int64_t before_ms);

 private:
  storage::Database& database_;
};

// Forgets within a transaction all that is kept of a run's event files.
void ForgetRun(storage::Connection& connection, const tracking::RunId& run);

}  // namespace millwright::tensorboard
