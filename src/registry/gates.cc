// The gates before aliases and stages: kept, asked, approved.
#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/key.h"
#include "registry/change.h"
#include "registry/passage.h"
#include "registry/registry.h"
#include "registry/rows.h"
#include "registry/sql.h"

namespace millwright::registry {
namespace {

using storage::Connection;
using storage::Row;

std::map<std::string, double> MetricsOf(Connection& connection, const std::string& run_id) {
  std::map<std::string, double> metrics;
  if (run_id.empty()) return metrics;
  for (const Row& row : connection.Select(sql::kMetricsOfRun, {run_id})) {
    metrics[row.Text(0)] =
        row.Int(2) != 0 ? std::numeric_limits<double>::quiet_NaN() : row.Double(1);
  }
  return metrics;
}

bool Protects(const GateSpec& gate, const GateTarget& target) {
  if (!target.stage) {
    return std::find(gate.aliases.begin(), gate.aliases.end(), target.alias) != gate.aliases.end();
  }
  return std::find(gate.stages.begin(), gate.stages.end(), *target.stage) != gate.stages.end();
}

bool IsThereAlready(Connection& connection, const GateRequest& request) {
  if (request.target.stage) return request.candidate.stage == *request.target.stage;
  const auto row =
      connection.SelectOne(sql::kAliasVersion, {request.model_seq, request.target.alias});
  return row && row->Int(0) == request.candidate.version;
}

// Finds the version that the candidate is compared with. Removing an alias or deleting its version
// does not open the gate: the last version that it named is asked then.
void FindHolder(Connection& connection, GateRequest* request) {
  if (IsThereAlready(connection, *request)) return;
  const bool by_stage = request->target.stage && request->spec.compare_with.empty();
  std::string name = request->spec.compare_with;
  if (name.empty()) {
    name = by_stage ? std::string(StageName(*request->target.stage)) : request->target.alias;
  }
  const auto number = connection.SelectOne(by_stage ? sql::kLastStageHolder : sql::kLastAliasHolder,
                                           {request->model_seq, name, request->candidate.version});
  if (!number) return;
  const auto row = connection.SelectOne(sql::kAnyVersion, {request->model_seq, number->Int(0)});
  if (!row) return;
  request->holder = ReadVersion(*row).version;
  const bool still = number->Int(1) != 0;
  request->holder_words =
      fmt::format("which {} {} {}", still ? "is" : "was", name, still ? "now" : "last");
  request->holder_metrics = MetricsOf(connection, request->holder->run_id);
}

std::vector<Approval> ReadApprovals(Connection& connection, int64_t model, int64_t version) {
  std::vector<Approval> approvals;
  for (const Row& row : connection.Select(sql::kApprovals, {model, version})) {
    approvals.push_back({row.Text(0), row.Text(1), row.Text(2), row.Int(3), row.Int(4)});
  }
  return approvals;
}

StoredGates ReadGates(const Row& row) {
  StoredGates stored;
  stored.file = GateFile::FromJson(ParseJson(row.Text(1)));
  stored.file.source = row.Text(2);
  stored.gate_version = row.Int(0);
  stored.time_ms = row.Int(3);
  stored.who = row.Text(4);
  stored.reason = row.Text(5);
  return stored;
}

// The version of the gates that hold now; nothing when there are none.
std::optional<int64_t> GateVersionNow(Connection& connection, int64_t model) {
  const auto row = connection.SelectOne(
      sql::kFactNow, {model, std::string(FactKindName(FactKind::kGate)), int64_t{0}, ""});
  if (!row) return std::nullopt;
  return std::stoll(row->Text(0));
}

GateFile GatesNow(Connection& connection, const ModelName& name) {
  const auto gate = FindModel(connection, name).gate;
  return gate ? GateFile::FromJson(ParseJson(*gate)) : GateFile{};
}

// Throws when the model has no gate of that name that asks for approvals.
void RequireGate(Connection& connection, const ModelName& name, const std::string& gate) {
  for (const GateSpec& spec : GatesNow(connection, name).gates) {
    if (spec.name != gate) continue;
    if (spec.approvals) return;
    throw FailedPrecondition("The gate {} of {} asks for no approvals", gate, name.str());
  }
  throw NotFound(fmt::format("Gate of {}", name.str()), gate.empty() ? "one without a name" : gate);
}

// Throws kInvalidArgument, naming the field, for a gate that nothing can pass. Only what is set
// anew is looked at: what is stored was taken before.
void RequirePassable(const GateSpec& gate, size_t index) {
  const auto refuse = [&](const std::string& place, std::string_view why) {
    const std::string path = fmt::format("gates[{}]{}", index, place);
    throw InvalidArgument("{} {}", path, why).WithField(path);
  };
  for (size_t i = 0; i < gate.metrics.size(); ++i) {
    const MetricBound& bound = gate.metrics[i];
    if (bound.min && bound.max && *bound.min > *bound.max) {
      refuse(fmt::format(".metrics[{}]", i), "can never pass: its min is above its max");
    }
  }
  if (gate.parity && gate.parity->max && *gate.parity->max < 0) {
    refuse(".parity.max", "can never pass: no difference is below 0");
  }
}

}  // namespace

std::vector<GateVerdict> Registry::Judge(Connection& connection, const VersionRow& row,
                                         const GateTarget& target, const GateFile& gates) const {
  GateRequest request;
  request.target = target;
  request.model_seq = row.model_seq;
  request.candidate = row.version;
  const int64_t version = row.version.version;
  if (const auto author = connection.SelectOne(sql::kVersionAuthor, {row.model_seq, version})) {
    request.author = author->Text(0);
  }
  request.checks = ReadChecks(connection, row.model_seq, version);
  request.approvals = ReadApprovals(connection, row.model_seq, version);
  request.metrics = MetricsOf(connection, row.version.run_id);

  std::vector<GateSpec> before;
  for (const GateSpec& gate : gates.gates) {
    if (Protects(gate, target)) before.push_back(gate);
  }
  if (before.empty()) before.emplace_back();
  std::vector<GateVerdict> verdicts;
  bool is_schema_judged = false;
  for (const GateSpec& spec : before) {
    request.spec = spec;
    // The rule that holds without being written is the same for every gate: one tells it.
    if (spec.schema == SchemaRule::kDeployed && is_schema_judged) {
      request.spec.schema = SchemaRule::kAny;
    }
    is_schema_judged = is_schema_judged || spec.schema != SchemaRule::kAny;
    request.holder.reset();
    request.holder_metrics.clear();
    FindHolder(connection, &request);
    auto judged = JudgeSpec(request);
    for (const GateCheck* gate : gates_) {
      for (auto& verdict : gate->Judge(connection, request)) judged.push_back(std::move(verdict));
    }
    for (auto& verdict : judged) {
      verdict.gate_name = spec.name;
      verdicts.push_back(std::move(verdict));
    }
  }
  return verdicts;
}

Registry::Passage Registry::PassGates(Connection& connection, const VersionRow& row,
                                      const GateTarget& target, const std::string& override_reason,
                                      const Author& by) {
  RequireLength("A reason", override_reason, kReasonCharactersMax);
  const ModelName& name = row.version.name;
  Passage passage;
  passage.verdicts = Judge(connection, row, target, GatesNow(connection, name));
  const std::string reasons = Refusals(passage.verdicts);
  if (reasons.empty()) return passage;
  Json details = Json::Of({{"gates", VerdictsToJson(passage.verdicts)}, {"reason", reasons}});
  if (target.stage) {
    details.Set("stage", StageName(*target.stage));
  } else {
    details.Set("alias", target.alias);
  }
  passage.is_override = !override_reason.empty();
  passage.override_reason = override_reason;
  if (passage.is_override) {
    details.Set("override_reason", override_reason);
  } else {
    passage.refusal = fmt::format("The gate of {} refused {} for version {}: {}", name.str(),
                                  NameOf(target), row.version.version, reasons);
  }
  Record(connection, {.model_seq = row.model_seq,
                      .name = name,
                      .kind = passage.is_override ? "gate.overridden" : "gate.refused",
                      .by = by,
                      .version = row.version.version,
                      .details = std::move(details)});
  return passage;
}

std::vector<GateVerdict> Registry::JudgeMove(const ModelName& name, const GateTarget& target,
                                             int64_t version, const GateFile* gates) const {
  before_judging_();
  return database_.Read([&](Connection& connection) {
    const VersionRow row = FindVersion(connection, name, version);
    return Judge(connection, row, target, gates ? *gates : GatesNow(connection, name));
  });
}

StoredGates Registry::SetGates(const ModelName& name, const GateFile& file, const Author& by) {
  for (size_t i = 0; i < file.gates.size(); ++i) RequirePassable(file.gates[i], i);
  const Json json = file.ToJson();
  const std::string source = file.source.empty() ? json.Dump(2) : file.source;
  return database_.Write([&](Connection& connection) {
    const ModelRow row = FindModel(connection, name);
    StoredGates stored{.file = file, .who = by.who, .reason = by.reason};
    stored.file.source = source;
    stored.gate_version = connection.SelectOne(sql::kNextGateVersion, {row.seq})->Int(0);
    stored.time_ms = clock_.NowMs();
    connection.Execute(sql::kInsertGate, {row.seq, stored.gate_version, json.Dump(), source,
                                          stored.time_ms, by.who, by.reason});
    const bool any = !file.gates.empty();
    connection.Execute(
        sql::kSetGate,
        {row.seq, any ? storage::Value(json.Dump()) : storage::Value(), stored.time_ms});
    const std::string number = std::to_string(stored.gate_version);
    Record(connection,
           {.model_seq = row.seq,
            .name = name,
            .kind = "gate.changed",
            .by = by,
            .details = Json::Of({{"gate_version", stored.gate_version}, {"gate", json}}),
            .facts = {{FactKind::kGate, any ? std::optional(number) : std::nullopt}}});
    return stored;
  });
}

std::optional<StoredGates> Registry::GetGates(const ModelName& name, int64_t gate_version) const {
  return database_.Read([&](Connection& connection) -> std::optional<StoredGates> {
    const ModelRow row = FindModel(connection, name);
    const auto number =
        gate_version == 0 ? GateVersionNow(connection, row.seq) : std::optional(gate_version);
    if (!number) return std::nullopt;
    const auto stored = connection.SelectOne(sql::kGateVersion, {row.seq, *number});
    if (!stored) return std::nullopt;
    return ReadGates(*stored);
  });
}

std::vector<StoredGates> Registry::GateVersions(const ModelName& name, int64_t before,
                                                int64_t limit) const {
  return database_.Read([&](Connection& connection) {
    const int64_t model = FindModelEver(connection, name.str(), std::nullopt);
    std::vector<StoredGates> versions;
    for (const Row& row : connection.Select(
             sql::kGateVersions, {model, before, std::clamp<int64_t>(limit, 1, kHistoryMax)})) {
      versions.push_back(ReadGates(row));
    }
    return versions;
  });
}

void Registry::Approve(const ModelName& name, int64_t version, const std::string& gate,
                       const Author& by) {
  database_.Write([&](Connection& connection) {
    const VersionRow row = FindVersion(connection, name, version);
    RequireGate(connection, name, gate);
    const int64_t gates = GateVersionNow(connection, row.model_seq).value_or(0);
    if (connection.Execute(sql::kApprove, {row.model_seq, version, gate, by.who, by.reason, gates,
                                           clock_.NowMs()}) == 0) {
      return;
    }
    Record(connection, {.model_seq = row.model_seq,
                        .name = name,
                        .kind = "model_version.approved",
                        .by = by,
                        .version = version,
                        .details = Json::Of({{"gate", gate}, {"gate_version", gates}})});
  });
}

void Registry::WithdrawApproval(const ModelName& name, int64_t version, const std::string& gate,
                                const Author& by) {
  database_.Write([&](Connection& connection) {
    const VersionRow row = FindVersion(connection, name, version);
    if (connection.Execute(sql::kWithdrawApproval, {row.model_seq, version, gate, by.who}) == 0) {
      throw FailedPrecondition("{} has not approved version {} of {}", by.who, version, name.str());
    }
    Record(connection, {.model_seq = row.model_seq,
                        .name = name,
                        .kind = "model_version.approval_withdrawn",
                        .by = by,
                        .version = version,
                        .details = Json::Of({{"gate", gate}})});
  });
}

std::vector<Approval> Registry::Approvals(const ModelName& name, int64_t version) const {
  return database_.Read([&](Connection& connection) {
    return ReadApprovals(connection, FindVersion(connection, name, version).model_seq, version);
  });
}

}  // namespace millwright::registry
