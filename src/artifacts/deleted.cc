#include <filesystem>

#include "artifacts/artifacts.h"
#include "artifacts/sql.h"
#include "base/error.h"
#include "base/file.h"
#include "base/id.h"

// Deleting in two steps. A delete writes down what goes and moves it to a folder that nobody sees;
// collecting removes it there for good. The row is written before the move and goes after the last
// byte, so that after a crash the row says what is still to be done, and doing it twice is nothing.
namespace millwright::artifacts {
namespace {

using storage::Connection;
using storage::Row;

DeletedArtifact FromRow(const Row& row) {
  return {row.Text(0), row.Text(1), row.Int(2), row.Text(3)};
}

std::string KeptAt(const DeletedArtifact& deleted) {
  const std::string name = std::filesystem::path(deleted.path).filename().string();
  return fmt::format("{}/{}/{}", kDeletedFolder, deleted.id, name);
}

std::string WithoutSlash(std::string path) {
  while (path.ends_with('/')) path.pop_back();
  return path;
}

}  // namespace

bool IsHiddenFolder(const std::string& path) {
  const auto normal = std::filesystem::path(path).lexically_normal();
  if (normal.empty()) return false;
  const std::string first = normal.begin()->string();
  return first == kDeletedFolder || first == kPartsFolder;
}

void Artifacts::Remove(const std::string& path, const std::string& who) {
  if (IsHiddenFolder(path)) throw InvalidPath(path);
  if (!store_.Stat(path)) return;
  store_.RequireWritable(path);
  const DeletedArtifact deleted{NewHexId(), WithoutSlash(path), clock_.NowMs(), who};
  database_.Write([&](Connection& connection) {
    connection.Execute(sql::kInsertDeleted,
                       {deleted.id, deleted.path, deleted.deleted_ms, deleted.deleted_by});
    connection.Execute(sql::kForgetArtifacts,
                       {deleted.path, deleted.path + "/", deleted.path + "0"});
    events_.Append(connection, "artifact.deleted", "artifact:" + deleted.path, who);
  });
  store_.Move(deleted.path, KeptAt(deleted));
}

std::vector<DeletedArtifact> Artifacts::ListDeleted(const DeletedArtifact& after,
                                                    size_t max) const {
  return database_.Read([&](Connection& connection) {
    std::vector<DeletedArtifact> list;
    for (const Row& row : connection.Select(
             sql::kListDeleted, {after.deleted_ms, after.id, static_cast<int64_t>(max)}))
      list.push_back(FromRow(row));
    return list;
  });
}

DeletedArtifact Artifacts::Restore(const std::string& id, const std::string& who) {
  const auto deleted =
      database_.Read([&](Connection& connection) -> std::optional<DeletedArtifact> {
        const auto row = connection.SelectOne(sql::kDeletedById, {id});
        return row ? std::optional(FromRow(*row)) : std::nullopt;
      });
  if (!deleted) throw NotFound("Deleted artifact", id);
  // Where nothing is kept, a crash came before the move: all is where it was.
  if (store_.Stat(KeptAt(*deleted))) {
    if (store_.Stat(deleted->path))
      throw FailedPrecondition("There is something else at {} now", deleted->path);
    store_.Move(KeptAt(*deleted), deleted->path);
  }
  database_.Write([&](Connection& connection) {
    connection.Execute(sql::kForgetDeleted, {id});
    events_.Append(connection, "artifact.restored", "artifact:" + deleted->path, who);
  });
  return *deleted;
}

void Artifacts::Collect(const DeletedArtifact& deleted) {
  store_.Remove(fmt::format("{}/{}", kDeletedFolder, deleted.id));
  database_.Write([&](Connection& connection) {
    connection.Execute(sql::kForgetDeleted, {deleted.id});
    events_.Append(connection, "artifact.removed", "artifact:" + deleted.path, "system");
  });
}

}  // namespace millwright::artifacts
