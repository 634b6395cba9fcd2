// Aliases and the gates before them.
#include <algorithm>
#include <limits>

#include "base/error.h"
#include "registry/change.h"
#include "registry/quarantine.h"
#include "registry/registry.h"
#include "registry/rows.h"
#include "registry/sql.h"

namespace millwright::registry {
namespace {

using storage::Connection;
using storage::Row;
using storage::Value;

std::map<std::string, double> MetricsOf(Connection& connection, const std::string& run_id) {
  std::map<std::string, double> metrics;
  if (run_id.empty()) return metrics;
  for (const Row& row : connection.Select(sql::kMetricsOfRun, {run_id})) {
    metrics[row.Text(0)] =
        row.Int(2) != 0 ? std::numeric_limits<double>::quiet_NaN() : row.Double(1);
  }
  return metrics;
}

std::optional<int64_t> HolderOf(Connection& connection, int64_t model, const std::string& alias) {
  const auto row = connection.SelectOne(sql::kAliasVersion, {model, alias});
  if (!row) return std::nullopt;
  return row->Int(0);
}

// The version that an alias points to, or nothing when that version is deleted.
std::optional<ModelVersion> LivingHolder(Connection& connection, const ModelName& name,
                                         int64_t version) {
  const auto row = connection.SelectOne(sql::kVersionByNumber, {name.str(), version});
  if (!row) return std::nullopt;
  return ReadVersion(*row).version;
}

std::string Refusals(const std::vector<GateVerdict>& verdicts) {
  std::string text;
  for (const auto& verdict : verdicts) {
    if (verdict.passed) continue;
    text += fmt::format("{}{}", text.empty() ? "" : "; ", verdict.reason);
  }
  return text;
}

}  // namespace

std::vector<GateVerdict> Registry::Judge(Connection& connection, int64_t model,
                                         const ModelName& name, const AliasMove& move) const {
  const ModelRow row = FindModel(connection, name);
  if (!row.gate) return {};
  GateRequest request;
  request.spec = GateSpec::FromJson(ParseJson(*row.gate));
  if (!request.spec.Protects(move.alias)) return {};
  request.alias = move.alias;
  request.candidate = FindVersion(connection, name, move.version).version;
  request.checks = ReadChecks(connection, model, move.version);
  request.metrics = MetricsOf(connection, request.candidate.run_id);
  if (const auto holder = HolderOf(connection, model, move.alias);
      holder && *holder != move.version) {
    request.holder = LivingHolder(connection, name, *holder);
    if (request.holder) {
      request.holder_metrics = MetricsOf(connection, request.holder->run_id);
    }
  }
  std::vector<GateVerdict> verdicts = JudgeSpec(request);
  for (const GateCheck* gate : gates_) {
    for (auto& verdict : gate->Judge(connection, request)) verdicts.push_back(std::move(verdict));
  }
  return verdicts;
}

void Registry::SetAlias(const ModelName& name, const AliasMove& move, const std::string& who) {
  RequireAlias(move.alias);
  // A refusal is recorded as well, so the transaction that judges commits in both cases.
  const std::string refusal = database_.Write([&](Connection& connection) {
    const VersionRow row = FindVersion(connection, name, move.version);
    RequireFree(connection, row.model_seq, name, move.version);
    const auto verdicts = Judge(connection, row.model_seq, name, move);
    const std::string reasons = Refusals(verdicts);
    const auto holder = HolderOf(connection, row.model_seq, move.alias);
    Json details = Json::Of({{"alias", move.alias}, {"to", move.version}});
    details.Set("from", holder ? Json(*holder) : Json());
    if (!verdicts.empty()) details.Set("gates", VerdictsToJson(verdicts));
    if (!reasons.empty() && move.override_reason.empty()) {
      details.Set("reason", reasons);
      Record(connection, {.model_seq = row.model_seq,
                          .name = name,
                          .kind = "gate.refused",
                          .who = who,
                          .version = move.version,
                          .details = std::move(details)});
      return reasons;
    }
    if (!move.override_reason.empty()) details.Set("override_reason", move.override_reason);
    const int64_t now = clock_.NowMs();
    connection.Execute(sql::kSetAlias, {row.model_seq, move.alias, move.version});
    connection.Execute(sql::kTouchModel, {row.model_seq, now});
    Record(connection, {.model_seq = row.model_seq,
                        .name = name,
                        .kind = "alias.moved",
                        .who = who,
                        .version = move.version,
                        .details = std::move(details)});
    return std::string();
  });
  if (refusal.empty()) return;
  throw FailedPrecondition("The gate of {} refused alias '{}' for version {}: {}", name.str(),
                           move.alias, move.version, refusal);
}

std::vector<GateVerdict> Registry::JudgeAlias(const ModelName& name, const std::string& alias,
                                              int64_t version) const {
  return database_.Read([&](Connection& connection) {
    const VersionRow row = FindVersion(connection, name, version);
    return Judge(connection, row.model_seq, name, {alias, version, ""});
  });
}

void Registry::DeleteAlias(const ModelName& name, const std::string& alias,
                           const std::string& who) {
  database_.Write([&](Connection& connection) {
    const ModelRow row = FindModel(connection, name);
    const auto holder = HolderOf(connection, row.seq, alias);
    if (connection.Execute(sql::kDeleteAlias, {row.seq, alias}) == 0) return;
    connection.Execute(sql::kTouchModel, {row.seq, clock_.NowMs()});
    Record(connection, {.model_seq = row.seq,
                        .name = name,
                        .kind = "alias.deleted",
                        .who = who,
                        .version = holder,
                        .details = Json::Of({{"alias", alias}})});
  });
}

ModelVersion Registry::GetByAlias(const ModelName& name, const std::string& alias) const {
  return database_.Read([&](Connection& connection) {
    const ModelRow model = FindModel(connection, name);
    const auto version = HolderOf(connection, model.seq, alias);
    if (!version) throw InvalidArgument("Registered model alias {} not found.", alias);
    std::vector<VersionRow> rows = {FindVersion(connection, name, *version)};
    AddVersionData(connection, &rows);
    return std::move(rows.front().version);
  });
}

void Registry::SetGate(const ModelName& name, const GateSpec& gate, const std::string& who) {
  database_.Write([&](Connection& connection) {
    const ModelRow row = FindModel(connection, name);
    const Json json = gate.ToJson();
    connection.Execute(sql::kSetGate, {row.seq, json.Dump(), clock_.NowMs()});
    Record(connection, {.model_seq = row.seq,
                        .name = name,
                        .kind = "model.updated",
                        .who = who,
                        .details = Json::Of({{"gate", json}})});
  });
}

std::optional<GateSpec> Registry::GetGate(const ModelName& name) const {
  const auto text =
      database_.Read([&](Connection& connection) { return FindModel(connection, name).gate; });
  if (!text) return std::nullopt;
  return GateSpec::FromJson(ParseJson(*text));
}

}  // namespace millwright::registry
