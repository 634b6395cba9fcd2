#include "tracking/experiment_store.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "storage/search.h"
#include "tracking/limits.h"
#include "tracking/mount.h"
#include "tracking/sql.h"

namespace millwright::tracking {
namespace {

using storage::Connection;
using storage::Row;
using storage::Value;

constexpr storage::SearchEntityName kEntities[] = {
    {"attribute", "attribute"}, {"tag", "tag"}, {"tags", "tag"}};
constexpr storage::SearchAttribute kAttributes[] = {
    {.entity = "attribute", .name = "name", .column = "e.name"},
    {.entity = "attribute",
     .name = "creation_time",
     .column = "e.created_ms",
     .type = storage::SearchType::kNumber},
    {.entity = "attribute",
     .name = "last_update_time",
     .column = "e.updated_ms",
     .type = storage::SearchType::kNumber},
    {.entity = "attribute",
     .name = "experiment_id",
     .column = "e.experiment_id",
     .type = storage::SearchType::kNumber,
     .can_filter = false},
};
constexpr storage::SearchKeyed kKeyed[] = {{.entity = "tag",
                                            .table = "experiment_tags",
                                            .owner = "@.experiment_id = e.experiment_id",
                                            .can_order = false}};
constexpr storage::SearchColumn kDefaultOrder[] = {
    {"e.created_ms", storage::SearchType::kNumber, true}};
constexpr storage::SearchColumn kTies[] = {{"e.experiment_id", storage::SearchType::kNumber, true}};
constexpr storage::SearchSchema kSchema = {
    .wording = storage::SearchWording::kExperiments,
    .from = "experiments e",
    .entities_text = "Valid entity types are ('attribute', 'tag', 'tags')",
    .entities = kEntities,
    .attributes = kAttributes,
    .keyed = kKeyed,
    .default_order = kDefaultOrder,
    .ties = kTies};

Experiment ReadExperiment(const Row& row) {
  return {.id = ExperimentId(std::to_string(row.Int(0))),
          .name = row.Text(1),
          .artifact_location = row.Text(2),
          .lifecycle = ParseLifecycle(row.Text(3)),
          .created_ms = row.Int(4),
          .updated_ms = row.Int(5),
          .tags = {}};
}

void AddTags(Connection& connection, std::vector<Experiment>* experiments) {
  Json ids = Json::MakeArray();
  std::map<int64_t, Experiment*> by_number;
  for (auto& experiment : *experiments) {
    const int64_t number = ExperimentNumber(experiment.id);
    ids.Append(number);
    by_number[number] = &experiment;
  }
  for (const Row& row : connection.Select(sql::kExperimentTags, {ids.Dump()})) {
    by_number.at(row.Int(0))->tags.push_back({row.Text(1), row.Text(2)});
  }
}

std::string_view ViewName(View view) {
  switch (view) {
    case View::kActiveOnly:
      return "active";
    case View::kDeletedOnly:
      return "deleted";
    default:
      return "all";
  }
}

Error NoExperiment(const ExperimentId& id) {
  return Error(Code::kNotFound, fmt::format("No Experiment with id={} exists", id.str()));
}

Error NameTaken(const std::string& name) {
  return Error(Code::kAlreadyExists, fmt::format("Experiment(name={}) already exists.", name));
}

std::string Subject(const ExperimentId& id) {
  return "experiment:" + id.str();
}

// A relative path is of a folder below the one that the server was started in, as MLflow takes it:
// clients, who are somewhere else, must not each take it for one of theirs.
std::string LocationOf(const std::string& given) {
  const bool has_scheme = given.find(':') < given.find('/');
  if (given.empty() || has_scheme || given.front() == '/') return given;
  return std::filesystem::absolute(given).lexically_normal().string();
}

}  // namespace

int64_t ExperimentNumber(const ExperimentId& id) {
  int64_t number = 0;
  const std::string& text = id.str();
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) {
    throw InvalidArgument("Invalid experiment ID '{}'. Experiment ID must be a valid integer.",
                          text);
  }
  return number;
}

