#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "events/event_log.h"
#include "storage/database.h"
#include "storage/search_page.h"
#include "tracking/entities.h"

namespace millwright::tracking {

struct NewLoggedModel {
  ExperimentId experiment_id;
  std::string name;  // empty: made up
  std::string model_type;
  std::string source_run_id;
  std::vector<Param> params;
  std::vector<Tag> tags;
};

struct DatasetName {
  std::string name;
  std::string digest;
};

// A field to order by. With a dataset's name a metric is the one measured on it, of any digest when
// that is empty; without it, of whatever dataset.
struct LoggedModelOrder {
  std::string field;  // "name", "metrics.acc"
  bool descending = false;
  DatasetName dataset;
};

struct LoggedModelSearch {
  std::vector<ExperimentId> experiment_ids;
  std::string filter;
  std::vector<DatasetName> datasets;       // one of them must be a dataset of the model's metrics
  std::vector<LoggedModelOrder> order_by;  // newest first when empty
  int64_t limit = 50;
  std::string page_token = {};
};

// Models as runs log them: what they are called, where their files are and how they were measured.
// A logged model is pending until it is finished. Thread-safe.
class LoggedModelStore {
 public:
  LoggedModelStore(storage::Database& database, events::EventLog& events, const Clock& clock);

  LoggedModel Create(const NewLoggedModel& model, const std::string& who);
  // Throws kNotFound also for a deleted one.
  LoggedModel Get(const LoggedModelId& id) const;
  // The run that made a model; empty when there is none, or no such model.
  RunId SourceRun(const LoggedModelId& id) const;
  LoggedModel Finish(const LoggedModelId& id, LoggedModelStatus status, const std::string& who);
  void Delete(const LoggedModelId& id, const std::string& who);
  void SetTags(const LoggedModelId& id, const std::vector<Tag>& tags);
  // Throws kNotFound when there is no such tag.
  void DeleteTag(const LoggedModelId& id, const std::string& key);
  // Params never change: a key that is there is refused.
  void LogParams(const LoggedModelId& id, const std::vector<Param>& params);
  storage::SearchPage<LoggedModel> Search(const LoggedModelSearch& search) const;

 private:
  storage::Database& database_;
  events::EventLog& events_;
  const Clock& clock_;
};

}  // namespace millwright::tracking
