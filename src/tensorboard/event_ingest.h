#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "artifacts/artifacts.h"
#include "base/clock.h"
#include "tensorboard/event_collector.h"
#include "tensorboard/summary.h"
#include "tensorboard/summary_store.h"
#include "tracking/run_store.h"

namespace millwright::tensorboard {

// A piece of an event file of a run.
struct EventPiece {
  tracking::RunId run;
  std::string file;  // its name within the run: how it is found again
  std::string
      folder;  // put before its tags, so that two folders of one run do not mix; may be empty
  uint64_t offset = 0;  // where the piece begins in the file
  std::string_view bytes;
};

// How a piece was taken.
struct TakenPiece {
  uint64_t offset = 0;       // where the next piece begins; beyond the piece after a skipped record
  uint64_t wanted = 0;       // how many bytes the next piece needs at least to go on
  int64_t records = 0;       // taken of this piece
  std::string problem = {};  // why the file is not read on; empty while it is
  std::optional<SessionEnd> session_end = {};
};

inline constexpr size_t kFileNameBytesMax = 1000;
// A run's tag with the step at which its training was last restarted.
inline constexpr std::string_view kRestartTag = "tensorboard.restarted_at_step";

// Reads what SummaryWriters write into runs, piece by piece as event files grow. Scalars become
// metrics, hparams become params (the first value of a name counts), histograms, images and texts
// are kept as thinned samples, images as files below `tensorboard_images/` in the run's artifacts.
// All it does may be done again without doubling anything: the file's mark moves last. Thread-safe;
// pieces of one run are taken one after another.
class EventIngest {
 public:
  EventIngest(storage::Database& database, tracking::RunStore& runs,
              artifacts::Artifacts& artifacts, const Clock& clock);

  // Offset 0 begins the file anew, another one must be where the file's mark stands (kAborted).
  // Throws kNotFound or kFailedPrecondition for a run that takes nothing.
  TakenPiece Take(const EventPiece& piece);

  const SummaryStore& summaries() const { return summaries_; }

 private:
  void LogToRun(const tracking::RunId& run, const EventCollector& events);
  SummaryChange::TagChange KeepSamples(const std::string& image_folder, const PendingTag& pending);
  Json StoreImages(const std::string& folder, int64_t step, const Images& images);
  void RemoveImages(const std::vector<Json>& samples);

  SummaryStore summaries_;
  tracking::RunStore& runs_;
  artifacts::Artifacts& artifacts_;
  const Clock& clock_;
  std::array<std::mutex, 16> run_locks_;  // by the digest of the run's id
};

}  // namespace millwright::tensorboard
