// Aliases and stages: who may be champion.
#include <algorithm>

#include "base/error.h"
#include "registry/change.h"
#include "registry/passage.h"
#include "registry/quarantine.h"
#include "registry/registry.h"
#include "registry/rows.h"
#include "registry/sql.h"

namespace millwright::registry {
namespace {

using storage::Connection;
using storage::Row;

std::optional<int64_t> HolderOf(Connection& connection, int64_t model, const std::string& alias) {
  const auto row = connection.SelectOne(sql::kAliasVersion, {model, alias});
  if (!row) return std::nullopt;
  return row->Int(0);
}

ModelVersion ReadWhole(Connection& connection, const ModelName& name, int64_t version) {
  std::vector<VersionRow> rows = {FindVersion(connection, name, version)};
  AddVersionData(connection, &rows);
  return std::move(rows.front().version);
}

}  // namespace

// Returns the words of a refusal, which was recorded; nothing when the alias moved.
std::string Registry::PlaceAlias(Connection& connection, const ModelName& name,
                                 const AliasMove& move, Json details, const Author& by) {
  const VersionRow row = FindVersion(connection, name, move.version);
  RequireFree(connection, row.model_seq, name, move.version);
  const Passage passage =
      PassGates(connection, row, {.alias = move.alias, .stage = {}}, move.override_reason, by);
  if (!passage.refusal.empty()) return passage.refusal;
  const auto holder = HolderOf(connection, row.model_seq, move.alias);
  details.Set("alias", move.alias);
  details.Set("to", move.version);
  details.Set("from", holder ? Json(*holder) : Json());
  passage.AddTo(&details);
  connection.Execute(sql::kSetAlias, {row.model_seq, move.alias, move.version});
  connection.Execute(sql::kTouchModel, {row.model_seq, clock_.NowMs()});
  Record(connection, {.model_seq = row.model_seq,
                      .name = name,
                      .kind = "alias.moved",
                      .by = by,
                      .version = move.version,
                      .details = std::move(details),
                      .facts = {{FactKind::kAlias, std::to_string(move.version), 0, move.alias}}});
  return {};
}

void Registry::LearnSchemas(const ModelName& name, const GateTarget& target, int64_t version) {
  if (!read_schema_) return;
  std::vector<int64_t> versions = {version};
  database_.Read([&](Connection& connection) {
    const auto model = connection.SelectOne(sql::kModelByName, {name.str()});
    if (!model) return;
    if (!target.stage) {
      const auto holder = HolderOf(connection, model->Int(0), target.alias);
      if (holder) versions.push_back(*holder);
      return;
    }
    std::vector<ModelRow> rows = {ReadModel(*model)};
    AddModelData(connection, &rows);
    for (const auto& latest : rows.front().model.latest_versions) {
      if (latest.stage == *target.stage) versions.push_back(latest.version);
    }
  });
  for (const int64_t one : versions) LearnSchema(name, one);
}

void Registry::SetAlias(const ModelName& name, const AliasMove& move, const Author& by) {
  RequireAlias(move.alias);
  LearnSchemas(name, {.alias = move.alias}, move.version);
  // A refusal is recorded as well, so the transaction that judges commits in both cases.
  before_judging_();
  const std::string refusal = database_.Write([&](Connection& connection) {
    return PlaceAlias(connection, name, move, Json::MakeObject(), by);
  });
  if (!refusal.empty()) throw FailedPrecondition("{}", refusal);
}

void Registry::DeleteAlias(const ModelName& name, const std::string& alias, const Author& by) {
  database_.Write([&](Connection& connection) {
    const ModelRow row = FindModel(connection, name);
    const auto holder = HolderOf(connection, row.seq, alias);
    if (connection.Execute(sql::kDeleteAlias, {row.seq, alias}) == 0) return;
    connection.Execute(sql::kTouchModel, {row.seq, clock_.NowMs()});
    Record(connection, {.model_seq = row.seq,
                        .name = name,
                        .kind = "alias.deleted",
                        .by = by,
                        .version = holder,
                        .details = Json::Of({{"alias", alias}}),
                        .facts = {{FactKind::kAlias, std::nullopt, 0, alias}}});
  });
}

ModelVersion Registry::GetByAlias(const ModelName& name, const std::string& alias) const {
  return database_.Read([&](Connection& connection) {
    const ModelRow model = FindModel(connection, name);
    const auto version = HolderOf(connection, model.seq, alias);
    if (!version) throw InvalidArgument("Registered model alias {} not found.", alias);
    return ReadWhole(connection, name, *version);
  });
}

ModelVersion Registry::MoveStage(const ModelName& name, const StageMove& move, const Author& by) {
  using Existing = StageMove::Existing;
  if (move.others == Existing::kArchive && move.stage != Stage::kStaging &&
      move.stage != Stage::kProduction) {
    throw InvalidArgument(
        "Model version transition cannot archive existing model versions because '{}' is not an "
        "Active stage. Valid stages are ['Staging', 'Production']",
        StageName(move.stage));
  }
  LearnSchemas(name, {.stage = move.stage}, move.version);
  ModelVersion moved;
  before_judging_();
  const std::string refusal = database_.Write([&](Connection& connection) -> std::string {
    const VersionRow row = FindVersion(connection, name, move.version);
    if (move.stage == Stage::kStaging || move.stage == Stage::kProduction) {
      RequireFree(connection, row.model_seq, name, move.version);
    }
    const Passage passage =
        PassGates(connection, row, {.alias = {}, .stage = move.stage}, move.override_reason, by);
    if (!passage.refusal.empty()) return passage.refusal;
    const int64_t now = clock_.NowMs();
    const std::string stage(StageName(move.stage));
    Json details = Json::Of({{"from", StageName(row.version.stage)}, {"to", stage}});
    std::vector<Fact> facts = {{FactKind::kStage, stage, move.version}};
    if (move.others == Existing::kArchive) {
      Json archived = Json::MakeArray();
      for (const Row& other :
           connection.Select(sql::kArchiveOthers, {row.model_seq, move.version, stage, now})) {
        archived.Append(other.Int(0));
        facts.push_back({FactKind::kStage, std::string(StageName(Stage::kArchived)), other.Int(0)});
      }
      details.Set("archived", std::move(archived));
    }
    passage.AddTo(&details);
    connection.Execute(sql::kMoveStage, {row.model_seq, move.version, stage, now});
    connection.Execute(sql::kTouchModel, {row.model_seq, now});
    Record(connection, {.model_seq = row.model_seq,
                        .name = name,
                        .kind = "stage.moved",
                        .by = by,
                        .version = move.version,
                        .details = std::move(details),
                        .facts = std::move(facts)});
    moved = ReadWhole(connection, name, move.version);
    return {};
  });
  if (!refusal.empty()) throw FailedPrecondition("{}", refusal);
  return moved;
}

}  // namespace millwright::registry
