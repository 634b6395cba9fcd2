#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "data/content_store.h"
#include "data/dataset.h"
#include "data/table_writer.h"
#include "data/version_gate.h"
#include "events/event_log.h"
#include "lineage/lineage.h"
#include "storage/database.h"

namespace millwright::data {

// Fills a buffer with up to `size` bytes and returns how many; 0 at the end.
using ByteReader = std::function<size_t(char* buffer, size_t size)>;

// Raw bytes that were archived before anything was made of them; the manifest of raw/sha256.
struct Snapshot {
  enum class State { kArchived, kParsed, kFailed };
  std::string id;
  std::string source;    // its name; empty for an upload
  std::string location;  // the path or URL it came from, or the uploaded file's name
  std::string sha256;
  uint64_t bytes = 0;
  std::string etag;    // tells an unchanged file or URL without reading it; may be empty
  std::string parser;  // fingerprint of what parsed it or is to parse it
  State state = State::kArchived;
  std::string error;  // why it could not be parsed
  std::string dataset;
  int64_t version = 0;  // made of it or equal to it; 0 until it is parsed
  int64_t created_ms = 0;
};
std::string_view SnapshotStateName(Snapshot::State state);

// So long a version is left to the server that made it before another one judges it.
inline constexpr int64_t kPendingMsMax = 900'000;
inline constexpr int kPendingPageMax = 100;
// The recipe of what was left of a version begins so.
inline constexpr std::string_view kRestRecipe = "rest of ";

// Datasets and their versions. Thread-safe.
//
// Where a gate has something to judge a new version by, the version is made as kPending and judged
// before the call that makes it returns: it becomes kReady, or kQuarantined. A server that ends
// between the two leaves it pending, which nobody can take, until JudgePending. The event
// dataset.version_created comes when a version can be taken for the first time.
class DatasetStore {
 public:
  // `gate` outlives this; without one no version is held.
  DatasetStore(storage::Database& database, events::EventLog& events,
               lineage::LineageGraph& lineage, const Clock& clock, DataOptions options,
               VersionGate* gate = nullptr);

  // Lists datasets by name, at most `limit` (1…kPageMax), starting behind `after`.
  std::vector<DatasetSummary> List(int limit = kPageMax, const std::string& after = "") const;
  // Finds a version to work with, the latest that is not held when 0. Throws kNotFound, and
  // kFailedPrecondition with the reason for one that is held.
  DatasetVersion Get(const std::string& name, int64_t version = 0) const;
  // Finds a version to look at, held or not; the latest that is not held when 0. Throws kNotFound,
  // and kFailedPrecondition when the latest is asked for and all are held.
  DatasetVersion Look(const std::string& name, int64_t version = 0) const;
  // Lists versions, newest first, at most `limit`. Throws kNotFound for an unknown dataset.
  std::vector<DatasetVersion> Versions(const std::string& name, int limit = kPageMax) const;
  // Lists the versions that are held, newest first, of all datasets when `name` is empty.
  std::vector<DatasetVersion> Held(const std::string& name = "", int limit = kPageMax) const;
  // Reads "name@3" or "name" and finds it as Get does. Throws kInvalidArgument too.
  DatasetVersion Resolve(const std::string& reference) const;

  // The Parquet file of a version; it never changes and must not be written.
  std::filesystem::path File(const DatasetVersion& version) const;
  // The table expression for it: "read_parquet('…')".
  std::string ReadSql(const DatasetVersion& version) const;
  // Reads rows in the file's order; `limit` is 1…kRowsPageMax.
  analytics::Table Rows(const DatasetVersion& version, int64_t limit, int64_t offset = 0) const;

  // Finds what a version's snapshot_id names. Throws kNotFound.
  Snapshot GetSnapshot(const std::string& id) const;
  // The archived bytes of a snapshot, as they came; must not be written.
  std::filesystem::path RawFile(const Snapshot& snapshot) const;

