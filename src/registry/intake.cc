#include "registry/intake.h"

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "registry/change.h"
#include "registry/gate_file.h"
#include "registry/mount.h"
#include "registry/rows.h"
#include "registry/sql.h"
#include "registry/taken_facts.h"

namespace millwright::registry {
namespace {

using storage::Connection;
using storage::Value;

void WriteVersion(Connection& connection, int64_t model_seq, const ModelVersion& version) {
  const std::string& uri = version.artifact_uri.empty() ? version.source : version.artifact_uri;
  const Value model_id = version.model_id.empty() ? Value() : Value(version.model_id);
  const int64_t written = connection.Execute(
      sql::kImportVersion,
      {model_seq, version.version, storage::Optional(version.description), version.source, uri,
       version.run_id, version.run_link, model_id, std::string(StageName(version.stage)),
       version.created_ms, version.updated_ms});
  if (written == 0) {
    throw Error(Code::kAlreadyExists,
                fmt::format("Version {} of {} is here already, from another source or run",
                            version.version, version.name.str()));
  }
  for (const auto& tag : version.tags) {
    connection.Execute(sql::kSetVersionTag, {model_seq, version.version, tag.key, tag.value});
  }
}

// A stage is part of what is imported; one that a gate protects is not reached by that way.
void RequireOpenStages(const ModelRow& model, const std::vector<ModelVersion>& versions) {
  if (!model.gate) return;
  for (const GateSpec& gate : GateFile::FromJson(ParseJson(*model.gate)).gates) {
    for (const ModelVersion& version : versions) {
      if (std::find(gate.stages.begin(), gate.stages.end(), version.stage) == gate.stages.end()) {
        continue;
      }
      throw FailedPrecondition(
          "A gate of {} protects stage '{}', in which version {} would be imported",
          version.name.str(), StageName(version.stage), version.version);
    }
  }
}

}  // namespace

Intake::Intake(storage::Database& database, events::EventLog& events, const Clock& clock)
    : database_(database), events_(events), clock_(clock) {}

void Intake::Take(const RegisteredModel& model, const std::vector<ModelVersion>& versions,
                  const std::string& who) {
  RequireModelName(model.name);
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
    if (known) RequireOpenStages(ReadModel(*known), versions);
    for (const auto& version : versions) WriteVersion(connection, seq, version);
    const Json details = Json::Of({{"versions", versions.size()}});
    Moment moment{.model_seq = seq, .time_ms = clock_.NowMs()};
    moment.history_seq =
        connection
            .SelectOne(sql::kInsertHistory,
                       {seq, moment.time_ms, who, "model.imported", Value(), details.Dump(), ""})
            ->Int(0);
    KeepTakenFacts(connection, moment, model, versions);
    if (known) return;
    if (model.description) {
      KeepFact(connection, moment, {FactKind::kDescription, model.description});
    }
    events_.Append(connection, "model.imported", "model:" + model.name.str(), who, details);
  });
}

}  // namespace millwright::registry
