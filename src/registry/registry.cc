// Registered models.
#include "registry/registry.h"

#include <algorithm>

#include "base/error.h"
#include "base/key.h"
#include "registry/change.h"
#include "registry/mount.h"
#include "registry/rows.h"
#include "registry/sql.h"
#include "storage/search.h"

namespace millwright::registry {
namespace {

using storage::Connection;
using storage::Row;

constexpr storage::SearchEntityName kEntities[] = {
    {"attribute", "attribute"}, {"tag", "tag"}, {"tags", "tag"}};
constexpr storage::SearchAttribute kAttributes[] = {
    {.entity = "attribute", .name = "name", .column = "m.name"},
    {.entity = "attribute",
     .name = "timestamp",
     .column = "m.updated_ms",
     .type = storage::SearchType::kNumber,
     .can_filter = false},
    {.entity = "attribute",
     .name = "last_updated_timestamp",
     .column = "m.updated_ms",
     .type = storage::SearchType::kNumber,
     .can_filter = false,
     .is_alias = true}};
constexpr storage::SearchKeyed kKeyed[] = {{.entity = "tag",
                                            .table = "model_tags",
                                            .owner = "@.model_seq = m.model_seq",
                                            .can_order = false,
                                            .mark = "mlflow.prompt.is_prompt"}};
constexpr storage::SearchColumn kTies[] = {{"m.name", storage::SearchType::kText, false}};
constexpr storage::SearchSchema kSchema = {
    .wording = storage::SearchWording::kRegistry,
    .from = "registered_models m",
    .entities_text = "Valid entity types are ('attribute', 'tag', 'tags')",
    .entities = kEntities,
    .attributes = kAttributes,
    .keyed = kKeyed,
    .ties = kTies,
    .order_noun = "order by key",
    .refuse_repeated_order = true};

Error NameTaken(const ModelName& name) {
  return Error(Code::kAlreadyExists,
               fmt::format("Registered Model (name={}) already exists.", name.str()));
}

RegisteredModel ReadWhole(Connection& connection, const ModelName& name) {
  std::vector<ModelRow> rows = {FindModel(connection, name)};
  AddModelData(connection, &rows);
  return std::move(rows.front().model);
}

}  // namespace

Json ToldAtFirst(const std::optional<std::string>& description, const std::vector<Tag>& tags) {
  Json values = Json::MakeObject();
  for (const Tag& tag : tags) values.Set(tag.key, tag.value);
  return Json::Of({{"description", description ? Json(*description) : Json()}, {"tags", values}});
}

Registry::Registry(storage::Database& database, events::EventLog& events, const Clock& clock,
                   std::vector<const GateCheck*> gates, std::function<void()> before_judging,
                   ReadSchema read_schema, RequireFiles require_files)
    : database_(database),
      events_(events),
      clock_(clock),
      gates_(std::move(gates)),
      before_judging_(before_judging ? std::move(before_judging) : [] {}),
      read_schema_(std::move(read_schema)),
      require_files_(std::move(require_files)) {}

Moment Registry::Record(Connection& connection, const Change& change) {
  RequireLength("A reason", change.by.reason, kReasonCharactersMax);
  // Here, for whatever changes a model comes by; the transaction is undone.
  RequireNotMounted(connection, change.model_seq, change.name);
  // A model's history never runs backwards, whatever the clocks of the servers say.
  Moment moment{.model_seq = change.model_seq, .time_ms = clock_.NowMs()};
  if (const auto last = connection.SelectOne(sql::kLastChange, {change.model_seq})) {
    moment.time_ms = std::max(moment.time_ms, last->Int(0));
  }
  moment.history_seq =
      connection
          .SelectOne(sql::kInsertHistory,
                     {change.model_seq, moment.time_ms, change.by.who, std::string(change.kind),
                      storage::Optional(change.version), change.details.Dump(), change.by.reason})
          ->Int(0);
  if (change.ends == Change::Ends::kModel) EndModelFacts(connection, moment);
  if (change.ends == Change::Ends::kVersion) {
    EndVersionFacts(connection, moment, *change.version);
  }
  for (const Fact& fact : change.facts) KeepFact(connection, moment, fact);
  AppendEvent(connection, change);
  return moment;
}

void Registry::AppendEvent(Connection& connection, const Change& change) {
  std::string subject = "model:" + change.name.str();
  if (change.version) subject += "@" + std::to_string(*change.version);
  Json payload = change.details;
  payload.Set("name", change.name.str());
  if (change.version) payload.Set("version", *change.version);
  if (!change.by.reason.empty()) payload.Set("why", change.by.reason);
  for (const auto& [key, value] : change.more.AsObject()) payload.Set(key, value);
  if (connection.SelectOne(sql::kIsPrompt, {change.model_seq})) payload.Set("prompt", true);
  events_.Append(connection, change.kind, std::move(subject), change.by.who, std::move(payload));
}

RegisteredModel Registry::CreateModel(const NewModel& model, const Author& by) {
  RequireModelName(model.name);
  for (const auto& tag : model.tags) RequireTag(tag);
  return database_.Write([&](Connection& connection) {
    if (connection.SelectOne(sql::kModelByName, {model.name.str()})) throw NameTaken(model.name);
    const int64_t seq =
        connection
            .SelectOne(sql::kInsertModel,
                       {model.name.str(), storage::Optional(model.description), clock_.NowMs()})
            ->Int(0);
    std::vector<Fact> facts = {{FactKind::kName, model.name.str()}};
    if (model.description) facts.push_back({FactKind::kDescription, model.description});
    for (const auto& tag : model.tags) {
      connection.Execute(sql::kSetModelTag, {seq, tag.key, tag.value});
      facts.push_back({FactKind::kTag, tag.value, 0, tag.key});
    }
    Record(connection, {.model_seq = seq,
                        .name = model.name,
                        .kind = "model.created",
                        .by = by,
                        .more = ToldAtFirst(model.description, model.tags),
                        .facts = std::move(facts)});
    return ReadWhole(connection, model.name);
  });
}

RegisteredModel Registry::GetModel(const ModelName& name) const {
  return database_.Read([&](Connection& connection) { return ReadWhole(connection, name); });
}

RegisteredModel Registry::DescribeModel(const ModelName& name,
                                        const std::optional<std::string>& description,
                                        const Author& by) {
  return database_.Write([&](Connection& connection) {
    const ModelRow row = FindModel(connection, name);
    connection.Execute(sql::kDescribeModel,
                       {row.seq, storage::Optional(description), clock_.NowMs()});
    Record(connection, {.model_seq = row.seq,
                        .name = name,
                        .kind = "model.updated",
                        .by = by,
                        .details = Json::Of({{"description", description.value_or("")}}),
                        .facts = {{FactKind::kDescription, description}}});
    return ReadWhole(connection, name);
  });
}

RegisteredModel Registry::RenameModel(const ModelName& name, const ModelName& new_name,
                                      const Author& by) {
  RequireModelName(new_name);
  return database_.Write([&](Connection& connection) {
    const ModelRow row = FindModel(connection, name);
    if (new_name != name && connection.SelectOne(sql::kModelByName, {new_name.str()})) {
      throw NameTaken(new_name);
    }
    connection.Execute(sql::kRenameModel, {row.seq, new_name.str(), clock_.NowMs()});
    Record(connection,
           {.model_seq = row.seq,
            .name = new_name,
            .kind = "model.renamed",
            .by = by,
            .details = Json::Of({{"old_name", name.str()}, {"new_name", new_name.str()}}),
            .facts = {{FactKind::kName, new_name.str()}}});
    return ReadWhole(connection, new_name);
  });
}

void Registry::DeleteModel(const ModelName& name, const Author& by) {
  database_.Write([&](Connection& connection) {
    const ModelRow row = FindModel(connection, name);
    connection.Execute(sql::kDeleteModel, {row.seq, clock_.NowMs()});
    connection.Execute(sql::kDeleteModelAliases, {row.seq});
    Record(connection, {.model_seq = row.seq,
                        .name = name,
                        .kind = "model.deleted",
                        .by = by,
                        .ends = Change::Ends::kModel});
  });
}

storage::SearchPage<RegisteredModel> Registry::SearchModels(const Search& search) const {
  const storage::Search compiled(kSchema, database_.dialect(), {},
                                 {.filter = search.filter,
                                  .order_by = search.order_by,
                                  .limit = search.limit,
                                  .page_token = search.page_token});
  return database_.Read([&](Connection& connection) {
    std::vector<ModelRow> rows;
    storage::SearchPage<RegisteredModel> page;
    page.next_token = compiled.Page(connection, sql::kSearchModels,
                                    [&](const Row& row) { rows.push_back(ReadModel(row)); });
    AddModelData(connection, &rows);
    for (auto& row : rows) page.items.push_back(std::move(row.model));
    return page;
  });
}

void Registry::SetModelTag(const ModelName& name, const Tag& tag, const Author& by) {
  RequireTag(tag);
  database_.Write([&](Connection& connection) {
    const ModelRow row = FindModel(connection, name);
    connection.Execute(sql::kSetModelTag, {row.seq, tag.key, tag.value});
    Record(connection, {.model_seq = row.seq,
                        .name = name,
                        .kind = "model.updated",
                        .by = by,
                        .details = Json::Of({{"tag", tag.key}, {"value", tag.value}}),
                        .facts = {{FactKind::kTag, tag.value, 0, tag.key}}});
  });
}

void Registry::DeleteModelTag(const ModelName& name, const std::string& key, const Author& by) {
  RequireTagKey(key);
  database_.Write([&](Connection& connection) {
    const ModelRow row = FindModel(connection, name);
    if (connection.Execute(sql::kDeleteModelTag, {row.seq, key}) == 0) return;
    Record(connection, {.model_seq = row.seq,
                        .name = name,
                        .kind = "model.updated",
                        .by = by,
                        .details = Json::Of({{"tag", key}, {"deleted", true}}),
                        .facts = {{FactKind::kTag, std::nullopt, 0, key}}});
  });
}

std::vector<ModelVersion> Registry::LatestVersions(const ModelName& name,
                                                   const std::vector<Stage>& stages) const {
  const RegisteredModel model = GetModel(name);
  if (stages.empty()) return model.latest_versions;
  std::vector<ModelVersion> chosen;
  for (const Stage stage : stages) {
    for (const auto& version : model.latest_versions) {
      if (version.stage == stage) chosen.push_back(version);
    }
  }
  return chosen;
}

}  // namespace millwright::registry
