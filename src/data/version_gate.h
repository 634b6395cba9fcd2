#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "storage/database.h"

namespace millwright::data {

// What came of judging a version.
struct Judgement {
  // False when the version must be held back.
  bool passed = true;
  // Why, with the figures: "suite flights v3 failed on 2 of 31 expectations (validation 4f2…)".
  std::string reason;
  // By what was judged, as VersionGate::Stamp told it at the time.
  std::string stamp;
  // Something failed that only warns.
  bool warns = false;
  // Numbers of the rows, from 0 and in order, without which it is to be judged again as a version
  // of its own; empty where the version is to be held as a whole.
  std::vector<int64_t> set_aside;
};

// Decides which new versions must be judged before anybody takes them, and judges them. Declared
// here, implemented by the room that can judge. Thread-safe.
class VersionGate {
 public:
  virtual ~VersionGate() = default;
  // Names all that judges the versions of a dataset that were made of a source ("" for none):
  // another text after any change; empty when nothing does. Called in the transactions that make
  // and settle versions; only reads and never blocks.
  virtual std::string Stamp(storage::Connection& connection, const std::string& dataset,
                            const std::string& source) const = 0;
  // Judges a version by what there is at its begin. What cannot be judged has not passed.
  virtual Judgement Judge(const DatasetVersion& version, const std::string& source,
                          const std::filesystem::path& file, const std::string& table_sql) = 0;
};

}  // namespace millwright::data
