// Model versions: their life, tags, checks and contract.
#include <algorithm>

#include "base/error.h"
#include "registry/change.h"
#include "registry/quarantine.h"
#include "registry/registry.h"
#include "registry/rows.h"
#include "registry/sql.h"
#include "storage/search.h"

namespace millwright::registry {
namespace {

using storage::Connection;
using storage::Row;
using storage::Value;

constexpr storage::SearchEntityName kEntities[] = {
    {"attribute", "attribute"}, {"tag", "tag"}, {"tags", "tag"}};
constexpr storage::SearchAttribute kAttributes[] = {
    {.entity = "attribute", .name = "name", .column = "m.name"},
    {.entity = "attribute", .name = "run_id", .column = "v.run_id", .can_order = false},
    {.entity = "attribute", .name = "source_path", .column = "v.source", .can_order = false},
    {.entity = "attribute",
     .name = "version_number",
     .column = "v.version",
     .type = storage::SearchType::kNumber},
    {.entity = "attribute",
     .name = "creation_timestamp",
     .column = "v.created_ms",
     .type = storage::SearchType::kNumber,
     .can_filter = false},
    {.entity = "attribute",
     .name = "last_updated_timestamp",
     .column = "v.updated_ms",
     .type = storage::SearchType::kNumber,
     .can_filter = false}};
constexpr storage::SearchKeyed kKeyed[] = {
    {.entity = "tag",
     .table = "model_version_tags",
     .owner = "@.model_seq = v.model_seq AND @.version = v.version",
     .can_order = false,
     .mark = "mlflow.prompt.is_prompt"}};
constexpr storage::SearchColumn kDefaultOrder[] = {
    {"v.updated_ms", storage::SearchType::kNumber, true}};
constexpr storage::SearchColumn kTies[] = {{"m.name", storage::SearchType::kText, false},
                                           {"v.version", storage::SearchType::kNumber, true}};
constexpr storage::SearchSchema kSchema = {
    .wording = storage::SearchWording::kRegistry,
    .from = "model_versions v JOIN registered_models m ON m.model_seq = v.model_seq",
    .entities_text = "Valid entity types are ('attribute', 'tag', 'tags')",
    .entities = kEntities,
    .attributes = kAttributes,
    .keyed = kKeyed,
    .default_order = kDefaultOrder,
    .ties = kTies};

ModelVersion ReadWhole(Connection& connection, const ModelName& name, int64_t version) {
  std::vector<VersionRow> rows = {FindVersion(connection, name, version)};
  AddVersionData(connection, &rows);
  return std::move(rows.front().version);
}

}  // namespace

ModelVersion Registry::CreateVersion(const NewVersion& version, const std::string& who) {
  for (const auto& tag : version.tags) RequireTag(tag);
  return database_.Write([&](Connection& connection) {
    const ModelRow model = FindModel(connection, version.name);
    const int64_t number = connection.SelectOne(sql::kNextVersion, {model.seq})->Int(0);
    const int64_t now = clock_.NowMs();
    const std::string& uri = version.artifact_uri.empty() ? version.source : version.artifact_uri;
    const Value model_id = version.model_id.empty() ? Value() : Value(version.model_id);
    connection.Execute(sql::kInsertVersion,
                       {model.seq, number, storage::Optional(version.description), version.source,
                        uri, version.run_id, version.run_link, model_id, now});
    for (const auto& tag : version.tags) {
      connection.Execute(sql::kSetVersionTag, {model.seq, number, tag.key, tag.value});
    }
    for (const Check& check : version.checks) {
      connection.Execute(sql::kRecordCheck, {model.seq, number, check.name, int64_t{check.passed},
                                             check.summary, check.details.Dump(), now, who});
    }
    if (version.signature) {
      connection.Execute(sql::kSetSignature, {model.seq, number, version.signature->Dump(), now});
    }
    connection.Execute(sql::kTouchModel, {model.seq, now});
    Record(connection, {.model_seq = model.seq,
                        .name = version.name,
                        .kind = "model_version.created",
                        .who = who,
                        .version = number,
                        .details = Json::Of({{"name", version.name.str()},
                                             {"version", number},
                                             {"source", version.source},
                                             {"run_id", version.run_id}}),
                        .more = ToldAtFirst(version.description, version.tags)});
    return ReadWhole(connection, version.name, number);
  });
}

void Registry::RequireServable(const ModelName& name, int64_t version) const {
  database_.Read([&](Connection& connection) {
    RequireFree(connection, FindVersion(connection, name, version).model_seq, name, version);
  });
}

ModelVersion Registry::GetVersion(const ModelName& name, int64_t version) const {
  return database_.Read(
      [&](Connection& connection) { return ReadWhole(connection, name, version); });
}

ModelVersion Registry::DescribeVersion(const ModelName& name, int64_t version,
                                       const std::optional<std::string>& description,
                                       const std::string& who) {
  return database_.Write([&](Connection& connection) {
    const VersionRow row = FindVersion(connection, name, version);
    connection.Execute(sql::kDescribeVersion,
                       {row.model_seq, version, storage::Optional(description), clock_.NowMs()});
    Record(connection, {.model_seq = row.model_seq,
                        .name = name,
                        .kind = "model_version.updated",
                        .who = who,
                        .version = version});
    return ReadWhole(connection, name, version);
  });
}

void Registry::DeleteVersion(const ModelName& name, int64_t version, const std::string& who) {
  database_.Write([&](Connection& connection) {
    const VersionRow row = FindVersion(connection, name, version);
    const int64_t now = clock_.NowMs();
    connection.Execute(sql::kDeleteVersion, {row.model_seq, version, now});
    connection.Execute(sql::kTouchModel, {row.model_seq, now});
    Record(connection, {.model_seq = row.model_seq,
                        .name = name,
                        .kind = "model_version.deleted",
                        .who = who,
                        .version = version});
  });
}

ModelVersion Registry::MoveStage(const ModelName& name, int64_t version, Stage stage,
                                 Existing others, const std::string& who) {
  if (others == Existing::kArchive && stage != Stage::kStaging && stage != Stage::kProduction) {
    throw InvalidArgument(
        "Model version transition cannot archive existing model versions because '{}' is not an "
        "Active stage. Valid stages are ['Staging', 'Production']",
        StageName(stage));
  }
  return database_.Write([&](Connection& connection) {
    const VersionRow row = FindVersion(connection, name, version);
    const int64_t now = clock_.NowMs();
    const std::string stage_name(StageName(stage));
    if (stage == Stage::kStaging || stage == Stage::kProduction) {
      RequireFree(connection, row.model_seq, name, version);
    }
    if (others == Existing::kArchive) {
      connection.Execute(sql::kArchiveOthers, {row.model_seq, version, stage_name, now});
    }
    connection.Execute(sql::kMoveStage, {row.model_seq, version, stage_name, now});
    connection.Execute(sql::kTouchModel, {row.model_seq, now});
    Record(connection,
           {.model_seq = row.model_seq,
            .name = name,
            .kind = "stage.moved",
            .who = who,
            .version = version,
            .details = Json::Of({{"from", StageName(row.version.stage)}, {"to", stage_name}})});
    return ReadWhole(connection, name, version);
  });
}

storage::SearchPage<ModelVersion> Registry::SearchVersions(const Search& search) const {
  const storage::Search compiled(kSchema, database_.dialect(), {},
                                 {.filter = search.filter,
                                  .order_by = search.order_by,
                                  .limit = search.limit,
                                  .page_token = search.page_token});
  return database_.Read([&](Connection& connection) {
    std::vector<VersionRow> rows;
    storage::SearchPage<ModelVersion> page;
    page.next_token = compiled.Page(connection, sql::kSearchVersions,
                                    [&](const Row& row) { rows.push_back(ReadVersion(row)); });
    AddVersionData(connection, &rows);
    for (auto& row : rows) page.items.push_back(std::move(row.version));
    return page;
  });
}

void Registry::SetVersionTag(const ModelName& name, int64_t version, const Tag& tag,
                             const std::string& who) {
  RequireTag(tag);
  database_.Write([&](Connection& connection) {
    const VersionRow row = FindVersion(connection, name, version);
    connection.Execute(sql::kSetVersionTag, {row.model_seq, version, tag.key, tag.value});
    Record(connection, {.model_seq = row.model_seq,
                        .name = name,
                        .kind = "model_version.updated",
                        .who = who,
                        .version = version,
                        .details = Json::Of({{"tag", tag.key}, {"value", tag.value}})});
  });
}

void Registry::DeleteVersionTag(const ModelName& name, int64_t version, const std::string& key,
                                const std::string& who) {
  RequireTagKey(key);
  database_.Write([&](Connection& connection) {
    const VersionRow row = FindVersion(connection, name, version);
    if (connection.Execute(sql::kDeleteVersionTag, {row.model_seq, version, key}) == 0) return;
    Record(connection, {.model_seq = row.model_seq,
                        .name = name,
                        .kind = "model_version.updated",
                        .who = who,
                        .version = version,
                        .details = Json::Of({{"tag", key}, {"deleted", true}})});
  });
}

void Registry::RecordCheck(const ModelName& name, int64_t version, const Check& check,
                           const std::string& who) {
  if (check.name.empty()) throw InvalidArgument("A check needs a name").WithField("name");
  if (check.name == kScanCheck) {
    throw InvalidArgument("The check {} is made by the server alone", kScanCheck).WithField("name");
  }
  database_.Write([&](Connection& connection) {
    const VersionRow row = FindVersion(connection, name, version);
    connection.Execute(sql::kRecordCheck,
                       {row.model_seq, version, check.name, int64_t{check.passed}, check.summary,
                        check.details.Dump(), clock_.NowMs(), who});
    Record(connection,
           {.model_seq = row.model_seq,
            .name = name,
            .kind = "model_version.checked",
            .who = who,
            .version = version,
            .details = Json::Of(
                {{"check", check.name}, {"passed", check.passed}, {"summary", check.summary}})});
  });
}

std::vector<Check> Registry::Checks(const ModelName& name, int64_t version) const {
  return database_.Read([&](Connection& connection) {
    return ReadChecks(connection, FindVersion(connection, name, version).model_seq, version);
  });
}

void Registry::SetContract(const ModelName& name, int64_t version, Contract part, const Json& json,
                           const std::string& who) {
  const std::string text = json.Dump();
  const bool signature = part == Contract::kSignature;
  if (text.size() > kContractBytesMax) {
    throw InvalidArgument("A {} has at most {} bytes", signature ? "signature" : "profile",
                          kContractBytesMax);
  }
  database_.Write([&](Connection& connection) {
    const VersionRow row = FindVersion(connection, name, version);
    connection.Execute(signature ? sql::kSetSignature : sql::kSetReferenceProfile,
                       {row.model_seq, version, text, clock_.NowMs()});
    Record(connection,
           {.model_seq = row.model_seq,
            .name = name,
            .kind = "model_version.updated",
            .who = who,
            .version = version,
            .details = Json::Of({{"contract", signature ? "signature" : "reference_profile"}})});
  });
}

std::optional<Json> Registry::GetContract(const ModelName& name, int64_t version,
                                          Contract part) const {
  const auto text = database_.Read([&](Connection& connection) {
    const VersionRow row = FindVersion(connection, name, version);
    const auto found = connection.SelectOne(sql::kVersionContract, {row.model_seq, version});
    return found->OptionalText(part == Contract::kSignature ? 0 : 1);
  });
  if (!text) return std::nullopt;
  return ParseJson(*text);
}

void Registry::SetSignature(const ModelName& name, int64_t version, const Json& signature,
                            const std::string& who) {
  SetContract(name, version, Contract::kSignature, signature, who);
}

std::optional<Json> Registry::GetSignature(const ModelName& name, int64_t version) const {
  return GetContract(name, version, Contract::kSignature);
}

void Registry::SetReferenceProfile(const ModelName& name, int64_t version, const Json& profile,
                                   const std::string& who) {
  SetContract(name, version, Contract::kReferenceProfile, profile, who);
}

std::optional<Json> Registry::GetReferenceProfile(const ModelName& name, int64_t version) const {
  return GetContract(name, version, Contract::kReferenceProfile);
}

}  // namespace millwright::registry
