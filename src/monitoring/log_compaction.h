#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "analytics/session.h"
#include "monitoring/log_catalogue.h"
#include "monitoring/log_tail.h"

namespace millwright::monitoring {

// This many small files of one folder are merged into one, and at most so many at a time.
inline constexpr size_t kSmallFilesMax = 16;
inline constexpr size_t kMergedFilesMax = 1'000;
// No file is made of more rows together, neither of a folder nor of hours or days.
inline constexpr int64_t kMergedRowsMax = 1 << 20;
// A month of more stays in days: what is asked of a part of it reads the rows of that part.
inline constexpr int64_t kMonthRowsMax = 1 << 18;
// Hours are left as they are until so long after the end of the day or month that takes them.
inline constexpr int64_t kSettledHours = 48;

struct MergeRules {
  int64_t now_ms = 0;
  // Months hold more than a day: only where no row ever grows too old.
  bool has_months = false;
};

// Files of one endpoint of which one file can be made, and the folder that it is for.
struct MergePlan {
  LogCatalogue::Place place;
  LogFiles files;
  std::filesystem::path folder;
};

// Writes the log's Parquet files: out of rows in memory, and one out of many. A file is written
// beside its place (`work`), and is in its place only after a rename that the caller does. One
// caller at a time.
class LogCompaction {
 public:
  // A file that waits for its rename; with the ids that belong beside it.
  struct Pending {
    LogCatalogue::Place place;
    LogFile file;
    std::filesystem::path written;
  };

  // `folder` is the log's.
  explicit LogCompaction(std::filesystem::path folder) : folder_(std::move(folder)) {}

  struct Written {
    std::vector<Pending> files;
    std::map<LogCatalogue::Place, int64_t> set_aside;  // rows that cannot be read
  };

  Written Write(int64_t segment, const Tail& tail, const MergeRules& rules);
  // What to merge next, the smallest files first; nothing when there is nothing to do.
  std::optional<MergePlan> Plan(const LogCatalogue& catalogue, const MergeRules& rules) const;
  // Nothing where the files have a column of two types: one file would make it a text in all rows.
  std::optional<Pending> Merge(const MergePlan& plan);
  // The same file without predictions that were asked before a time; nothing when none were.
  std::optional<Pending> Trim(const LogCatalogue::Place& place, const LogFile& file,
                              int64_t from_ms);
  // Writes what belongs beside a file of an earlier release.
  void WriteIds(const LogCatalogue::Place& place, const LogFile& file);
  // What is in files that have nothing beside them.
  std::vector<FileFacts> ReadFacts(RecordKind kind,
                                   const std::vector<std::filesystem::path>& files);

 private:
  // Throws kInvalidArgument for rows that cannot be read.
  void CopyRows(RecordKind kind, const Schema& schema, const std::vector<const TailRow*>& rows,
                const std::filesystem::path& written);
  // Copies what can be read of rows that cannot be read together, and sets the others aside.
  // Returns which were copied; with none there is no file.
  std::vector<const TailRow*> SalvageRows(const LogCatalogue::Place& place, int64_t segment,
                                          const std::vector<const TailRow*>& rows,
                                          const std::filesystem::path& written);
  std::vector<uint64_t> ReadIds(RecordKind kind, const std::filesystem::path& parquet);
  bool HasMixedTypes(const LogFiles& files);

  const std::filesystem::path folder_;
  analytics::LazySession session_;
  std::set<std::string> refused_;  // merges that would mix types
};

// A file name for an endpoint's name: other characters than letters, digits, - and _ as %XX.
std::string EndpointFolder(std::string_view endpoint);
// What a name of EndpointFolder stands for.
std::string EndpointOf(const std::filesystem::path& folder);
// Makes what was renamed or removed in a folder survive a power failure.
void SyncFolder(const std::filesystem::path& folder);
// Writes rows as lines of JSON and returns the table expression that reads them. Columns of several
// rows whose names differ by the case of letters alone are one to SQL; it has one of the spellings.
std::string WriteTable(RecordKind kind, const Schema& schema,
                       const std::vector<const TailRow*>& rows, const std::filesystem::path& file);

}  // namespace millwright::monitoring
