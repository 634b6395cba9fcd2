#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "events/event_log.h"
#include "registry/entities.h"
#include "storage/database.h"

namespace millwright::registry {

// Takes over registered models of another store. Thread-safe.
class Intake {
 public:
  Intake(storage::Database& database, events::EventLog& events, const Clock& clock);

  // Makes the model with the numbers, times, stages and tags of its versions. One that is here is
  // completed; its description stays. Aliases are not touched: they are moved by
  // Registry::SetAlias, so that gates are asked. All or nothing. Throws kAlreadyExists when a
  // version here is of another source or run.
  void Take(const RegisteredModel& model, const std::vector<ModelVersion>& versions,
            const std::string& who);

 private:
  storage::Database& database_;
  events::EventLog& events_;
  const Clock& clock_;
};

}  // namespace millwright::registry
