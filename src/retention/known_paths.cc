#include "retention/known_paths.h"

#include <functional>

#include "retention/sql.h"

namespace millwright::retention {
namespace {

uint64_t HashOf(std::string_view path) {
  return std::hash<std::string_view>()(path);
}

// Calls `each` with a path and every folder that it is in, from the outermost on, until it returns
// false.
template <typename Each>
void ForEachFolder(std::string_view path, Each each) {
  for (size_t end = path.find('/'); end != std::string_view::npos; end = path.find('/', end + 1))
    if (!each(path.substr(0, end), false)) return;
  each(path, true);
}

}  // namespace

KnownPaths::KnownPaths(storage::Database& database, const artifacts::Artifacts& artifacts) {
  database.Read([&](storage::Connection& connection) {
    connection.ForEach(sql::kAllAddresses, {}, [&](const storage::Row& row) {
      auto path = artifacts.FindPath(row.Text(0));
      while (path && path->ends_with('/')) path->pop_back();
      if (path && !path->empty()) Add(*path);
      return true;
    });
    connection.ForEach(sql::kAllArtifacts, {}, [&](const storage::Row& row) {
      if (!IsIn(row.Text(0))) Add(row.Text(0));
      return true;
    });
  });
}

void KnownPaths::Add(std::string_view path) {
  ForEachFolder(path, [&](std::string_view folder, bool is_last) {
    (is_last ? known_ : around_).insert(HashOf(folder));
    return true;
  });
}

bool KnownPaths::IsIn(std::string_view path) const {
  bool found = false;
  ForEachFolder(path, [&](std::string_view folder, bool) {
    found = known_.contains(HashOf(folder));
    return !found;
  });
  return found;
}

KnownPaths::Knowledge KnownPaths::Find(std::string_view path) const {
  if (IsIn(path)) return Knowledge::kKnown;
  return around_.contains(HashOf(path)) ? Knowledge::kAround : Knowledge::kUnknown;
}

}  // namespace millwright::retention
