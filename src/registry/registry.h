#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "events/event_log.h"
#include "registry/entities.h"
#include "registry/gate.h"
#include "storage/database.h"
#include "storage/search_page.h"

namespace millwright::registry {

inline constexpr size_t kTagKeyCharactersMax = 250;
inline constexpr size_t kTagValueCharactersMax = 100'000;
inline constexpr size_t kAliasCharactersMax = 255;
inline constexpr size_t kContractBytesMax = 16 << 20;  // of a signature or reference profile
inline constexpr int64_t kModelSearchMax = 1000;
inline constexpr int64_t kVersionSearchMax = 200'000;
inline constexpr int64_t kHistoryMax = 10'000;

struct NewModel {
  ModelName name;
  std::optional<std::string> description;
  std::vector<Tag> tags;
};

struct NewVersion {
  ModelName name;
  std::string source;
  std::string artifact_uri;  // empty: the source
  std::string run_id;
  std::string run_link;
  std::string model_id;
  std::optional<std::string> description;
  std::vector<Tag> tags;
  // What the server found out about the files, stored with the version at once.
  std::vector<Check> checks = {};
  std::optional<Json> signature = std::nullopt;
};

struct Search {
  std::string filter;
  std::vector<std::string> order_by;
  int64_t limit = 100;
  std::string page_token = {};
};

struct AliasMove {
  std::string alias;
  int64_t version = 0;
  // Moves it although a gate refuses; the reason is recorded. Empty: the gates decide.
  std::string override_reason;
};

// Registered models, their versions and who may be champion. An alias that the model's gate
// protects moves only when every gate passes, whoever asks and by whatever protocol; a refusal is
// kFailedPrecondition naming the gate and the numbers, and leaves the event gate.refused. Every
// change appends its event and a line of history in the same transaction. Names and messages follow
// MLflow. Thread-safe.
class Registry {
 public:
  // `gates` are asked beside the model's own spec; they outlive the registry.
  Registry(storage::Database& database, events::EventLog& events, const Clock& clock,
           std::vector<const GateCheck*> gates = {});

  RegisteredModel CreateModel(const NewModel& model, const std::string& who);
  RegisteredModel GetModel(const ModelName& name) const;
  RegisteredModel DescribeModel(const ModelName& name,
                                const std::optional<std::string>& description,
                                const std::string& who);
  RegisteredModel RenameModel(const ModelName& name, const ModelName& new_name,
                              const std::string& who);
  void DeleteModel(const ModelName& name, const std::string& who);
  storage::SearchPage<RegisteredModel> SearchModels(const Search& search) const;
  void SetModelTag(const ModelName& name, const Tag& tag, const std::string& who);
  void DeleteModelTag(const ModelName& name, const std::string& key, const std::string& who);
  // The newest version of each stage asked for, of all stages when none is named.
  std::vector<ModelVersion> LatestVersions(const ModelName& name,
                                           const std::vector<Stage>& stages) const;

  ModelVersion CreateVersion(const NewVersion& version, const std::string& who);
  ModelVersion GetVersion(const ModelName& name, int64_t version) const;
  // Throws kFailedPrecondition when the version is in quarantine (registry/quarantine.h), where
  // neither an alias nor an active stage nor an endpoint takes it.
  void RequireServable(const ModelName& name, int64_t version) const;
  ModelVersion DescribeVersion(const ModelName& name, int64_t version,
                               const std::optional<std::string>& description,
                               const std::string& who);
  void DeleteVersion(const ModelName& name, int64_t version, const std::string& who);
  enum class Existing { kKeep, kArchive };
  ModelVersion MoveStage(const ModelName& name, int64_t version, Stage stage, Existing others,
                         const std::string& who);
  storage::SearchPage<ModelVersion> SearchVersions(const Search& search) const;
  void SetVersionTag(const ModelName& name, int64_t version, const Tag& tag,
                     const std::string& who);
  void DeleteVersionTag(const ModelName& name, int64_t version, const std::string& key,
                        const std::string& who);

  void SetAlias(const ModelName& name, const AliasMove& move, const std::string& who);
  // Nothing happens when there is no such alias.
  void DeleteAlias(const ModelName& name, const std::string& alias, const std::string& who);
  // Throws kInvalidArgument, as MLflow, for an unknown alias.
  ModelVersion GetByAlias(const ModelName& name, const std::string& alias) const;
  // What the gates would say about a move now, without moving.
  std::vector<GateVerdict> JudgeAlias(const ModelName& name, const std::string& alias,
                                      int64_t version) const;

  void SetGate(const ModelName& name, const GateSpec& gate, const std::string& who);
  std::optional<GateSpec> GetGate(const ModelName& name) const;
  // Replaces an earlier result of the same name; `time_ms` and `who` of the check are set here.
  void RecordCheck(const ModelName& name, int64_t version, const Check& check,
                   const std::string& who);
  std::vector<Check> Checks(const ModelName& name, int64_t version) const;
  std::vector<HistoryEntry> History(const ModelName& name, int64_t limit = 1000) const;

  // The contract of a version: its signature and its training reference profile.
  void SetSignature(const ModelName& name, int64_t version, const Json& signature,
                    const std::string& who);
  std::optional<Json> GetSignature(const ModelName& name, int64_t version) const;
  void SetReferenceProfile(const ModelName& name, int64_t version, const Json& profile,
                           const std::string& who);
  std::optional<Json> GetReferenceProfile(const ModelName& name, int64_t version) const;

 private:
  enum class Contract { kSignature, kReferenceProfile };
  void SetContract(const ModelName& name, int64_t version, Contract part, const Json& json,
                   const std::string& who);
  std::optional<Json> GetContract(const ModelName& name, int64_t version, Contract part) const;
  struct Change;
  void Record(storage::Connection& connection, const Change& change);
  std::vector<GateVerdict> Judge(storage::Connection& connection, int64_t model,
                                 const ModelName& name, const AliasMove& move) const;

  storage::Database& database_;
  events::EventLog& events_;
  const Clock& clock_;
  const std::vector<const GateCheck*> gates_;
};

// Reads a version's number as the protocol writes it. Throws kInvalidArgument.
int64_t ParseVersion(const std::string& text);

}  // namespace millwright::registry
