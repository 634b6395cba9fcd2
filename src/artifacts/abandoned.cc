#include "artifacts/artifacts.h"
#include "artifacts/sql.h"
#include "base/error.h"

// What belongs to nobody any more. Its row is written in the transaction that removes the owner and
// goes after the last byte, so that a crash in between leaves no files that nobody knows of.
namespace millwright::artifacts {

using storage::Connection;

void Abandon(Connection& connection, const std::string& path, int64_t now_ms) {
  connection.Execute(sql::kAbandon, {path, now_ms});
  connection.Execute(sql::kForgetArtifacts, {path, path + "/", path + "0"});
}

void HoldUses(Connection& connection) {
  connection.Select(sql::kHoldUses);
}

void RequireKept(Connection& connection, const std::string& path) {
  connection.Select(sql::kHoldRemovals);
  if (connection.SelectOne(sql::kAbandonedAround, {path}))
    throw FailedPrecondition("The files at {} belonged to what was deleted and are being removed",
                             path);
}

std::vector<AbandonedArtifact> Artifacts::ListAbandoned(const std::string& after,
                                                        size_t max) const {
  return database_.Read([&](Connection& connection) {
    std::vector<AbandonedArtifact> list;
    for (const auto& row :
         connection.Select(sql::kListAbandoned, {after, static_cast<int64_t>(max)}))
      list.push_back({row.Text(0), row.Int(1)});
    return list;
  });
}

void Artifacts::RemoveAbandoned(const std::string& path) {
  store_.Remove(path);
  database_.Write([&](Connection& connection) {
    connection.Execute(sql::kForgetAbandoned, {path});
    events_.Append(connection, "artifact.removed", "artifact:" + path, "system");
  });
}

void Artifacts::RemoveEmptyFolder(const std::string& path) {
  store_.RemoveEmptyFolder(path);
}

bool Artifacts::IsWritable(const std::string& path) const {
  try {
    if (IsHiddenFolder(path)) return false;
    store_.Stat(path);  // refuses what is no path
    store_.RequireWritable(path);
    return true;
  } catch (const Error& error) {
    if (error.code() == Code::kPermissionDenied || error.code() == Code::kInvalidArgument)
      return false;
    throw;
  }
}

}  // namespace millwright::artifacts
