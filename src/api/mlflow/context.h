#pragma once

#include <functional>
#include <string>

namespace millwright::artifacts {
class Artifacts;
class PartUploads;
}  // namespace millwright::artifacts
namespace millwright::registry {
class Registry;
struct NewVersion;
}  // namespace millwright::registry
namespace millwright::tracking {
class ExperimentStore;
class LoggedModelStore;
class MetricHistory;
class RunLeases;
class RunStore;
}  // namespace millwright::tracking
namespace millwright::webhooks {
class Courier;
class WebhookStore;
}  // namespace millwright::webhooks

namespace millwright::api::mlflow {

// What the handlers of MLflow's protocol work with. Filled by the composition root.
struct Context {
  tracking::ExperimentStore& experiments;
  tracking::RunStore& runs;
  tracking::RunLeases& run_leases;
  tracking::MetricHistory& metrics;
  tracking::LoggedModelStore& logged_models;
  registry::Registry& registry;
  artifacts::Artifacts& artifacts;
  artifacts::PartUploads& part_uploads;
  webhooks::WebhookStore& webhooks;
  webhooks::Courier& courier;
  // Judges the files of a version before it is registered: adds the checks, the schema and the
  // signature that it finds; throws kInvalidArgument with the reason when they are a broken model
  // or one that the policy blocks. May be empty.
  std::function<void(registry::NewVersion* version)> inspect_model = {};
};

}  // namespace millwright::api::mlflow
