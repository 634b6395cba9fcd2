#include "registry/mount.h"

#include <filesystem>

#include "base/error.h"
#include "base/json.h"
#include "registry/change.h"
#include "registry/rows.h"
#include "registry/sql.h"
#include "registry/taken_facts.h"

namespace millwright::registry {
namespace {

using storage::Connection;
using storage::Query;
using storage::Value;

constexpr const char* kWho = "system";
// Models of one name that folders of one name may show.
constexpr int kSameNamesMax = 100;

constexpr const Query* kRemovals[] = {
    &sql::kRemoveModelTags,     &sql::kRemoveModelVersionTags, &sql::kRemoveModelVersionChecks,
    &sql::kDeleteModelAliases,  &sql::kRemoveModelHistory,     &sql::kRemoveModelFacts,
    &sql::kRemoveModelGates,    &sql::kRemoveModelApprovals,   &sql::kRemoveModelVersions,
    &sql::kRemoveMountedModels, &sql::kRemoveRegisteredModels};

struct Known {
  int64_t seq = 0;
  ModelName here;
};
std::optional<Known> Find(Connection& connection, const std::string& folder,
                          const std::string& name) {
  for (const auto& row : connection.Select(sql::kMountedModels, {folder})) {
    if (row.Text(0) == name) return Known{row.Int(3), ModelName(row.Text(1))};
  }
  return std::nullopt;
}

ModelName FreeName(Connection& connection, const ModelName& name, const std::string& folder) {
  const std::string last = std::filesystem::path(folder).filename().string();
  for (int number = 0; number < kSameNamesMax; ++number) {
    const ModelName candidate(number == 0   ? name.str()
                              : number == 1 ? fmt::format("{} ({})", name.str(), last)
                                            : fmt::format("{} ({} {})", name.str(), last, number));
    if (!connection.SelectOne(sql::kModelByName, {candidate.str()})) return candidate;
  }
  throw Error(Code::kAlreadyExists,
              fmt::format("{} models are called {} here already", kSameNamesMax, name.str()));
}

Known Make(Connection& connection, const RegisteredModel& model, const std::string& folder) {
  const ModelName here = FreeName(connection, model.name, folder);
  RequireModelName(here);
  const int64_t seq =
      connection
          .SelectOne(sql::kImportModel, {here.str(), storage::Optional(model.description),
                                         model.created_ms, model.updated_ms})
          ->Int(0);
  return {seq, here};
}

void WriteVersions(Connection& connection, int64_t seq, const std::vector<ModelVersion>& versions,
                   int64_t now_ms) {
  Json numbers = Json::MakeArray();
  connection.Execute(sql::kRemoveModelVersionTags, {seq});
  for (const auto& version : versions) {
    numbers.Append(version.version);
    connection.Execute(
        sql::kShowVersion,
        {seq, version.version, storage::Optional(version.description), version.source,
         version.artifact_uri, version.run_id, version.run_link,
         version.model_id.empty() ? Value() : Value(version.model_id),
         std::string(StageName(version.stage)), version.created_ms, version.updated_ms});
    for (const auto& tag : version.tags) {
      connection.Execute(sql::kSetVersionTag, {seq, version.version, tag.key, tag.value});
    }
  }
  connection.Execute(sql::kDeleteOtherVersions, {seq, numbers.Dump(), now_ms});
}

}  // namespace

void RequireNotMounted(Connection& connection, int64_t model_seq, const ModelName& name) {
  const auto row = connection.SelectOne(sql::kMountedFolderOfModel, {model_seq});
  if (!row) return;
  throw PermissionDenied(
      "The registered model {} is read-only: it is shown of {}, which another tool writes. To own "
      "it, import the folder with `millwright import mlflow` while it is not mounted",
      name.str(), row->Text(0));
}

std::vector<std::string> MountedModelFolders(storage::Database& database) {
  return database.Read([&](Connection& connection) {
    std::vector<std::string> folders;
    for (const auto& row : connection.Select(sql::kMountedModelFolders)) {
      folders.push_back(row.Text(0));
    }
    return folders;
  });
}

Mount::Mount(storage::Database& database, events::EventLog& events, const Clock& clock,
             std::string folder)
    : database_(database), events_(events), clock_(clock), folder_(std::move(folder)) {}

std::map<std::string, std::string> Mount::Fingerprints() const {
  return database_.Read([&](Connection& connection) {
    std::map<std::string, std::string> fingerprints;
    for (const auto& row : connection.Select(sql::kMountedModels, {folder_})) {
      fingerprints[row.Text(0)] = row.Text(2);
    }
    return fingerprints;
  });
}

ModelName Mount::Show(const ShownModel& shown) {
  return database_.Write([&](Connection& connection) {
    const std::string& there = shown.model.name.str();
    const auto known = Find(connection, folder_, there);
    const Known row = known ? *known : Make(connection, shown.model, folder_);
    RegisteredModel model = shown.model;
    model.name = row.here;
    model.tags.push_back({kMountTag, folder_});
    connection.Execute(sql::kShowModel, {row.seq, storage::Optional(model.description),
                                         model.created_ms, model.updated_ms});
    connection.Execute(sql::kSetMountedModel, {folder_, there, row.seq, shown.fingerprint});
    connection.Execute(sql::kRemoveModelTags, {row.seq});
    for (const auto& tag : model.tags) {
      connection.Execute(sql::kSetModelTag, {row.seq, tag.key, tag.value});
    }
    const int64_t now = clock_.NowMs();
    WriteVersions(connection, row.seq, shown.versions, now);
    connection.Execute(sql::kDeleteModelAliases, {row.seq});
    const Json details = Json::Of({{"versions", shown.versions.size()}, {"folder", folder_}});
    const char* kind = known ? "model.updated" : "model.mounted";
    Moment moment{.model_seq = row.seq, .time_ms = now};
    moment.history_seq = connection
                             .SelectOne(sql::kInsertHistory, {row.seq, now, kWho, std::string(kind),
                                                              Value(), details.Dump(), ""})
                             ->Int(0);
    EndModelFacts(connection, moment);
    KeepTakenFacts(connection, moment, model, shown.versions);
    for (const auto& alias : model.aliases) {
      connection.Execute(sql::kSetAlias, {row.seq, alias.alias, alias.version});
      KeepFact(connection, moment,
               {FactKind::kAlias, std::to_string(alias.version), 0, alias.alias});
    }
    events_.Append(connection, kind, "model:" + row.here.str(), kWho, details);
    return row.here;
  });
}

void Mount::Remove(const std::string& name) {
  database_.Write([&](Connection& connection) {
    const auto known = Find(connection, folder_, name);
    if (!known) return;
    for (const Query* removal : kRemovals) connection.Execute(*removal, {known->seq});
    events_.Append(connection, "model.unmounted", "model:" + known->here.str(), kWho,
                   Json::Of({{"folder", folder_}}));
  });
}

}  // namespace millwright::registry
