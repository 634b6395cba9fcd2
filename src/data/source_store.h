#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "data/dataset.h"
#include "data/dataset_store.h"
#include "events/event_log.h"
#include "fetch/client.h"
#include "storage/database.h"

namespace millwright::data {

enum class SourceKind { kFile, kHttp, kUpload };
std::string_view SourceKindName(SourceKind kind);
// Throws kInvalidArgument.
SourceKind ParseSourceKind(std::string_view name);

// Where a dataset's versions come from. `config` holds, by kind:
//   file    "path" (absolute)
//   http    "url" (http or https), "headers" {name: value}
//   upload  nothing; bytes are given to DatasetStore::Upload
// and for all "format" and "options" where the name does not tell how to read it (see MakeReader).
struct Source {
  std::string name;
  SourceKind kind = SourceKind::kFile;
  std::string dataset;
  Json config = Json::MakeObject();
  int64_t created_ms = 0;
  std::string created_by;
};

// What a collection gave: the version, whether nothing had changed, and the raw bytes behind it.
struct Collected {
  DatasetVersion version;
  bool is_unchanged = false;
  Snapshot snapshot;
};

inline constexpr uint64_t kSourceBytesMax = 64ULL << 30;  // of one fetch

// Sources and what was collected from them. Thread-safe.
class SourceStore {
 public:
  SourceStore(storage::Database& database, events::EventLog& events, const Clock& clock,
              DatasetStore& datasets, fetch::Client& client);

  // Declares a source or changes it; the same again is nothing. Throws kInvalidArgument for a wrong
  // configuration, kPermissionDenied for a file outside of DataOptions::file_roots.
  Source Put(const Source& source, const std::string& who);
  Source Get(const std::string& name) const;
  std::vector<Source> List(int limit = kPageMax, const std::string& after = "") const;
  // Lists what was archived, newest first.
  std::vector<Snapshot> Snapshots(const std::string& name, int limit = 100) const;

  // Fetches a source: archives its raw bytes with their SHA-256 and a row of the manifest first,
  // then parses them into the dataset's next version. A source that did not change (by its etag or
  // by its bytes) writes nothing. When the bytes cannot be parsed they are kept, the failure is
  // recorded and kInvalidArgument thrown. Collections of one source wait for one another.
  Collected Collect(const std::string& name, const std::string& who,
                    const ProgressFunction& progress = {});

 private:
  struct Fetched;
  Fetched FetchFile(const Source& source, const std::string& known_etag,
                    const ProgressFunction& progress);
  Fetched FetchHttp(const Source& source, const std::string& known_etag,
                    const ProgressFunction& progress);
  Snapshot Archive(const Source& source, const Fetched& fetched, const std::string& parser,
                   const std::optional<Snapshot>& last, const std::string& who);
  Collected Unchanged(const Snapshot& snapshot) const;
  void Validate(const Source& source) const;
  void RequireInRoots(const std::filesystem::path& path) const;
  std::mutex& LockOf(const std::string& name);

  storage::Database& database_;
  events::EventLog& events_;
  const Clock& clock_;
  DatasetStore& datasets_;
  fetch::Client& client_;
  std::mutex locks_mutex_;
  std::map<std::string, std::mutex> locks_;  // one a source that was ever collected here
};

}  // namespace millwright::data