Experiment FindExperiment(Connection& connection, const ExperimentId& id) {
  const auto row = connection.SelectOne(sql::kExperimentById, {ExperimentNumber(id)});
  if (!row) throw NoExperiment(id);
  return ReadExperiment(*row);
}

std::string ArtifactUriBelow(const Experiment& experiment, const std::string& path) {
  const std::string& location = experiment.artifact_location;
  const size_t query = std::min(location.find('?'), location.size());
  std::string uri = location.substr(0, query);
  if (!uri.ends_with('/')) uri += '/';
  return uri + path + location.substr(query);
}

void RequireActive(const Experiment& experiment) {
  if (experiment.lifecycle == Lifecycle::kActive) return;
  throw InvalidArgument(
      "The experiment {} must be in the 'active' state. Current state is deleted.",
      experiment.id.str());
}

ExperimentStore::ExperimentStore(storage::Database& database, events::EventLog& events,
                                 const Clock& clock, Options options)
    : database_(database), events_(events), clock_(clock), options_(std::move(options)) {
  database_.Write([&](Connection& connection) {
    connection.Execute(sql::kInsertDefaultExperiment,
                       {options_.artifact_root + "/0", clock_.NowMs()});
  });
}

ExperimentId ExperimentStore::Create(const NewExperiment& experiment, const std::string& who) {
  RequireLength("name", experiment.name, kExperimentNameCharactersMax);
  RequireLength("artifact_location", experiment.artifact_location, kArtifactLocationCharactersMax);
  if (experiment.artifact_location.find('#') != std::string::npos) {
    throw InvalidArgument("'artifact_location' URL can't include fragments or params.");
  }
  std::set<std::string> keys;
  for (const auto& tag : experiment.tags) {
    if (!keys.insert(tag.key).second) throw NameTaken(experiment.name);
  }
  return database_.Write([&](Connection& connection) {
    const auto row = connection.SelectOne(
        sql::kInsertExperiment,
        {experiment.name, LocationOf(experiment.artifact_location), clock_.NowMs()});
    if (!row) throw NameTaken(experiment.name);
    const int64_t number = row->Int(0);
    const ExperimentId id(std::to_string(number));
    if (experiment.artifact_location.empty()) {
      connection.Execute(sql::kSetExperimentLocation,
                         {number, options_.artifact_root + "/" + id.str()});
    }
    for (const auto& tag : experiment.tags) {
      connection.Execute(sql::kSetExperimentTag, {number, tag.key, tag.value});
    }
    events_.Append(connection, "experiment.created", Subject(id), who,
                   Json::Of({{"name", experiment.name}}));
    return id;
  });
}

Experiment ExperimentStore::Get(const ExperimentId& id) const {
  return database_.Read([&](Connection& connection) {
    std::vector<Experiment> found = {FindExperiment(connection, id)};
    AddTags(connection, &found);
    return std::move(found.front());
  });
}

Experiment ExperimentStore::GetByName(const std::string& name) const {
  return database_.Read([&](Connection& connection) {
    const auto row = connection.SelectOne(sql::kExperimentByName, {name});
    if (!row) {
      throw Error(Code::kNotFound, fmt::format("Could not find experiment with name '{}'", name));
    }
    std::vector<Experiment> found = {ReadExperiment(*row)};
    AddTags(connection, &found);
    return std::move(found.front());
  });
}

storage::SearchPage<Experiment> ExperimentStore::Search(const ExperimentSearch& search) const {
  const std::string view(ViewName(search.view));
  const storage::Search compiled(kSchema, database_.dialect(), {.parameters = {view}},
                                 {.filter = search.filter,
                                  .order_by = search.order_by,
                                  .limit = search.limit,
                                  .page_token = search.page_token,
                                  .bound_to = view});
  return database_.Read([&](Connection& connection) {
    storage::SearchPage<Experiment> page;
    page.next_token = compiled.Page(connection, sql::kSearchExperiments, [&](const Row& row) {
      page.items.push_back(ReadExperiment(row));
    });
    AddTags(connection, &page.items);
    return page;
  });
}

