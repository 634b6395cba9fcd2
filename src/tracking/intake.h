#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "events/event_log.h"
#include "storage/database.h"
#include "tracking/entities.h"

namespace millwright::tracking {

// Takes over experiments, runs and logged models of another store, with the ids, times and states
// that they have there. Nothing is cut, no name is made up, no lease is taken. What is here already
// is completed, so that the same may be given twice. Each call is one transaction; what is made
// appends its event. Thread-safe.
class Intake {
 public:
  // `artifact_root` as in ExperimentStore::Options.
  Intake(storage::Database& database, events::EventLog& events, const Clock& clock,
         std::string artifact_root);

  // One of the same name is completed instead of made: tags that are given are set, all else stays.
  // The id is kept when it is free; an empty artifact location becomes `<root>/<id>`. Throws
  // kFailedPrecondition when the one here is deleted and the one given is not. Returns the id it
  // has here.
  ExperimentId Take(const Experiment& experiment, const std::string& who);

  // The experiments must be here. `metrics` are points of histories, of any number, and more of
  // them may follow in a later call. A run that is here is completed: its info, tags and params
  // become what is given, what else it has stays, and points and inputs that it has are kept once.
  // Throws kFailedPrecondition for a run that belongs to another experiment here.
  void Take(const std::vector<Run>& runs, const std::string& who);

  // With the points of its metrics. Throws kFailedPrecondition for a model that belongs to another
  // experiment here.
  void Take(const LoggedModel& model, const std::string& who);

 private:
  storage::Database& database_;
  events::EventLog& events_;
  const Clock& clock_;
  const std::string artifact_root_;
};

}  // namespace millwright::tracking
