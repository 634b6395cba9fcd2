#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "events/event_log.h"
#include "registry/entities.h"
#include "storage/database.h"

namespace millwright::registry {

// What the server found out about the files of a version of another store.
struct Inspection {
  std::optional<Json> schema = {};  // see NewVersion::schema
  std::vector<Check> checks = {};
  std::string refusal = {};  // why the version is not taken; empty when it is
};

// A version that did not come in as it was in the other store, and why.
struct Held {
  int64_t version = 0;
  std::string reason;
};

// Takes over registered models of another store. Thread-safe.
class Intake {
 public:
  // Looks at a version's files; called outside of transactions, for versions whose files did not
  // pass before.
  using Inspect = std::function<Inspection(const ModelVersion&)>;
  Intake(storage::Database& database, events::EventLog& events, const Clock& clock,
         Inspect inspect);

  struct Taken {
    std::vector<Held> refused;      // were left out
    std::vector<Held> quarantined;  // are here, in no active stage
  };

  // Makes the model with the numbers, times, stages and tags of its versions. One that is here is
  // completed; its description stays. Aliases are not touched: they are moved by
  // Registry::SetAlias, so that gates are asked. What the inspection refuses is left out; the rest
  // comes in at once or not at all. `deleted` are numbers that were given there and are not given
  // again. Throws kAlreadyExists when a version here is of another source or run.
  Taken Take(const RegisteredModel& model, const std::vector<ModelVersion>& versions,
             const std::vector<int64_t>& deleted, const std::string& who);

 private:
  storage::Database& database_;
  events::EventLog& events_;
  const Clock& clock_;
  const Inspect inspect_;
};

}  // namespace millwright::registry
