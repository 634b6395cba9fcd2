#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>

#include "alerts/evaluator.h"
#include "base/clock.h"
#include "data/dataset_store.h"
#include "data/source_store.h"
#include "events/event_log.h"
#include "monitoring/monitors.h"
#include "pipelines/pipeline_store.h"
#include "storage/database.h"
#include "webhooks/delivery_log.h"
#include "webhooks/webhook_store.h"

namespace millwright::server {

// The metrics that have to be looked up: monitors, the age of data, what happened, alerts and
// messages, the process and its disk. Looking up takes as long as the logs of predictions are long,
// so that its result is kept: for a second, and for so long that looking up takes no more than a
// twentieth of a core, however often it is asked for. Thread-safe.
class ServerMetrics {
 public:
  struct Context {
    const Clock& clock;
    storage::Database& database;
    events::EventLog& events;
    data::DatasetStore& datasets;
    data::SourceStore& sources;
    monitoring::PredictionLog& predictions;
    monitoring::Monitors& monitors;
    pipelines::PipelineStore& pipelines;
    alerts::AlertStore& alerts;
    alerts::Evaluator& evaluator;
    webhooks::WebhookStore& webhooks;
    webhooks::DeliveryLog& deliveries;
    std::filesystem::path data;
  };
  explicit ServerMetrics(const Context& context);

  // The text of /metrics; of a moment ago, perhaps. One caller looks up at a time; meanwhile others
  // get what is there, and wait only for the first.
  std::string Text();

 private:
  std::string LookUp();
  std::string Events();
  std::string DataAges();
  std::string Outcomes();

  const Context context_;

  std::mutex looking_up_;  // held while it is; guards what follows
  int64_t events_seen_ = 0;
  std::map<std::string, int64_t> by_kind_, runs_, validations_;
  std::map<std::pair<std::string, std::string>, int64_t> pipeline_runs_;
  struct Outcome {
    int64_t count = 0;
    int64_t changed_ms = 0;
  };
  std::map<std::string, Outcome> outcomes_;

  std::mutex text_mutex_;  // guards what follows
  std::string text_;
  int64_t fresh_until_us_ = 0;
};

}  // namespace millwright::server
