#include "registry/taken_facts.h"

namespace millwright::registry {

using storage::Connection;

void KeepTakenFacts(Connection& connection, const Moment& moment, const RegisteredModel& model,
                    const std::vector<ModelVersion>& versions) {
  KeepFact(connection, moment, {FactKind::kName, model.name.str()});
  for (const auto& tag : model.tags) {
    KeepFact(connection, moment, {FactKind::kTag, tag.value, 0, tag.key});
  }
  for (const auto& version : versions) {
    const int64_t number = version.version;
    KeepFact(connection, moment, {FactKind::kVersion, "", number});
    KeepFact(connection, moment, {FactKind::kStage, std::string(StageName(version.stage)), number});
    if (version.description) {
      KeepFact(connection, moment, {FactKind::kDescription, version.description, number});
    }
    for (const auto& tag : version.tags) {
      KeepFact(connection, moment, {FactKind::kTag, tag.value, number, tag.key});
    }
  }
}

}  // namespace millwright::registry
