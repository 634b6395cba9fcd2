#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "cli/client.h"
#include "registry/entities.h"
#include "tracking/entities.h"

namespace millwright::cli {

// Tags by which a server that gives ids itself remembers where its things come from.
inline constexpr std::string_view kOriginPrefix = "millwright.origin.";
inline constexpr std::string_view kOriginRun = "millwright.origin.run_id";
inline constexpr std::string_view kOriginUnnamed = "millwright.origin.unnamed";
inline constexpr std::string_view kOriginModel = "millwright.origin.model_id";
inline constexpr std::string_view kOriginVersion = "millwright.origin.version";
inline constexpr std::string_view kOriginSource = "millwright.origin.source";

// What a run or logged model of the source is on the server.
struct Counterpart {
  std::string id;
  std::string artifact_uri;
  bool is_deleted = false;
};

// Knows which run and logged model of an MLflow server stands for which one of the source, by the
// tags above. Ids of the source are called origins. Not thread-safe.
class MlflowOrigins {
 public:
  explicit MlflowOrigins(Client& client) : client_(client) {}

  // Learns what the server has of an experiment, named by its id there.
  void Learn(const tracking::ExperimentId& experiment);
  void AddRun(const std::string& origin, Counterpart counterpart);
  void AddModel(const std::string& origin, Counterpart counterpart);

  // Null when the server has none.
  Counterpart* FindRun(const std::string& origin);
  Counterpart* FindModel(const std::string& origin);

  // The numbers that a registered model's versions have there, by those in the source. Asked once.
  const std::map<int64_t, int64_t>& VersionNumbers(const registry::ModelName& name);
  void AddVersion(const registry::ModelName& name, int64_t origin, int64_t there);

  // Turns things of the source into what the server is to have: ids in them, and the tags above.
  // What is not known there keeps its id.
  std::string RunIdThere(const std::string& origin);
  std::string ModelIdThere(const std::string& origin);
  std::string VersionSourceThere(const registry::ModelVersion& version);

  // Turns what the server has into what the source has, without the tags above. False for what does
  // not come from a source.
  bool Restore(tracking::Run* run) const;
  bool Restore(tracking::LoggedModel* model) const;
  bool Restore(registry::ModelVersion* version);

 private:
  void LearnRuns(const tracking::ExperimentId& experiment);
  void LearnModels(const tracking::ExperimentId& experiment);
  std::string OriginOfRun(const std::string& id) const;
  std::string OriginOfModel(const std::string& id) const;

  Client& client_;
  std::unordered_map<std::string, Counterpart> runs_, models_;                // by origin
  std::unordered_map<std::string, std::string> run_origins_, model_origins_;  // by id there
  std::map<std::string, std::map<int64_t, int64_t>> version_numbers_;         // by model
};

}  // namespace millwright::cli
