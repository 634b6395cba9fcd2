#include "retention/references.h"

#include <fmt/format.h>

#include <optional>

#include "base/error.h"
#include "base/json.h"
#include "retention/sql.h"

namespace millwright::retention {
namespace {

using storage::Connection;
using storage::Row;

// How many addresses are followed from one to the next: version of version of a run.
constexpr int kStepsMax = 8;

std::string WithoutSlash(std::string path) {
  while (path.ends_with('/')) path.pop_back();
  return path;
}

// Whoever has something in a folder.
std::string FindInside(const std::map<std::string, std::string>& users, const std::string& path) {
  const auto inside = users.lower_bound(path + "/");
  if (inside != users.end() && inside->first.starts_with(path + "/")) return inside->second;
  return "";
}

// Whoever has exactly this path, something in it or a folder around it.
std::string FindAround(const std::map<std::string, std::string>& users, const std::string& path) {
  if (const auto all = users.find(""); all != users.end()) return all->second;
  for (size_t end = path.find('/');; end = path.find('/', end + 1)) {
    const auto found = users.find(path.substr(0, end));
    if (found != users.end()) return found->second;
    if (end == std::string::npos) break;
  }
  return FindInside(users, path);
}

std::string Find(const std::map<std::string, std::string>& users, const std::string& key) {
  const auto found = users.find(key);
  return found == users.end() ? "" : found->second;
}

// What stands behind runs:/ID/… and models:/…, one step further; nothing for other addresses and
// for those that lead nowhere.
std::optional<std::string> Follow(Connection& connection, std::string_view address) {
  constexpr std::string_view kRuns = "runs:/";
  constexpr std::string_view kModels = "models:/";
  const bool of_run = address.starts_with(kRuns);
  if (!of_run && !address.starts_with(kModels)) return std::nullopt;
  address.remove_prefix(of_run ? kRuns.size() : kModels.size());
  while (address.starts_with('/')) address.remove_prefix(1);
  const size_t slash = std::min(address.find('/'), address.size());
  const std::string name(address.substr(0, slash));
  const std::string rest(address.substr(std::min(slash + 1, address.size())));
  std::optional<Row> row;
  if (of_run) {
    row = connection.SelectOne(sql::kRunAddress, {name});
    if (row) return artifacts::JoinPath(row->Text(0), rest);
  } else if (rest.empty()) {
    row = connection.SelectOne(sql::kLoggedModelAddress, {name});
  } else {
    row = connection.SelectOne(sql::kVersionAddress, {name, rest});
  }
  return row ? std::optional(row->Text(0)) : std::nullopt;
}

// The address in what MLflow's clients write down of a dataset's source: JSON with one of some
// fields, or the address itself.
std::string AddressOfSource(const std::string& source) {
  if (!source.starts_with('{')) return source;
  try {
    const Json json = ParseJson(source);
    for (const char* field : {"uri", "path", "url"}) {
      const Json* value = json.Find(field);
      if (value != nullptr && value->is_string()) return json.GetString(field);
    }
  } catch (const Error&) {
    // A client may write what it likes; it is no address then.
  }
  return "";
}

}  // namespace

References::References(storage::Database& database, const artifacts::Artifacts& artifacts)
    : artifacts_(artifacts) {
  database.Read([&](Connection& connection) {
    AddVersions(connection, connection.Select(sql::kUsedByVersions));
    AddRevisions(connection);
    AddDatasets(connection);
    AddInputs(connection);
    AddLocations(connection);
  });
}

void References::AddAddress(Connection& connection, const std::string& address,
                            const std::string& user) {
  std::string at = address;
  for (int step = 0; step < kStepsMax; ++step) {
    auto next = Follow(connection, at);
    if (!next) break;
    at = *std::move(next);
  }
  if (const auto path = artifacts_.FindPath(at)) paths_.emplace(WithoutSlash(*path), user);
}

void References::AddRecentVersions(Connection& connection, int64_t since_ms) {
  AddVersions(connection, connection.Select(sql::kUsedByRecentVersions, {since_ms}));
}

void References::AddVersions(Connection& connection, const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    const std::string version = fmt::format("version {} of {}", row.Int(1), row.Text(0));
    AddAddress(connection, row.Text(2), version + " is made of it");
    AddAddress(connection, row.Text(3), version + " is made of it");
    if (!row.Text(4).empty()) runs_.emplace(row.Text(4), version + " came out of it");
    if (const auto model = row.OptionalText(5); model && !model->empty())
      models_.emplace(*model, version + " is made of it");
  }
}

void References::AddRevisions(Connection& connection) {
  for (const Row& row : connection.Select(sql::kUsedByRevisions)) {
    const std::string user =
        fmt::format("endpoint {} has version {} of {}", row.Text(0), row.Text(3), row.Text(1));
    places_.emplace(row.Text(2), user);
    if (const auto address = row.OptionalText(4)) AddAddress(connection, *address, user);
  }
}

void References::AddDatasets(Connection& connection) {
  const auto add = [&](const storage::Query& query) {
    for (const Row& row : connection.Select(query)) {
      const std::string address = AddressOfSource(row.Text(1));
      if (!address.empty())
        AddAddress(connection, address, fmt::format("dataset {} was read from it", row.Text(0)));
    }
  };
  add(sql::kUsedByInputs);
  add(sql::kUsedByDatasets);
}

void References::AddInputs(Connection& connection) {
  for (const Row& row : connection.Select(sql::kUsedModels))
    models_.emplace(row.Text(0), fmt::format("run {} used it", row.Text(1)));
}

void References::AddLocations(Connection& connection) {
  for (const Row& row : connection.Select(sql::kLocations)) {
    if (const auto path = artifacts_.FindPath(row.Text(1)))
      locations_.emplace(WithoutSlash(*path),
                         fmt::format("experiment {} keeps its files in it", row.Text(0)));
  }
}

std::string References::UserOfPath(const std::string& path) const {
  return FindAround(paths_, WithoutSlash(path));
}

std::string References::UserOfFolder(const std::string& path) const {
  const std::string user = UserOfPath(path);
  return user.empty() ? FindInside(locations_, WithoutSlash(path)) : user;
}

std::string References::UserOfRun(const std::string& run_id) const {
  return Find(runs_, run_id);
}

std::string References::UserOfModel(const std::string& model_id) const {
  return Find(models_, model_id);
}

std::string References::UserOfCopy(const std::filesystem::path& folder) const {
  return FindAround(places_, folder.string());
}

}  // namespace millwright::retention
