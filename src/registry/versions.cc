// Model versions: their life, tags, checks and contract.
#include <algorithm>

#include "base/check.h"
#include "base/error.h"
#include "base/key.h"
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

constexpr size_t kCheckNameCharactersMax = 250;
constexpr size_t kCheckSummaryCharactersMax = 4000;

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

ModelVersion Registry::CreateVersion(const NewVersion& version, const Author& by) {
  for (const auto& tag : version.tags) RequireTag(tag);
  const auto schema = version.schema ? std::optional(version.schema->Dump()) : std::nullopt;
  if (schema && schema->size() > kContractBytesMax) {
    throw InvalidArgument("A signature has at most {} bytes", kContractBytesMax);
  }
  return database_.Write([&](Connection& connection) {
    const ModelRow model = FindModel(connection, version.name);
    const int64_t number = connection.SelectOne(sql::kNextVersion, {model.seq})->Int(0);
    const int64_t now = clock_.NowMs();
    const std::string& uri = version.artifact_uri.empty() ? version.source : version.artifact_uri;
    if (require_files_) require_files_(connection, uri);
    const Value model_id = version.model_id.empty() ? Value() : Value(version.model_id);
    connection.Execute(sql::kInsertVersion,
                       {model.seq, number, storage::Optional(version.description), version.source,
                        uri, version.run_id, version.run_link, model_id, now});
    std::vector<Fact> facts = {{FactKind::kVersion, "", number},
                               {FactKind::kStage, std::string(StageName(Stage::kNone)), number}};
    if (version.description) {
      facts.push_back({FactKind::kDescription, version.description, number});
    }
    for (const auto& tag : version.tags) {
      connection.Execute(sql::kSetVersionTag, {model.seq, number, tag.key, tag.value});
      facts.push_back({FactKind::kTag, tag.value, number, tag.key});
    }
    if (schema) connection.Execute(sql::kSetSchema, {model.seq, number, *schema});
    for (const Check& check : version.checks) {
      connection.Execute(sql::kRecordCheck, {model.seq, number, check.name, int64_t{check.passed},
                                             check.summary, check.details.Dump(), now, by.who});
      facts.push_back({FactKind::kCheck, check.passed ? "passed" : "failed", number, check.name});
    }
    if (version.signature) {
      connection.Execute(sql::kSetSignature, {model.seq, number, version.signature->Dump(), now});
    }
    connection.Execute(sql::kTouchModel, {model.seq, now});
    Record(connection, {.model_seq = model.seq,
                        .name = version.name,
                        .kind = "model_version.created",
                        .by = by,
                        .version = number,
                        .details = Json::Of({{"name", version.name.str()},
                                             {"version", number},
                                             {"source", version.source},
                                             {"run_id", version.run_id}}),
                        .more = ToldAtFirst(version.description, version.tags),
                        .facts = std::move(facts)});
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
                                       const Author& by) {
  return database_.Write([&](Connection& connection) {
    const VersionRow row = FindVersion(connection, name, version);
    connection.Execute(sql::kDescribeVersion,
                       {row.model_seq, version, storage::Optional(description), clock_.NowMs()});
    Record(connection, {.model_seq = row.model_seq,
                        .name = name,
                        .kind = "model_version.updated",
                        .by = by,
                        .version = version,
                        .details = Json::Of({{"description", description.value_or("")}}),
                        .facts = {{FactKind::kDescription, description, version}}});
    return ReadWhole(connection, name, version);
  });
}

void Registry::DeleteVersion(const ModelName& name, int64_t version, const Author& by) {
  database_.Write([&](Connection& connection) {
    const VersionRow row = FindVersion(connection, name, version);
    const int64_t now = clock_.NowMs();
    connection.Execute(sql::kDeleteVersion, {row.model_seq, version, now});
    connection.Execute(sql::kTouchModel, {row.model_seq, now});
    Record(connection, {.model_seq = row.model_seq,
                        .name = name,
                        .kind = "model_version.deleted",
                        .by = by,
                        .version = version,
                        .ends = Change::Ends::kVersion});
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
                             const Author& by) {
  RequireTag(tag);
  database_.Write([&](Connection& connection) {
    const VersionRow row = FindVersion(connection, name, version);
    connection.Execute(sql::kSetVersionTag, {row.model_seq, version, tag.key, tag.value});
    Record(connection, {.model_seq = row.model_seq,
                        .name = name,
                        .kind = "model_version.updated",
                        .by = by,
                        .version = version,
                        .details = Json::Of({{"tag", tag.key}, {"value", tag.value}}),
                        .facts = {{FactKind::kTag, tag.value, version, tag.key}}});
  });
}

void Registry::DeleteVersionTag(const ModelName& name, int64_t version, const std::string& key,
                                const Author& by) {
  RequireTagKey(key);
  database_.Write([&](Connection& connection) {
    const VersionRow row = FindVersion(connection, name, version);
    if (connection.Execute(sql::kDeleteVersionTag, {row.model_seq, version, key}) == 0) return;
    Record(connection, {.model_seq = row.model_seq,
                        .name = name,
                        .kind = "model_version.updated",
                        .by = by,
                        .version = version,
                        .details = Json::Of({{"tag", key}, {"deleted", true}}),
                        .facts = {{FactKind::kTag, std::nullopt, version, key}}});
  });
}

void Registry::RecordCheck(const ModelName& name, int64_t version, const Check& check,
                           const Author& by) {
  if (check.name.empty()) throw InvalidArgument("A check needs a name").WithField("name");
  if (check.name == kScanCheck) {
    throw InvalidArgument("The check {} is made by the server alone", kScanCheck).WithField("name");
  }
  StoreCheck(name, version, check, by);
}

void Registry::RecordScan(const ModelName& name, int64_t version, const Check& scan,
                          const Author& by) {
  CHECK(scan.name == kScanCheck);
  StoreCheck(name, version, scan, by);
}

void Registry::StoreCheck(const ModelName& name, int64_t version, const Check& check,
                          const Author& by) {
  RequireLength("A check's name", check.name, kCheckNameCharactersMax);
  RequireLength("A check's summary", check.summary, kCheckSummaryCharactersMax);
  const std::string details = check.details.Dump();
  if (details.size() > kContractBytesMax) {
    throw InvalidArgument("A check's details have at most {} bytes", kContractBytesMax);
  }
  database_.Write([&](Connection& connection) {
    const VersionRow row = FindVersion(connection, name, version);
    connection.Execute(sql::kRecordCheck,
                       {row.model_seq, version, check.name, int64_t{check.passed}, check.summary,
                        details, clock_.NowMs(), by.who});
    Record(
        connection,
        {.model_seq = row.model_seq,
         .name = name,
         .kind = "model_version.checked",
         .by = by,
         .version = version,
         .details = Json::Of({{"check", check.name},
                              {"passed", check.passed},
                              {"summary", check.summary},
                              {"quarantined", IsQuarantine(check)}}),
         .facts = {{FactKind::kCheck, check.passed ? "passed" : "failed", version, check.name}}});
  });
}

std::vector<Check> Registry::Checks(const ModelName& name, int64_t version) const {
  return database_.Read([&](Connection& connection) {
    return ReadChecks(connection, FindVersion(connection, name, version).model_seq, version);
  });
}

void Registry::SetContract(const ModelName& name, int64_t version, Contract part, const Json& json,
                           const Author& by) {
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
            .by = by,
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

void Registry::LearnSchema(const ModelName& name, int64_t version) {
  if (!read_schema_) return;
  const auto unlearned = database_.Read([&](Connection& connection) {
    return connection.SelectOne(sql::kUnlearnedSchema, {name.str(), version});
  });
  if (!unlearned) return;
  const auto schema = read_schema_(unlearned->Text(1));
  if (!schema) return;
  const std::string text = schema->Dump();
  if (text.size() > kContractBytesMax) return;
  database_.Write([&](Connection& connection) {
    connection.Execute(sql::kLearnSchema, {unlearned->Int(0), version, text});
  });
}

std::optional<Json> Registry::GetSchema(const ModelName& name, int64_t version) const {
  const auto text = database_.Read([&](Connection& connection) {
    const VersionRow row = FindVersion(connection, name, version);
    return connection.SelectOne(sql::kVersionSchema, {row.model_seq, version})->OptionalText(0);
  });
  if (!text) return std::nullopt;
  return ParseJson(*text);
}

void Registry::SetSignature(const ModelName& name, int64_t version, const Json& signature,
                            const Author& by) {
  SetContract(name, version, Contract::kSignature, signature, by);
}

std::optional<Json> Registry::GetSignature(const ModelName& name, int64_t version) const {
  return GetContract(name, version, Contract::kSignature);
}

void Registry::SetReferenceProfile(const ModelName& name, int64_t version, const Json& profile,
                                   const Author& by) {
  SetContract(name, version, Contract::kReferenceProfile, profile, by);
}

std::optional<Json> Registry::GetReferenceProfile(const ModelName& name, int64_t version) const {
  return GetContract(name, version, Contract::kReferenceProfile);
}

}  // namespace millwright::registry
