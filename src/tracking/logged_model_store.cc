#include "tracking/logged_model_store.h"

#include <deque>
#include <unordered_map>

#include "base/error.h"
#include "base/json.h"
#include "storage/search.h"
#include "tracking/experiment_store.h"
#include "tracking/limits.h"
#include "tracking/mount.h"
#include "tracking/run_key.h"
#include "tracking/run_rows.h"
#include "tracking/run_store.h"
#include "tracking/sql.h"

namespace millwright::tracking {
namespace {

using storage::Connection;
using storage::Row;
using storage::SearchType;

constexpr storage::SearchEntityName kEntities[] = {{"attribute", "attribute"},
                                                   {"attributes", "attribute"},
                                                   {"metric", "metric"},
                                                   {"metrics", "metric"},
                                                   {"param", "parameter"},
                                                   {"params", "parameter"},
                                                   {"tag", "tag"},
                                                   {"tags", "tag"}};
constexpr storage::SearchAttribute Text(std::string_view name, std::string_view column) {
  return {.entity = "attribute", .name = name, .column = column};
}
constexpr storage::SearchAttribute Number(std::string_view name, std::string_view column) {
  return {.entity = "attribute", .name = name, .column = column, .type = SearchType::kNumber};
}
constexpr storage::SearchAttribute kAttributes[] = {
    Text("name", "m.name"),
    Text("model_id", "m.model_id"),
    Text("model_type", "m.model_type"),
    Text("source_run_id", "m.source_run_id"),
    Text("experiment_id", "CAST(m.experiment_id AS TEXT)"),
    Text("status",
         "(CASE m.status WHEN 1 THEN 'PENDING' WHEN 2 THEN 'READY' ELSE 'UPLOAD_FAILED' END)"),
    Number("creation_time", "m.created_ms"),
    Number("creation_timestamp", "m.created_ms"),
    Number("creation_timestamp_ms", "m.created_ms"),
    Number("last_updated_timestamp", "m.updated_ms"),
    Number("last_updated_timestamp_ms", "m.updated_ms")};
// Of a metric that was measured several times the newest counts.
constexpr std::string_view kNewestMetrics =
    "(SELECT model_id, key, value, is_nan, ROW_NUMBER() OVER (PARTITION BY model_id, key "
    "ORDER BY timestamp_ms DESC, step DESC, run_id, dataset_name, dataset_digest) AS nth "
    "FROM logged_model_metrics)";
constexpr storage::SearchKeyed kKeyed[] = {{.entity = "metric",
                                            .type = SearchType::kNumber,
                                            .table = "logged_model_metrics",
                                            .owner = "@.model_id = m.model_id",
                                            .order_table = kNewestMetrics,
                                            .order_owner = "@.model_id = m.model_id AND @.nth = 1"},
                                           {.entity = "parameter",
                                            .table = "logged_model_params",
                                            .owner = "@.model_id = m.model_id",
                                            .can_order = false},
                                           {.entity = "tag",
                                            .table = "logged_model_tags",
                                            .owner = "@.model_id = m.model_id",
                                            .can_order = false}};
constexpr storage::SearchColumn kDefaultOrder[] = {{"m.created_ms", SearchType::kNumber, true}};
constexpr storage::SearchColumn kTies[] = {{"m.model_id", SearchType::kText, false}};
// The metrics on one dataset: its name and digest are the parameters numbered {0} and {1}, an empty
// digest is any. Of a metric that was measured several times the newest counts.
constexpr const char* kMetricsOnDataset =
    "(SELECT model_id, key, value, is_nan FROM (SELECT model_id, key, value, is_nan, ROW_NUMBER() "
    "OVER (PARTITION BY model_id, key ORDER BY timestamp_ms DESC, step DESC, run_id, "
    "dataset_digest) AS nth FROM logged_model_metrics WHERE dataset_name = ${0} AND (${1} = '' OR "
    "dataset_digest = ${1})) AS measured WHERE nth = 1)";
constexpr storage::SearchSchema kSchema = {
    .wording = storage::SearchWording::kLoggedModels,
    .from = "logged_models m",
    .entities_text = "Valid values are ['metric', 'parameter', 'tag', 'attribute']",
    .entities = kEntities,
    .attributes = kAttributes,
    .keyed = kKeyed,
    .default_order = kDefaultOrder,
    .ties = kTies};

// A search's schema and order_by. An order by a metric on one dataset is an entity of its own, over
// the rows of that dataset.
class OrderedSchema {
 public:
  // `parameters` are the query's own; the datasets are added to them.
  OrderedSchema(const std::vector<LoggedModelOrder>& order_by,
                std::vector<storage::Value>& parameters)
      : entities_(std::begin(kEntities), std::end(kEntities)),
        keyed_(std::begin(kKeyed), std::end(kKeyed)) {
    for (const auto& order : order_by) Add(order, parameters);
    schema_.entities = entities_;
    schema_.keyed = keyed_;
  }

