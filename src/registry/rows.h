#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "registry/entities.h"
#include "storage/database.h"

namespace millwright::registry {

// A model and a version as read so far, with their row keys.
struct ModelRow {
  int64_t seq = 0;
  RegisteredModel model;
  std::optional<std::string> gate;
};
struct VersionRow {
  int64_t model_seq = 0;
  ModelVersion version;
};

ModelRow ReadModel(const storage::Row& row);
VersionRow ReadVersion(const storage::Row& row);

// Finds within a transaction or throws kNotFound in MLflow's words.
ModelRow FindModel(storage::Connection& connection, const ModelName& name);
VersionRow FindVersion(storage::Connection& connection, const ModelName& name, int64_t version);

// Adds tags and aliases to versions, with one query each for all.
void AddVersionData(storage::Connection& connection, std::vector<VersionRow>* rows);
// Adds latest versions, tags and aliases to models.
void AddModelData(storage::Connection& connection, std::vector<ModelRow>* rows);

std::vector<Check> ReadChecks(storage::Connection& connection, int64_t model_seq, int64_t version);

}  // namespace millwright::registry
