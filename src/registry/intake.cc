#include "registry/intake.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "registry/change.h"
#include "registry/gate_file.h"
#include "registry/mount.h"
#include "registry/quarantine.h"
#include "registry/rows.h"
#include "registry/sql.h"
#include "registry/taken_facts.h"

namespace millwright::registry {
namespace {

using storage::Connection;
using storage::Value;

struct Arrival {
  ModelVersion version;
  Inspection inspection;
};

// A version in quarantine comes into no stage in which it would be used, as it would get into none
// later.
void LeaveActiveStage(Arrival* arrival, std::vector<Held>* quarantined) {
  for (const Check& check : arrival->inspection.checks) {
    if (!IsQuarantine(check)) continue;
    ModelVersion& version = arrival->version;
    const bool is_active = version.stage == Stage::kStaging || version.stage == Stage::kProduction;
    if (is_active) version.stage = Stage::kNone;
    quarantined->push_back({version.version, check.summary});
  }
}

std::vector<Arrival> Inspected(const std::vector<ModelVersion>& versions,
                               const std::map<int64_t, std::string>& passed,
                               const Intake::Inspect& inspect, Intake::Taken* taken) {
  std::vector<Arrival> arrivals;
  for (const ModelVersion& version : versions) {
    Arrival arrival{version, {}};
    std::string& uri = arrival.version.artifact_uri;
    if (uri.empty()) uri = version.source;
    const auto known = passed.find(version.version);
    if (known == passed.end() || known->second != uri) {
      arrival.inspection = inspect(arrival.version);
    }
    if (!arrival.inspection.refusal.empty()) {
      taken->refused.push_back({version.version, arrival.inspection.refusal});
      continue;
    }
    LeaveActiveStage(&arrival, &taken->quarantined);
    arrivals.push_back(std::move(arrival));
  }
  return arrivals;
}

void WriteVersion(Connection& connection, int64_t model_seq, const Arrival& arrival,
                  const Moment& moment, const std::string& who) {
  const auto& [version, inspection] = arrival;
  const Value model_id = version.model_id.empty() ? Value() : Value(version.model_id);
  const int64_t written = connection.Execute(
      sql::kImportVersion,
      {model_seq, version.version, storage::Optional(version.description), version.source,
       version.artifact_uri, version.run_id, version.run_link, model_id,
       std::string(StageName(version.stage)), version.created_ms, version.updated_ms});
  if (written == 0) {
    throw Error(Code::kAlreadyExists,
                fmt::format("Version {} of {} is here already, from another source or run",
                            version.version, version.name.str()));
  }
  for (const auto& tag : version.tags) {
    connection.Execute(sql::kSetVersionTag, {model_seq, version.version, tag.key, tag.value});
  }
  if (inspection.schema) {
    connection.Execute(sql::kSetSchema, {model_seq, version.version, inspection.schema->Dump()});
  }
  for (const Check& check : inspection.checks) {
    connection.Execute(sql::kRecordCheck,
                       {model_seq, version.version, check.name, int64_t{check.passed},
                        check.summary, check.details.Dump(), moment.time_ms, who});
  }
}

// A stage is part of what is imported; one that a gate protects is not reached by that way.
void RequireOpenStages(const ModelRow& model, const std::vector<Arrival>& arrivals) {
  if (!model.gate) return;
  for (const GateSpec& gate : GateFile::FromJson(ParseJson(*model.gate)).gates) {
    for (const auto& [version, inspection] : arrivals) {
      if (std::find(gate.stages.begin(), gate.stages.end(), version.stage) == gate.stages.end()) {
        continue;
      }
      throw FailedPrecondition(
          "A gate of {} protects stage '{}', in which version {} would be imported",
          version.name.str(), StageName(version.stage), version.version);
    }
  }
}

void KeepFacts(Connection& connection, const Moment& moment, const RegisteredModel& model,
               const std::vector<Arrival>& arrivals) {
  std::vector<ModelVersion> versions;
  for (const auto& arrival : arrivals) versions.push_back(arrival.version);
  KeepTakenFacts(connection, moment, model, versions);
  for (const auto& [version, inspection] : arrivals) {
    for (const Check& check : inspection.checks) {
      KeepFact(connection, moment,
               {FactKind::kCheck, check.passed ? "passed" : "failed", version.version, check.name});
    }
  }
}

}  // namespace

Intake::Intake(storage::Database& database, events::EventLog& events, const Clock& clock,
               Inspect inspect)
    : database_(database), events_(events), clock_(clock), inspect_(std::move(inspect)) {}

Intake::Taken Intake::Take(const RegisteredModel& model, const std::vector<ModelVersion>& versions,
                           const std::vector<int64_t>& deleted, const std::string& who) {
  RequireModelName(model.name);
  const auto passed = database_.Read([&](Connection& connection) {
    std::map<int64_t, std::string> uris;
    for (const auto& row :
         connection.Select(sql::kPassedScans, {model.name.str(), std::string(kScanCheck)})) {
      uris[row.Int(0)] = row.Text(1);
    }
    return uris;
  });
  Taken taken;
  const auto arrivals = Inspected(versions, passed, inspect_, &taken);
  database_.Write([&](Connection& connection) {
    const auto known = connection.SelectOne(sql::kModelByName, {model.name.str()});
    const int64_t seq =
        known ? known->Int(0)
              : connection
                    .SelectOne(sql::kImportModel,
                               {model.name.str(), storage::Optional(model.description),
                                model.created_ms, model.updated_ms})
                    ->Int(0);
    RequireNotMounted(connection, seq, model.name);
    for (const auto& tag : model.tags) {
      connection.Execute(sql::kSetModelTag, {seq, tag.key, tag.value});
    }
    if (known) RequireOpenStages(ReadModel(*known), arrivals);
    Moment moment{.model_seq = seq, .time_ms = clock_.NowMs()};
    for (const auto& arrival : arrivals) WriteVersion(connection, seq, arrival, moment, who);
    for (const int64_t version : deleted)
      connection.Execute(sql::kImportDeletedVersion, {seq, version, moment.time_ms});
    const Json details = Json::Of({{"versions", arrivals.size()}});
    moment.history_seq =
        connection
            .SelectOne(sql::kInsertHistory,
                       {seq, moment.time_ms, who, "model.imported", Value(), details.Dump(), ""})
            ->Int(0);
    KeepFacts(connection, moment, model, arrivals);
    if (known) return;
    if (model.description) {
      KeepFact(connection, moment, {FactKind::kDescription, model.description});
    }
    events_.Append(connection, "model.imported", "model:" + model.name.str(), who, details);
  });
  return taken;
}

}  // namespace millwright::registry
