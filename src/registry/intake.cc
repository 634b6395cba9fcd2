#include "registry/intake.h"

#include "base/error.h"
#include "base/json.h"
#include "registry/change.h"
#include "registry/sql.h"

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
    for (const auto& tag : model.tags) {
      connection.Execute(sql::kSetModelTag, {seq, tag.key, tag.value});
    }
    for (const auto& version : versions) WriteVersion(connection, seq, version);
    if (known) return;
    const Json details = Json::Of({{"versions", versions.size()}});
    connection.Execute(sql::kInsertHistory,
                       {seq, clock_.NowMs(), who, "model.imported", Value(), details.Dump()});
    events_.Append(connection, "model.imported", "model:" + model.name.str(), who, details);
  });
}

}  // namespace millwright::registry
