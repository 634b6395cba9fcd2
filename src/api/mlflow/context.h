#pragma once

namespace millwright::artifacts {
class Artifacts;
}
namespace millwright::registry {
class Registry;
}
namespace millwright::tracking {
class ExperimentStore;
class LoggedModelStore;
class RunStore;
}  // namespace millwright::tracking

namespace millwright::api::mlflow {

// What the handlers of MLflow's protocol work with. Filled by the composition root.
struct Context {
  tracking::ExperimentStore& experiments;
  tracking::RunStore& runs;
  tracking::LoggedModelStore& logged_models;
  registry::Registry& registry;
  artifacts::Artifacts& artifacts;
};

}  // namespace millwright::api::mlflow
