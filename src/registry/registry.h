#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "events/event_log.h"
#include "registry/author.h"
#include "registry/entities.h"
#include "registry/fact.h"
#include "registry/gate.h"
#include "registry/history.h"
#include "storage/database.h"
#include "storage/search_page.h"

namespace millwright::registry {

struct VersionRow;

inline constexpr size_t kTagKeyCharactersMax = 250;
inline constexpr size_t kTagValueCharactersMax = 100'000;
inline constexpr size_t kAliasCharactersMax = 255;
inline constexpr size_t kModelNameCharactersMax = 512;
inline constexpr size_t kContractBytesMax = 16 << 20;  // of a signature or reference profile
inline constexpr int64_t kModelSearchMax = 1000;
inline constexpr int64_t kVersionSearchMax = 200'000;

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
  // What it takes and gives in MLflow's notation, see ModelSchema::FromJson; absent: unknown.
  std::optional<Json> schema = {};
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
  std::string override_reason = {};
};

// A step back of an alias to the version that it named before.
struct AliasRollback {
  std::string alias;
  // The version that is to be left; when the alias names another by now, nothing happens. 0: any.
  int64_t from = 0;
  std::string override_reason = {};
};

struct StageMove {
  int64_t version = 0;
  Stage stage = Stage::kNone;
  enum class Existing { kKeep, kArchive } others = Existing::kKeep;
  std::string override_reason = {};
};

// Registered models, their versions and who may be champion. An alias or a stage that the model's
// gates protect moves only when all of them pass, whoever asks and by whatever protocol; a refusal
// is kFailedPrecondition naming the gate and the numbers, and leaves the event gate.refused. A move
// with an override_reason goes through all the same and leaves gate.overridden. Every change
// appends its event and a line of history in the same transaction. Names and messages follow
// MLflow. Thread-safe.
class Registry {
 public:
  // Reads what the files at an artifact address say that a version takes and gives, in the notation
  // of NewVersion::schema. Called outside of transactions.
  using ReadSchema = std::function<std::optional<Json>(const std::string& artifact_uri)>;
  // Throws kFailedPrecondition, within the transaction that registers a version, where the files at
  // its address are being removed.
  using RequireFiles = std::function<void(storage::Connection&, const std::string& artifact_uri)>;
  // `gates` are asked beside the model's own spec; they outlive the registry. `before_judging` is
  // called before each judgement, outside of its transaction: when it returns, latest_metrics has
  // what runs have logged.
  Registry(storage::Database& database, events::EventLog& events, const Clock& clock,
           std::vector<const GateCheck*> gates = {}, std::function<void()> before_judging = {},
           ReadSchema read_schema = {}, RequireFiles require_files = {});

  RegisteredModel CreateModel(const NewModel& model, const Author& by);
  RegisteredModel GetModel(const ModelName& name) const;
  RegisteredModel DescribeModel(const ModelName& name,
                                const std::optional<std::string>& description, const Author& by);
  RegisteredModel RenameModel(const ModelName& name, const ModelName& new_name, const Author& by);
  void DeleteModel(const ModelName& name, const Author& by);
  storage::SearchPage<RegisteredModel> SearchModels(const Search& search) const;
  void SetModelTag(const ModelName& name, const Tag& tag, const Author& by);
  void DeleteModelTag(const ModelName& name, const std::string& key, const Author& by);
  // The newest version of each stage asked for, of all stages when none is named.
  std::vector<ModelVersion> LatestVersions(const ModelName& name,
                                           const std::vector<Stage>& stages) const;

  ModelVersion CreateVersion(const NewVersion& version, const Author& by);
  ModelVersion GetVersion(const ModelName& name, int64_t version) const;
  // Throws kFailedPrecondition when the version is in quarantine (registry/quarantine.h), where
  // neither an alias nor an active stage nor an endpoint takes it.
  void RequireServable(const ModelName& name, int64_t version) const;
  ModelVersion DescribeVersion(const ModelName& name, int64_t version,
                               const std::optional<std::string>& description, const Author& by);
  void DeleteVersion(const ModelName& name, int64_t version, const Author& by);
  ModelVersion MoveStage(const ModelName& name, const StageMove& move, const Author& by);
  storage::SearchPage<ModelVersion> SearchVersions(const Search& search) const;
  void SetVersionTag(const ModelName& name, int64_t version, const Tag& tag, const Author& by);
  void DeleteVersionTag(const ModelName& name, int64_t version, const std::string& key,
                        const Author& by);

