#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "monitoring/log_file.h"

namespace millwright::monitoring {

// A Parquet file of the log. Never changes; another takes its place.
struct LogFile {
  int64_t number = 0;  // no other file has it while the process runs
  std::filesystem::path path;
  SegmentRange segments;
  std::optional<Period> period;  // of predictions, where its folder says it
  FileFacts facts;
  bool has_ids = false;   // what is beside it was read or written
  bool has_sums = false;  // and what is summed of it (monitoring/log_sums.h)
};
using LogFilePtr = std::shared_ptr<const LogFile>;
using LogFiles = std::vector<LogFilePtr>;
std::vector<std::filesystem::path> PathsOf(const LogFiles& files);
int64_t RowsOf(const LogFiles& files);

// Which Parquet files the log has, and which outcomes may be of which predictions. Not thread-safe,
// except as said.
class LogCatalogue {
 public:
  struct Place {
    RecordKind kind = RecordKind::kPrediction;
    std::string endpoint;
    auto operator<=>(const Place&) const = default;
  };

  // By period, then by segment.
  const LogFiles& Of(const Place& place) const;
  const std::map<Place, LogFiles>& all() const { return files_; }
  void Add(const Place& place, LogFile file);
  void Remove(const Place& place, const LogFiles& files);
  // Puts what more is known of a file in its place, under its number.
  void Replace(const Place& place, const LogFilePtr& file, LogFile changed);

 private:
  std::map<Place, LogFiles> files_;
  int64_t last_number_ = 0;
};

// Remembers which files of outcomes hold ids of which files of predictions: files do not change, so
// what was found once stays true. Thread-safe.
class LogRelations {
 public:
  // Those of `outcomes` that may hold some of the predictions in `predictions`, or of the ids in
  // `more`, which rise. A file of which the ids are not known, or that has outcomes by a key, may.
  LogFiles Concerning(const LogFiles& outcomes, const LogFiles& predictions,
                      const std::vector<uint64_t>& more);

 private:
  bool Concerns(const LogFile& outcomes, const LogFiles& predictions,
                const std::vector<uint64_t>& more);
  std::optional<bool> Known(const LogFile& outcomes, const LogFile& predictions);

  std::mutex mutex_;  // guards known_
  std::unordered_map<uint64_t, bool> known_;
};

// Those that may hold some of the ids, which rise.
LogFiles Holding(const LogFiles& files, const std::vector<uint64_t>& ids);

// What rows are like that stand together: in a file, or in memory of one hour.
struct RowBlock {
  int64_t rows = 0;
  int64_t first_ms = 0;
  int64_t last_ms = 0;
};
// From when on the newest `rows` rows before a time are, or nothing when there are not as many.
std::optional<int64_t> NewestFrom(std::vector<RowBlock> blocks, int64_t rows, int64_t before_ms);

}  // namespace millwright::monitoring