  const storage::SearchSchema& schema() const { return schema_; }
  const std::vector<std::string>& order_by() const { return order_by_; }

 private:
  void Add(const LoggedModelOrder& order, std::vector<storage::Value>& parameters) {
    std::string field = order.field;
    const size_t dot = field.find('.');
    const bool metric = field.starts_with("metric.") || field.starts_with("metrics.");
    if (metric && !order.dataset.name.empty()) {
      parameters.emplace_back(order.dataset.name);
      parameters.emplace_back(order.dataset.digest);
      const std::string& entity =
          texts_.emplace_back(fmt::format("metric_on_dataset_{}", order_by_.size()));
      const std::string& table = texts_.emplace_back(
          fmt::format(kMetricsOnDataset, parameters.size() - 1, parameters.size()));
      entities_.push_back({entity, entity});
      keyed_.push_back({.entity = entity,
                        .type = SearchType::kNumber,
                        .table = table,
                        .owner = "@.model_id = m.model_id"});
      field.replace(0, dot, entity);
    }
    order_by_.push_back(field + (order.descending ? " DESC" : " ASC"));
  }

  storage::SearchSchema schema_ = kSchema;
  std::vector<storage::SearchEntityName> entities_;
  std::vector<storage::SearchKeyed> keyed_;
  std::vector<std::string> order_by_;
  std::deque<std::string> texts_;  // what the views above are of; never moves its items
};

Error NoModel(const LoggedModelId& id) {
  return Error(Code::kNotFound, fmt::format("Logged model with ID '{}' not found.", id.str()));
}

std::string Subject(const LoggedModelId& id) {
  return "logged_model:" + id.str();
}

void RequireName(const std::string& name) {
  RequireLength("name", name, kLoggedModelNameCharactersMax);
  if (name.find_first_of("/:.%\"'") == std::string::npos) return;
  std::string shown;
  for (const char c : name) {
    if (c == '\'') shown += '\\';
    shown += c;
  }
  throw InvalidArgument(
      "Invalid model name ('{}') provided. Model name must be a non-empty string and cannot "
      "contain the following characters: ('/', ':', '.', '%', '\"', \"'\")",
      shown);
}

LoggedModel ReadModel(const Row& row) {
  LoggedModel model;
  model.id = LoggedModelId(row.Text(0));
  model.experiment_id = ExperimentId(std::to_string(row.Int(1)));
  model.name = row.Text(2);
  model.artifact_uri = row.Text(3);
  model.status = static_cast<LoggedModelStatus>(row.Int(4));
  model.model_type = row.Text(5);
  model.source_run_id = row.Text(6);
  model.lifecycle = ParseLifecycle(row.Text(7));
  model.created_ms = row.Int(8);
  model.updated_ms = row.Int(9);
  return model;
}

LoggedModel FindModel(Connection& connection, const LoggedModelId& id) {
  const auto row = connection.SelectOne(sql::kLoggedModelById, {id.str()});
  if (!row) throw NoModel(id);
  LoggedModel model = ReadModel(*row);
  if (model.lifecycle != Lifecycle::kActive) throw NoModel(id);
  return model;
}

// Finds a model to change it.
LoggedModel FindModelToWrite(Connection& connection, const LoggedModelId& id) {
  LoggedModel model = FindModel(connection, id);
  RequireNotMounted(connection, model.experiment_id);
  return model;
}

void AddData(Connection& connection, std::vector<LoggedModel>* models) {
  if (models->empty()) return;
  std::unordered_map<std::string, LoggedModel*> by_id;
  Json ids = Json::MakeArray();
  for (auto& model : *models) {
    by_id[model.id.str()] = &model;
    ids.Append(model.id.str());
  }
  const std::string keys = ids.Dump();
  connection.ForEach(sql::kParamsOfLoggedModels, {keys}, [&](const Row& row) {
    by_id.at(row.Text(0))->params.push_back({row.Text(1), row.Text(2)});
    return true;
  });
  connection.ForEach(sql::kTagsOfLoggedModels, {keys}, [&](const Row& row) {
    by_id.at(row.Text(0))->tags.push_back({row.Text(1), row.Text(2)});
    return true;
  });
  connection.ForEach(sql::kMetricsOfLoggedModels, {keys}, [&](const Row& row) {
    ModelMetric item;
    item.run_id = RunId(row.Text(2));
    item.metric = {row.Text(1), StoredValue(row.Double(7), row.Int(8)),
                   row.Int(5),  row.Int(6),
                   row.Text(0), row.Text(3),
                   row.Text(4)};
    by_id.at(row.Text(0))->metrics.push_back(std::move(item));
    return true;
  });
}

// What is written to a model is a sign of life of the run that makes it.
void NoteLifeOf(Connection& connection, const std::string& run_id, int64_t now_ms) {
  if (const auto run = LookUpRun(connection, RunId(run_id))) NoteLife(connection, *run, now_ms);
}

LoggedModel ReadWhole(Connection& connection, const LoggedModelId& id) {
  std::vector<LoggedModel> models = {FindModel(connection, id)};
  AddData(connection, &models);
  return std::move(models.front());
}

}  // namespace

LoggedModelStore::LoggedModelStore(storage::Database& database, events::EventLog& events,
                                   const Clock& clock)
    : database_(database), events_(events), clock_(clock) {}

LoggedModel LoggedModelStore::Create(const NewLoggedModel& model, const std::string& who) {
  RequireName(model.name);
  ExperimentNumber(model.experiment_id);
  const LoggedModelId id("m-" + NewHexId());
  const std::string name = model.name.empty() ? MakeRunName() : model.name;
  return database_.Write([&](Connection& connection) {
    const Experiment experiment = FindExperiment(connection, model.experiment_id);
    RequireActive(experiment);
    RequireNotMounted(connection, experiment.id);
    const std::string uri = ArtifactUriBelow(experiment, "models/" + id.str() + "/artifacts");
    connection.Execute(sql::kInsertLoggedModel,
                       {id.str(), ExperimentNumber(model.experiment_id), name, uri,
                        static_cast<int64_t>(LoggedModelStatus::kPending), model.model_type,
                        model.source_run_id, clock_.NowMs()});
    for (const auto& param : model.params) {
      connection.Execute(sql::kInsertLoggedModelParam, {id.str(), param.key, param.value});
    }
    for (const auto& tag : model.tags) {
      connection.Execute(sql::kSetLoggedModelTag, {id.str(), tag.key, tag.value});
    }
    NoteLifeOf(connection, model.source_run_id, clock_.NowMs());
    events_.Append(connection, "logged_model.created", Subject(id), who,
                   Json::Of({{"experiment_id", model.experiment_id.str()},
                             {"name", name},
                             {"source_run_id", model.source_run_id}}));
    return ReadWhole(connection, id);
  });
}

LoggedModel LoggedModelStore::Get(const LoggedModelId& id) const {
  return database_.Read([&](Connection& connection) { return ReadWhole(connection, id); });
}

RunId LoggedModelStore::SourceRun(const LoggedModelId& id) const {
  return database_.Read([&](Connection& connection) {
    const auto row = connection.SelectOne(sql::kLoggedModelById, {id.str()});
    return row ? RunId(ReadModel(*row).source_run_id) : RunId();
  });
}

LoggedModel LoggedModelStore::Finish(const LoggedModelId& id, LoggedModelStatus status,
                                     const std::string& who) {
  return database_.Write([&](Connection& connection) {
    NoteLifeOf(connection, FindModelToWrite(connection, id).source_run_id, clock_.NowMs());
    connection.Execute(sql::kSetLoggedModelStatus,
                       {id.str(), static_cast<int64_t>(status), clock_.NowMs()});
    if (status != LoggedModelStatus::kPending) {
      events_.Append(connection, "logged_model.finished", Subject(id), who,
                     Json::Of({{"ready", status == LoggedModelStatus::kReady}}));
    }
    return ReadWhole(connection, id);
  });
}

void LoggedModelStore::Delete(const LoggedModelId& id, const std::string& who) {
  database_.Write([&](Connection& connection) {
    const auto row = connection.SelectOne(sql::kLoggedModelById, {id.str()});
    if (!row) throw NoModel(id);
    const LoggedModel model = ReadModel(*row);
    RequireNotMounted(connection, model.experiment_id);
    if (model.lifecycle != Lifecycle::kActive) return;
    connection.Execute(sql::kDeleteLoggedModel, {id.str(), clock_.NowMs()});
    events_.Append(connection, "logged_model.finished", Subject(id), who,
                   Json::Of({{"deleted", true}}));
  });
}

void LoggedModelStore::SetTags(const LoggedModelId& id, const std::vector<Tag>& tags) {
  database_.Write([&](Connection& connection) {
    NoteLifeOf(connection, FindModelToWrite(connection, id).source_run_id, clock_.NowMs());
    for (const auto& tag : tags) {
      connection.Execute(sql::kSetLoggedModelTag, {id.str(), tag.key, tag.value});
    }
  });
}

void LoggedModelStore::DeleteTag(const LoggedModelId& id, const std::string& key) {
  database_.Write([&](Connection& connection) {
    FindModelToWrite(connection, id);
    if (connection.Execute(sql::kDeleteLoggedModelTag, {id.str(), key}) == 0) {
      throw Error(Code::kNotFound,
                  fmt::format("No tag with key '{}' found for model with ID '{}'.", key, id.str()));
    }
  });
}

void LoggedModelStore::LogParams(const LoggedModelId& id, const std::vector<Param>& params) {
  database_.Write([&](Connection& connection) {
    NoteLifeOf(connection, FindModelToWrite(connection, id).source_run_id, clock_.NowMs());
    for (const auto& param : params) {
      if (connection.Execute(sql::kInsertLoggedModelParam, {id.str(), param.key, param.value}) ==
          0) {
        throw FailedPrecondition("Param '{}' of logged model '{}' was already logged.", param.key,
                                 id.str());
      }
    }
  });
}

storage::SearchPage<LoggedModel> LoggedModelStore::Search(const LoggedModelSearch& search) const {
  Json experiments = Json::MakeArray();
  for (const auto& id : search.experiment_ids) experiments.Append(ExperimentNumber(id));
  Json datasets = Json::MakeArray();
  for (const auto& dataset : search.datasets) {
    datasets.Append(Json::Of({{"name", dataset.name}, {"digest", dataset.digest}}));
  }
  storage::SearchScope scope = {.parameters = {experiments.Dump(), datasets.Dump()}};
  const OrderedSchema ordered(search.order_by, scope.parameters);
  std::string bound_to = experiments.Dump() + datasets.Dump();
  for (const auto& order : search.order_by) {
    bound_to += Json::Of({{"name", order.dataset.name}, {"digest", order.dataset.digest}}).Dump();
  }
  const storage::Search compiled(ordered.schema(), database_.dialect(), std::move(scope),
                                 {.filter = search.filter,
                                  .order_by = ordered.order_by(),
                                  .limit = search.limit,
                                  .page_token = search.page_token,
                                  .bound_to = std::move(bound_to)});
  return database_.Read([&](Connection& connection) {
    storage::SearchPage<LoggedModel> page;
    page.next_token = compiled.Page(connection, sql::kSearchLoggedModels,
                                    [&](const Row& row) { page.items.push_back(ReadModel(row)); });
    AddData(connection, &page.items);
    return page;
  });
}

}  // namespace millwright::tracking
