// What was deleted by path, what was left by a collection that was broken off, and local copies.
#include <charconv>

#include "base/error.h"
#include "retention/collection.h"
#include "retention/sql.h"

namespace millwright::retention {
namespace {

constexpr size_t kListedAtOnce = 100;

artifacts::DeletedArtifact ParsePlace(const std::string& token) {
  artifacts::DeletedArtifact place;
  if (token.empty()) return place;
  const size_t colon = std::min(token.find(':'), token.size());
  const auto [end, error] = std::from_chars(token.data(), token.data() + colon, place.deleted_ms);
  if (error != std::errc() || end != token.data() + colon || colon == token.size())
    throw InvalidArgument("Malformed page token").WithField("after");
  place.id = token.substr(colon + 1);
  return place;
}

// Whether a run or a logged model has its files at a path: one of the same id may have come back
// out of another store.
bool HasOwner(storage::Connection& connection, const artifacts::Artifacts& artifacts,
              const std::string& path) {
  constexpr std::string_view kArtifacts = "/artifacts";
  std::string name = path;
  if (name.ends_with(kArtifacts)) name.resize(name.size() - kArtifacts.size());
  name = name.substr(name.rfind('/') + 1);
  for (const auto* query : {&sql::kRunAddress, &sql::kLoggedModelAddress}) {
    const auto row = connection.SelectOne(*query, {name});
    if (row && artifacts.FindPath(row->Text(0)) == path) return true;
  }
  return false;
}

}  // namespace

Collection::Place Collection::Abandoned(std::string after) {
  while (true) {
    const auto list = artifacts_.ListAbandoned(after, kListedAtOnce);
    if (list.empty()) return std::nullopt;
    for (const auto& abandoned : list) {
      if (IsFull()) return after;
      after = abandoned.path;
      std::string kept = references_.UserOfPath(abandoned.path);
      const bool owned = database_.Read([&](storage::Connection& connection) {
        return HasOwner(connection, artifacts_, abandoned.path);
      });
      if (owned) kept = "it belongs to a run or model that came back";
      if (kept.empty() && !artifacts_.IsWritable(abandoned.path))
        kept = "this server does not write there";
      if (kept.empty() && !request_.dry_run) artifacts_.RemoveAbandoned(abandoned.path);
      Add({.kind = Kind::kAbandoned, .path = abandoned.path, .since_ms = abandoned.abandoned_ms},
          kept, "a collection that was broken off had begun to remove it");
    }
  }
}

Collection::Place Collection::DeletedArtifacts(const std::string& after) {
  auto place = ParsePlace(after);
  while (true) {
    const auto list = artifacts_.ListDeleted(place, kListedAtOnce);
    if (list.empty()) return std::nullopt;
    for (const auto& deleted : list) {
      if (IsFull()) return fmt::format("{}:{}", place.deleted_ms, place.id);
      place = deleted;
      std::string kept = references_.UserOfPath(deleted.path);
      if (kept.empty()) kept = Young(deleted.deleted_ms);
      if (kept.empty() && !request_.dry_run) artifacts_.Collect(deleted);
      Add({.kind = Kind::kArtifact,
           .id = deleted.id,
           .path = deleted.path,
           .since_ms = deleted.deleted_ms,
           .deleted_by = deleted.deleted_by},
          kept, "it was deleted and nothing is made of it");
    }
  }
}

Collection::Place Collection::Uploads(std::string after) {
  if (!request_.dry_run && after.empty()) uploads_.RemoveLeftOvers();
  const int64_t idle_since_ms = clock_.NowMs() - kUploadIdleMs;
  while (true) {
    const auto list = uploads_.ListIdle(idle_since_ms, after, kListedAtOnce);
    if (list.empty()) return std::nullopt;
    for (const auto& upload : list) {
      if (IsFull()) return after;
      after = upload.id;
      if (!request_.dry_run) uploads_.Abort(upload.id);
      Add({.kind = Kind::kUpload,
           .id = upload.id,
           .path = upload.path,
           .since_ms = upload.touched_ms},
          "", "no part of it came for a day");
    }
  }
}

Collection::Place Collection::Copies(const std::string& after) {
  for (const auto& copy : artifacts_.ListCopies()) {
    const std::string path = copy.folder.string();
    if (path <= after) continue;
    if (IsFull()) return page_.findings.back().path;
    std::string kept = references_.UserOfCopy(copy.folder);
    if (kept.empty() && copy.is_fresh) kept = "it was asked for a short while ago";
    if (kept.empty() && !request_.dry_run && !artifacts_.RemoveCopy(copy.folder))
      kept = "it was asked for a short while ago";
    Add({.kind = Kind::kCopy, .path = path, .bytes = copy.bytes}, kept,
        "no endpoint serves this copy; it is made again when one does");
  }
  return std::nullopt;
}

}  // namespace millwright::retention
