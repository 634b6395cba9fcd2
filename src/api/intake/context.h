#pragma once

namespace millwright::artifacts {
class Artifacts;
}
namespace millwright::registry {
class Intake;
}
namespace millwright::tracking {
class ExperimentStore;
class Intake;
}  // namespace millwright::tracking

namespace millwright::api::intake {

// What the handlers of /api/v1/import work with. Filled by server::App.
struct Context {
  tracking::ExperimentStore& experiments;
  tracking::Intake& tracking_intake;
  registry::Intake& registry_intake;
  artifacts::Artifacts& artifacts;
};

}  // namespace millwright::api::intake
