#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "events/event_log.h"
#include "quality/validation.h"
#include "storage/database.h"

namespace millwright::quality {

using ValidationId = Id<struct ValidationTag>;

inline constexpr int kValidationsMax = 1000;  // in one list

struct SuiteSummary {
  std::string name;
  int64_t expectation_count = 0;
  int64_t created_ms = 0;
  int64_t updated_ms = 0;
  std::string updated_by;
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

  // Stores a suite under its name, replacing an earlier one; event suite.created or suite.updated.
  // Throws kInvalidArgument for an empty name.
  void Put(const Suite& suite, const std::string& who);
  // Throws kNotFound.
  Suite Get(const std::string& name) const;
  std::vector<SuiteSummary> List(const std::string& after = "", int limit = 100) const;

  // Stores a result and its event validation.finished {validation_id, suite, dataset, version,
  // success, evaluated, unsuccessful}; the subject is "validation:<id>".
  ValidationSummary Record(const std::string& dataset, int64_t version, ValidationResult result,
                           const std::string& who);
  // Throws kNotFound.
  StoredValidation GetValidation(const ValidationId& id) const;
  // Newest first; of all datasets when `dataset` is empty.
  std::vector<ValidationSummary> ListValidations(const std::string& dataset = "",
                                                 int limit = 100) const;
  // The newest validation of a version, by any suite when `suite` is empty: what a gate asks.
  std::optional<ValidationSummary> Latest(const std::string& dataset, int64_t version,
                                          const std::string& suite = "") const;

 private:
  storage::Database& database_;
  events::EventLog& events_;
  const Clock& clock_;
};

}  // namespace millwright::quality
