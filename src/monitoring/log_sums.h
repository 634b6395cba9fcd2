#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "monitoring/log_catalogue.h"
#include "monitoring/row_sums.h"

namespace millwright::monitoring {

// Files with fewer rows are read whenever they are asked about: that costs less than their sums.
inline constexpr int64_t kSummedFileRowsMin = 2'048;

// What became of the predictions of a file, by the outcomes in segments up to one.
struct FileKnown {
  int64_t through_segment = 0;
  KnownSums sums;
};

// What is summed of the log's files of predictions, beside each of them:
//   <first segment>-<last segment>.sums    its rows, which do not change
//   <first segment>-<last segment>.known   what became of them, written anew as outcomes come
// What is damaged or of another release is taken for absent. Thread-safe.
class LogSums {
 public:
  std::shared_ptr<const RowSums> Rows(const LogFile& file);
  std::shared_ptr<const FileKnown> Known(const LogFile& file);
  // FileKnown::through_segment, which is kept where the rest is forgotten.
  std::optional<int64_t> KnownThrough(const LogFile& file);
  void WriteRows(const LogFile& file, RowSums sums);
  void WriteKnown(const LogFile& file, FileKnown known);
  // Of files whose outcomes are not what they were: some were removed.
  void RemoveKnown(const LogFiles& files);

  static bool HasRows(const std::filesystem::path& parquet);
  // Of a file that is removed or changes.
  static void Remove(const std::filesystem::path& parquet);

 private:
  struct Entry {
    std::shared_ptr<const RowSums> rows;
    std::shared_ptr<const FileKnown> known;
    bool has_looked_for_rows = false, has_looked_for_known = false;
  };
  Entry& At(const LogFile& file);

  std::mutex mutex_;  // guards what follows
  // By the file's number.
  std::unordered_map<int64_t, Entry> entries_;
  std::unordered_map<int64_t, std::optional<int64_t>> through_;
};

}  // namespace millwright::monitoring