  // Archives an uploaded file and makes a version of it; the format is taken from `file_name` or
  // from `config` ("format", "options"). The same bytes as the latest version has were made of are
  // no new version. Throws kInvalidArgument when they cannot be parsed; the raw bytes are kept.
  Versioned Upload(const std::string& name, const std::string& file_name, const ByteReader& read,
                   const std::string& who, const Json& config = Json::MakeObject(),
                   const ProgressFunction& progress = {});

  // Makes a version out of other versions by one SELECT that sees each input under its view's name
  // and reaches no other file. The same SQL over the same inputs answers with the version that it
  // made the first time. SQL must not ask for the time or random numbers. Throws kAborted, where
  // SQL has a process of its own, once `is_wanted` says that nobody waits any more.
  Versioned Derive(const std::string& name, const std::string& sql,
                   const std::vector<Input>& inputs, const std::string& who,
                   const std::function<bool()>& is_wanted = {});

  // Lets a quarantined version be taken; event dataset.version_released. Throws kInvalidArgument
  // without a reason and kFailedPrecondition for a version that is not quarantined.
  DatasetVersion Release(const std::string& name, int64_t version, const std::string& reason,
                         const std::string& who);
  // Judges a held version by what its gate asks for now; one that is being judged here is returned
  // as it is. Throws kFailedPrecondition for a version that is not held.
  DatasetVersion Judge(const std::string& name, int64_t version);
  // Judges what was left pending: made before `before_ms`, or longer than kPendingMsMax ago.
  // Returns how many there were.
  int JudgePending(int64_t before_ms);

  // For the other classes of this room.
  struct Registration {
    std::string dataset;
    std::string source;
    StoredTable table;
    std::optional<Snapshot> snapshot;  // becomes parsed, in the same transaction
    std::optional<std::string> sql;
    std::vector<Input> inputs;
    std::string recipe;                                         // digest of sql and inputs
    std::vector<std::pair<std::string, std::string>> upstream;  // lineage node, label
    std::string who;
    std::string reason;  // state_reason of a version that nothing judges or that passes
  };
  // Makes the next version, or finds the latest one when it has the same content and recipe; judges
  // it where that is asked for.
  Versioned Register(const Registration& registration);
  // Records raw bytes that lie in the store; the state is kArchived.
  void AddSnapshot(const Snapshot& snapshot, const std::string& who);
  // Parses a snapshot and registers the version. A failure is recorded before it is thrown.
  Versioned Parse(const Snapshot& snapshot, const Reader& reader, const std::string& who,
                  const ProgressFunction& progress);

  ContentStore& content() { return content_; }
  const TableWriter& writer() const { return writer_; }
  const DataOptions& options() const { return options_; }

 private:
  std::optional<DatasetVersion> FindRecipe(const std::string& name,
                                           const std::string& recipe) const;
  bool IsSameAs(storage::Connection& connection, const Registration& registration,
                int64_t version) const;
  int64_t Insert(storage::Connection& connection, const Registration& registration, int64_t version,
                 int64_t now_ms);
  class Judging;
  DatasetVersion Settle(const DatasetVersion& version);
  bool Decide(storage::Connection& connection, const DatasetVersion& version,
              const Judgement& judgement, bool is_last_round);
  void SetState(storage::Connection& connection, const DatasetVersion& version, VersionState state,
                const std::string& reason, const std::string& who);
  void AppendCreated(storage::Connection& connection, const DatasetVersion& version);
  DatasetVersion SetAside(const DatasetVersion& version, Judgement* judgement);
  std::string SourceOf(storage::Connection& connection, const DatasetVersion& version) const;
  void MarkFailed(const Snapshot& snapshot, const Error& error, const std::string& who);

  storage::Database& database_;
  events::EventLog& events_;
  lineage::LineageGraph& lineage_;
  const Clock& clock_;
  const DataOptions options_;
  ContentStore content_;
  TableWriter writer_;
  VersionGate* const gate_;
  std::mutex judging_mutex_;
  std::set<std::string> judging_;  // references of the versions that are being judged here
};

}  // namespace millwright::data
