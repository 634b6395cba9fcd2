#include "registry/used_artifacts.h"

#include "registry/sql.h"

namespace millwright::registry {

std::vector<UsedArtifact> UsedArtifacts(storage::Database& database) {
  return database.Read([](storage::Connection& connection) {
    std::vector<UsedArtifact> used;
    for (const auto& row : connection.Select(sql::kUsedArtifacts))
      used.push_back({row.Text(0), row.Int(1), row.Text(2)});
    return used;
  });
}

}  // namespace millwright::registry
