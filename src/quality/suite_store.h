#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "events/event_log.h"
#include "quality/check_history.h"
#include "quality/validation.h"
#include "storage/database.h"

namespace millwright::quality {

using ValidationId = Id<struct ValidationTag>;

inline constexpr int kValidationsMax = 1000;    // in one list
inline constexpr int kSuiteVersionsMax = 1000;  // in one list

struct SuiteSummary {
  std::string name;
  int64_t expectation_count = 0;
  int64_t created_ms = 0;
  int64_t updated_ms = 0;
  std::string updated_by;
  int64_t version = 0;
};

// A version of a suite without its expectations. Versions count 1, 2, 3, … also when a suite was
// deleted in between.
struct SuiteVersion {
  int64_t version = 0;
  int64_t expectation_count = 0;
  std::string reason;
  int64_t created_ms = 0;
  std::string who;
};

struct VersionedSuite {
  Suite suite;
  int64_t version = 0;
};

// A validation without its results. `version` is 0 where no dataset version was judged.
struct ValidationSummary {
  ValidationId id;
  std::string suite;
  std::string dataset;
  int64_t version = 0;
  bool success = false;
  int64_t evaluated = 0;
  int64_t unsuccessful = 0;
  int64_t created_ms = 0;
  std::string who;
  int64_t suite_version = 0;  // 0 where it was not kept
};

// A validation as stored; `result` is what ValidationResult::ToJson wrote, its meta naming suite,
// dataset, version and time.
struct StoredValidation : ValidationSummary {
  Json result;
};

// Suites by name and the results of running them. Thread-safe.
class SuiteStore {
 public:
  SuiteStore(storage::Database& database, events::EventLog& events, const Clock& clock)
      : database_(database), events_(events), clock_(clock) {}

  // Stores a suite under its name as its next version and returns that; event suite.created or
  // suite.updated. What it is already makes no version. Throws kInvalidArgument for an empty name.
  int64_t Put(const Suite& suite, const std::string& who, const std::string& reason = "");
  // The same within a transaction.
  int64_t PutIn(storage::Connection& connection, const Suite& suite, const std::string& who,
                const std::string& reason) const;
  // Throws kNotFound.
  Suite Get(const std::string& name) const { return GetVersion(name).suite; }
  // A suite as it was in a version, as it is when 0. Throws kNotFound.
  VersionedSuite GetVersion(const std::string& name, int64_t version = 0) const;
  VersionedSuite Find(storage::Connection& connection, const std::string& name) const;
  // Newest first. Throws kNotFound for a suite that never was.
  std::vector<SuiteVersion> Versions(const std::string& name, int limit = 100) const;
  // Removes a suite; its versions and validations stay. Event suite.deleted. Throws kNotFound, and
  // kFailedPrecondition for one that is attached to something.
  void Delete(const std::string& name, const std::string& who);
  std::vector<SuiteSummary> List(const std::string& after = "", int limit = 100) const;

  // Stores a result and its event validation.finished {validation_id, suite, dataset, version,
  // success, evaluated, unsuccessful}; the subject is "validation:<id>".
  ValidationSummary Record(const std::string& dataset, int64_t version, ValidationResult result,
                           const std::string& who, int64_t suite_version = 0);
  // Throws kNotFound.
  StoredValidation GetValidation(const ValidationId& id) const;
  // Newest first; of all datasets when `dataset` is empty.
  std::vector<ValidationSummary> ListValidations(const std::string& dataset = "",
                                                 int limit = 100) const;
  // The newest validation of a version, by any suite when `suite` is empty: what a gate asks.
  std::optional<ValidationSummary> Latest(const std::string& dataset, int64_t version,
                                          const std::string& suite = "") const;
  // What each check came to in the last `limit` validations of a dataset by a suite, in the order
  // of the newest of them.
  std::vector<CheckHistory> History(const std::string& suite, const std::string& dataset,
                                    int limit = kHistoryShownMax) const;

 private:
  storage::Database& database_;
  events::EventLog& events_;
  const Clock& clock_;
};

}  // namespace millwright::quality