void ExperimentStore::Rename(const ExperimentId& id, const std::string& name,
                             const std::string& who) {
  RequireLength("name", name, kExperimentNameCharactersMax);
  database_.Write([&](Connection& connection) {
    const Experiment experiment = FindExperiment(connection, id);
    RequireNotMounted(connection, id);
    if (experiment.lifecycle != Lifecycle::kActive) {
      throw FailedPrecondition("Cannot rename a non-active experiment.");
    }
    const int64_t number = ExperimentNumber(id);
    if (connection.SelectOne(sql::kExperimentNameTaken, {number, name})) {
      throw FailedPrecondition("Experiment(name={}) already exists.", name);
    }
    connection.Execute(sql::kRenameExperiment, {number, name, clock_.NowMs()});
    events_.Append(connection, "experiment.updated", Subject(id), who,
                   Json::Of({{"name", name}, {"old_name", experiment.name}}));
  });
}

void ExperimentStore::Delete(const ExperimentId& id, const std::string& who) {
  database_.Write([&](Connection& connection) {
    const Experiment experiment = FindExperiment(connection, id);
    RequireNotMounted(connection, id);
    if (experiment.lifecycle != Lifecycle::kActive) throw NoExperiment(id);
    const int64_t number = ExperimentNumber(id);
    const int64_t now = clock_.NowMs();
    connection.Execute(sql::kSetExperimentLifecycle, {number, "deleted", now});
    connection.Execute(sql::kSetExperimentRunsLifecycle, {number, "deleted", now, "active"});
    events_.Append(connection, "experiment.deleted", Subject(id), who);
  });
}

void ExperimentStore::Restore(const ExperimentId& id, const std::string& who) {
  database_.Write([&](Connection& connection) {
    const Experiment experiment = FindExperiment(connection, id);
    RequireNotMounted(connection, id);
    if (experiment.lifecycle != Lifecycle::kDeleted) throw NoExperiment(id);
    const int64_t number = ExperimentNumber(id);
    connection.Execute(sql::kSetExperimentLifecycle, {number, "active", clock_.NowMs()});
    connection.Execute(sql::kSetExperimentRunsLifecycle, {number, "active", Value(), "deleted"});
    events_.Append(connection, "experiment.restored", Subject(id), who);
  });
}

void ExperimentStore::SetTag(const ExperimentId& id, const Tag& tag, const std::string& who) {
  RequireKey(tag.key, "key", "key");
  RequireLength("value", tag.value, kExperimentTagValueCharactersMax);
  database_.Write([&](Connection& connection) {
    RequireActive(FindExperiment(connection, id));
    RequireNotMounted(connection, id);
    const int64_t number = ExperimentNumber(id);
    connection.Execute(sql::kSetExperimentTag, {number, tag.key, tag.value});
    connection.Execute(sql::kTouchExperiment, {number, clock_.NowMs()});
    events_.Append(connection, "experiment.updated", Subject(id), who,
                   Json::Of({{"tag", tag.key}, {"value", tag.value}}));
  });
}

void ExperimentStore::DeleteTag(const ExperimentId& id, const std::string& key,
                                const std::string& who) {
  database_.Write([&](Connection& connection) {
    RequireActive(FindExperiment(connection, id));
    RequireNotMounted(connection, id);
    const int64_t number = ExperimentNumber(id);
    if (connection.Execute(sql::kDeleteExperimentTag, {number, key}) == 0) {
      throw Error(Code::kNotFound,
                  fmt::format("No tag with name: {} in experiment with id {}", key, id.str()));
    }
    connection.Execute(sql::kTouchExperiment, {number, clock_.NowMs()});
    events_.Append(connection, "experiment.updated", Subject(id), who,
                   Json::Of({{"tag", key}, {"deleted", true}}));
  });
}

}  // namespace millwright::tracking
