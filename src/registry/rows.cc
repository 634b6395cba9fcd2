#include "registry/rows.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <unordered_map>

#include "base/error.h"
#include "registry/sql.h"

namespace millwright::registry {
namespace {

using storage::Connection;
using storage::Row;

std::string KeysOf(const std::set<int64_t>& models) {
  std::string keys = "[";
  for (const int64_t seq : models) {
    if (keys.size() > 1) keys += ',';
    keys += std::to_string(seq);
  }
  return keys + "]";
}

}  // namespace

ModelRow ReadModel(const Row& row) {
  ModelRow result;
  result.seq = row.Int(0);
  result.model.name = ModelName(row.Text(1));
  result.model.description = row.OptionalText(2);
  result.model.created_ms = row.Int(3);
  result.model.updated_ms = row.Int(4);
  result.gate = row.OptionalText(5);
  return result;
}

VersionRow ReadVersion(const Row& row) {
  VersionRow result;
  result.model_seq = row.Int(0);
  result.version = {.name = ModelName(row.Text(2)),
                    .version = row.Int(1),
                    .description = row.OptionalText(3),
                    .source = row.Text(4),
                    .artifact_uri = row.Text(5),
                    .run_id = row.Text(6),
                    .run_link = row.Text(7),
                    .model_id = row.OptionalText(8).value_or(""),
                    .stage = ParseStage(row.Text(9)),
                    .created_ms = row.Int(10),
                    .updated_ms = row.Int(11),
                    .tags = {},
                    .aliases = {}};
  return result;
}

ModelRow FindModel(Connection& connection, const ModelName& name) {
  const auto row = connection.SelectOne(sql::kModelByName, {name.str()});
  if (!row) {
    throw Error(Code::kNotFound,
                fmt::format("Registered Model with name={} not found", name.str()));
  }
  return ReadModel(*row);
}

VersionRow FindVersion(Connection& connection, const ModelName& name, int64_t version) {
  const auto row = connection.SelectOne(sql::kVersionByNumber, {name.str(), version});
  if (!row) {
    throw Error(Code::kNotFound,
                fmt::format("Model Version (name={}, version={}) not found", name.str(), version));
  }
  return ReadVersion(*row);
}

void AddVersionData(Connection& connection, std::vector<VersionRow>* rows) {
  if (rows->empty()) return;
  std::map<std::pair<int64_t, int64_t>, ModelVersion*> versions;
  std::set<int64_t> models;
  for (auto& row : *rows) {
    versions[{row.model_seq, row.version.version}] = &row.version;
    models.insert(row.model_seq);
  }
  std::string pairs = "[";
  for (const auto& [key, version] : versions) {
    pairs += fmt::format("{}[{},{}]", pairs.size() > 1 ? "," : "", key.first, key.second);
  }
  pairs += ']';
  const std::string keys = KeysOf(models);
  connection.ForEach(sql::kVersionTags, {pairs}, [&](const Row& row) {
    const auto found = versions.find({row.Int(0), row.Int(1)});
    if (found != versions.end()) found->second->tags.push_back({row.Text(2), row.Text(3)});
    return true;
  });
  connection.ForEach(sql::kModelAliases, {keys}, [&](const Row& row) {
    const auto found = versions.find({row.Int(0), row.Int(2)});
    if (found != versions.end()) found->second->aliases.push_back(row.Text(1));
    return true;
  });
}

void AddModelData(Connection& connection, std::vector<ModelRow>* rows) {
  if (rows->empty()) return;
  std::unordered_map<int64_t, RegisteredModel*> models;
  std::set<int64_t> seqs;
  for (auto& row : *rows) {
    models[row.seq] = &row.model;
    seqs.insert(row.seq);
  }
  const std::string keys = KeysOf(seqs);
  connection.ForEach(sql::kModelTags, {keys}, [&](const Row& row) {
    models.at(row.Int(0))->tags.push_back({row.Text(1), row.Text(2)});
    return true;
  });
  connection.ForEach(sql::kModelAliases, {keys}, [&](const Row& row) {
    models.at(row.Int(0))->aliases.push_back({row.Text(1), row.Int(2)});
    return true;
  });
  std::vector<VersionRow> latest;
  connection.ForEach(sql::kLatestVersions, {keys}, [&](const Row& row) {
    latest.push_back(ReadVersion(row));
    return true;
  });
  AddVersionData(connection, &latest);
  for (auto& row : latest) {
    models.at(row.model_seq)->latest_versions.push_back(std::move(row.version));
  }
}

std::vector<Check> ReadChecks(Connection& connection, int64_t model_seq, int64_t version) {
  std::vector<Check> checks;
  for (const Row& row : connection.Select(sql::kVersionChecks, {model_seq, version})) {
    checks.push_back({row.Text(0), row.Int(1) != 0, row.Text(2), ParseJson(row.Text(3)), row.Int(4),
                      row.Text(5)});
  }
  return checks;
}

}  // namespace millwright::registry
