#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.h"
#include "data/dataset_store.h"
#include "data/split.h"
#include "events/event_log.h"
#include "lineage/lineage.h"
#include "storage/database.h"

namespace millwright::data {

// One part of a split as it came out. `digest` depends on the version's content and on which of its
// rows are in the part, and on nothing else.
struct SplitPart {
  std::string name;
  std::string predicate;  // see PartPredicates
  int64_t row_count = 0;
  std::string digest;

  bool operator==(const SplitPart&) const = default;
};

struct Split {
  std::string id;
  std::string dataset;
  int64_t version = 0;
  std::string name;
  SplitSpec spec;
  std::vector<SplitPart> parts;
  int64_t unassigned_count = 0;  // rows that are in no part
  int64_t created_ms = 0;
  std::string created_by;

  // Throws kNotFound.
  const SplitPart& Part(const std::string& part) const;
};

// Splits of dataset versions. A split stores no rows: its parts are conditions over the version's
// file, with their row counts and digests, and are opened as SQL or written out. Thread-safe.
class SplitStore {
 public:
  SplitStore(storage::Database& database, events::EventLog& events, lineage::LineageGraph& lineage,
             const Clock& clock, DatasetStore& datasets);

  // Splits a version and records it. The same name and specification again answers with the split
  // that is there; the same name with another specification throws kAlreadyExists.
  Split Create(const std::string& name, const DatasetVersion& version, const SplitSpec& spec,
               const std::string& who);
  Split Get(const std::string& id) const;
  // Finds a split by its name on a version. Throws kNotFound.
  Split Find(const DatasetVersion& version, const std::string& name) const;
  // Lists the splits of all versions of a dataset, newest first.
  std::vector<Split> List(const std::string& dataset, int limit = 100) const;

  // Writes the query that gives a part's rows: "SELECT * FROM … WHERE …". Throws kNotFound.
  std::string PartSql(const Split& split, const std::string& part) const;
  // Writes a part's rows to a Parquet file, replacing it whole.
  void WritePart(const Split& split, const std::string& part,
                 const std::filesystem::path& file) const;

 private:
  void Measure(const DatasetVersion& version, Split* split) const;

  storage::Database& database_;
  events::EventLog& events_;
  lineage::LineageGraph& lineage_;
  const Clock& clock_;
  DatasetStore& datasets_;
};

}  // namespace millwright::data
