#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "events/event_log.h"
#include "storage/database.h"
#include "storage/search_page.h"
#include "tracking/entities.h"

namespace millwright::tracking {

struct NewExperiment {
  std::string name;
  std::string artifact_location;  // empty: `<root>/<id>`
  std::vector<Tag> tags;
};

struct ExperimentSearch {
  std::string filter;
  std::vector<std::string> order_by;  // newest first when empty
  View view = View::kActiveOnly;
  int64_t limit = 1000;  // 1 … kSearchResultsMax
  std::string page_token = {};
};

// Experiments with MLflow's rules: names are unique even beside deleted ones, experiment "0" always
// exists, a deleted experiment takes neither tags nor names nor runs. Changes append their event in
// the same transaction. Throws kInvalidArgument, kNotFound or kAlreadyExists in MLflow's words.
// Thread-safe.
class ExperimentStore {
 public:
  struct Options {
    std::string artifact_root = "mlflow-artifacts:";  // without a slash at the end
  };
  // Makes the default experiment when it is not there yet.
  ExperimentStore(storage::Database& database, events::EventLog& events, const Clock& clock,
                  Options options);

  ExperimentId Create(const NewExperiment& experiment, const std::string& who);
  // Both find deleted ones too.
  Experiment Get(const ExperimentId& id) const;
  Experiment GetByName(const std::string& name) const;
  storage::SearchPage<Experiment> Search(const ExperimentSearch& search) const;

  void Rename(const ExperimentId& id, const std::string& name, const std::string& who);
  // The runs of an experiment are deleted and restored with it.
  void Delete(const ExperimentId& id, const std::string& who);
  void Restore(const ExperimentId& id, const std::string& who);
  void SetTag(const ExperimentId& id, const Tag& tag, const std::string& who);
  // Throws kNotFound when there is no such tag.
  void DeleteTag(const ExperimentId& id, const std::string& key, const std::string& who);

 private:
  storage::Database& database_;
  events::EventLog& events_;
  const Clock& clock_;
  const Options options_;
};

// Reads an experiment's number. Throws kInvalidArgument when the text is none.
int64_t ExperimentNumber(const ExperimentId& id);

// Finds an experiment within a transaction or throws kNotFound.
Experiment FindExperiment(storage::Connection& connection, const ExperimentId& id);
// The address of something below an experiment's artifact location; a query stays at the end.
std::string ArtifactUriBelow(const Experiment& experiment, const std::string& path);
// Throws kInvalidArgument when the experiment is deleted.
void RequireActive(const Experiment& experiment);

}  // namespace millwright::tracking
