#pragma once

#include <filesystem>
#include <functional>

#include "base/clock.h"
#include "events/event_log.h"

namespace millwright::alerts {
class AlertStore;
class Evaluator;
}  // namespace millwright::alerts
namespace millwright::analytics {
class SessionHost;
}
namespace millwright::artifacts {
class Artifacts;
class PartUploads;
}  // namespace millwright::artifacts
namespace millwright::data {
class DatasetStore;
class SourceStore;
class SplitStore;
}  // namespace millwright::data
namespace millwright::lineage {
class LineageGraph;
}
namespace millwright::loop {
class LoopStore;
class Loops;
}  // namespace millwright::loop
namespace millwright::monitoring {
class EventPairs;
class HealthReader;
class MonitorPreviewer;
class Monitors;
class PredictionImport;
class PredictionLog;
class PredictionReader;
}  // namespace millwright::monitoring
namespace millwright::pipelines {
class PipelineStore;
}
namespace millwright::quality {
class Attachments;
class SuiteReview;
class SuiteStore;
}  // namespace millwright::quality

namespace millwright::registry {
class Registry;
struct Check;
struct ModelVersion;
}  // namespace millwright::registry
namespace millwright::retention {
class Garbage;
}
namespace millwright::security {
class Security;
}
namespace millwright::serving {
class Gateway;
}
namespace millwright::tensorboard {
class EventIngest;
}
namespace millwright::tracking {
class ChartReader;
class LoggedModelStore;
class MetricHistory;
class RunLeases;
class RunStore;
}  // namespace millwright::tracking
namespace millwright::webhooks {
class Courier;
class DeliveryLog;
class WebhookStore;
}  // namespace millwright::webhooks

namespace millwright::api::native {

// What the handlers of Millwright's own API, /api/v1, work with. Filled by server::App.
struct Context {
  const Clock& clock;
  int64_t started_ms = 0;
  events::EventLog& events;
  lineage::LineageGraph& lineage;
  tracking::RunStore& runs;
  tracking::RunLeases& run_leases;
  tracking::LoggedModelStore& logged_models;
  artifacts::Artifacts& artifacts;
  artifacts::PartUploads& part_uploads;
  tensorboard::EventIngest& event_ingest;
  tracking::ChartReader& charts;
  tracking::MetricHistory& metrics;
  data::DatasetStore& datasets;
  data::SourceStore& sources;
  data::SplitStore& splits;
  quality::SuiteStore& suites;
  quality::SuiteReview& review;
  quality::Attachments& attachments;
  registry::Registry& registry;
  serving::Gateway& gateway;
  retention::Garbage& garbage;
  analytics::SessionHost& sql_host;
  monitoring::PredictionLog& predictions;
  monitoring::PredictionReader& prediction_reader;
  monitoring::PredictionImport& prediction_import;
  monitoring::EventPairs& event_pairs;
  monitoring::Monitors& monitors;
  monitoring::HealthReader& health;
  monitoring::MonitorPreviewer& previewer;
  pipelines::PipelineStore& pipelines;
  loop::LoopStore& loop_store;
  loop::Loops& loops;
  security::Security& security;
  webhooks::WebhookStore& webhooks;
  webhooks::DeliveryLog& deliveries;
  webhooks::Courier& courier;
  alerts::AlertStore& alerts;
  alerts::Evaluator& evaluator;
  // The text of /metrics.
  std::function<std::string()> metrics_text;
  // Where people find this server, for links in messages.
  std::function<std::string()> server_url;
  // The local folder that holds a version's files. Throws kFailedPrecondition when there is none.
  std::function<std::filesystem::path(const registry::ModelVersion&)> model_folder;
  // Looks at a version's files for what loading them could do: the check "scan".
  std::function<registry::Check(const registry::ModelVersion&)> scan_files;
};

}  // namespace millwright::api::native