  void SetAlias(const ModelName& name, const AliasMove& move, const Author& by);
  // Nothing happens when there is no such alias.
  void DeleteAlias(const ModelName& name, const std::string& alias, const Author& by);
  // Throws kInvalidArgument, as MLflow, for an unknown alias.
  ModelVersion GetByAlias(const ModelName& name, const std::string& alias) const;
  // Goes back to the version that the alias named before, through the gates; a second rollback goes
  // one further. Returns where it points now. Throws kFailedPrecondition when there was none.
  int64_t RollBackAlias(const ModelName& name, const AliasRollback& rollback, const Author& by);
  // What the gates would say about a move now, without moving. With `gates` those are asked instead
  // of the model's.
  std::vector<GateVerdict> JudgeMove(const ModelName& name, const GateTarget& target,
                                     int64_t version, const GateFile* gates = nullptr) const;

  // Stores the gates of a model as their next version; a file without gates removes them.
  StoredGates SetGates(const ModelName& name, const GateFile& file, const Author& by);
  // The gates as of one version, 0 being the last. Nothing when there are none.
  std::optional<StoredGates> GetGates(const ModelName& name, int64_t gate_version = 0) const;
  // Newest first, those before `before`.
  std::vector<StoredGates> GateVersions(const ModelName& name, int64_t before, int64_t limit) const;
  // Approves a version for a gate of its model, or takes that back. Once per person.
  void Approve(const ModelName& name, int64_t version, const std::string& gate, const Author& by);
  void WithdrawApproval(const ModelName& name, int64_t version, const std::string& gate,
                        const Author& by);
  std::vector<Approval> Approvals(const ModelName& name, int64_t version) const;
  // Replaces an earlier result of the same name; `time_ms` and `who` of the check are set here.
  void RecordCheck(const ModelName& name, int64_t version, const Check& check, const Author& by);
  // The same for the check that only the server makes, see registry/quarantine.h.
  void RecordScan(const ModelName& name, int64_t version, const Check& scan, const Author& by);
  std::vector<Check> Checks(const ModelName& name, int64_t version) const;
  // What happened to the model that has a name, or had it last.
  HistoryPage History(const ModelName& name, const HistoryQuery& query = {}) const;
  // What a model was at a time, by the name that it had then or has now.
  PastModel AsOf(const ModelName& name, const AsOfQuery& query) const;
  // Which versions an alias named from when to when, newest first.
  std::vector<AliasPeriod> AliasHistory(const ModelName& name, const std::string& alias,
                                        int64_t offset = 0, int64_t limit = 100) const;

  // Reads from its files what a version takes and gives, where that is not known: it was registered
  // before its files were there, or before schemas were kept. Nothing when there is no such
  // version.
  void LearnSchema(const ModelName& name, int64_t version);
  // What a version takes and gives, as its MLmodel said when it was registered or needed first.
  std::optional<Json> GetSchema(const ModelName& name, int64_t version) const;
  // The contract of a version: its signature and its training reference profile.
  void SetSignature(const ModelName& name, int64_t version, const Json& signature,
                    const Author& by);
  std::optional<Json> GetSignature(const ModelName& name, int64_t version) const;
  void SetReferenceProfile(const ModelName& name, int64_t version, const Json& profile,
                           const Author& by);
  std::optional<Json> GetReferenceProfile(const ModelName& name, int64_t version) const;

 private:
  enum class Contract { kSignature, kReferenceProfile };
  void SetContract(const ModelName& name, int64_t version, Contract part, const Json& json,
                   const Author& by);
  std::optional<Json> GetContract(const ModelName& name, int64_t version, Contract part) const;
  void StoreCheck(const ModelName& name, int64_t version, const Check& check, const Author& by);
  struct Change;
  Moment Record(storage::Connection& connection, const Change& change);
  void AppendEvent(storage::Connection& connection, const Change& change);

  // Learns the schemas that a gate may compare: of the version that is to move and of those that
  // are in its place.
  void LearnSchemas(const ModelName& name, const GateTarget& target, int64_t version);
  struct Passage;
  // Judges a move and records the refusal or the override. The gates' words are in the result.
  Passage PassGates(storage::Connection& connection, const VersionRow& row,
                    const GateTarget& target, const std::string& override_reason, const Author& by);
  std::vector<GateVerdict> Judge(storage::Connection& connection, const VersionRow& row,
                                 const GateTarget& target, const GateFile& gates) const;
  std::string PlaceAlias(storage::Connection& connection, const ModelName& name,
                         const AliasMove& move, Json details, const Author& by);

  storage::Database& database_;
  events::EventLog& events_;
  const Clock& clock_;
  const std::vector<const GateCheck*> gates_;
  const std::function<void()> before_judging_;
  const ReadSchema read_schema_;
  const RequireFiles require_files_;
};

// Reads a version's number as the protocol writes it. Throws kInvalidArgument.
int64_t ParseVersion(const std::string& text);

}  // namespace millwright::registry
