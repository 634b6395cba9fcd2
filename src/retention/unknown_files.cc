// What is in the store and no row knows.
#include "retention/collection.h"
#include "retention/known_paths.h"

namespace millwright::retention {
namespace {

using Knowledge = KnownPaths::Knowledge;

constexpr size_t kEntriesPerPage = 1000;

struct Extent {
  int64_t files = 0;
  int64_t bytes = 0;
  int64_t last_ms = 0;  // when the newest was written
};

void Measure(const artifacts::Artifacts& artifacts, const std::string& folder, Extent* extent) {
  std::string after;
  do {
    auto page = artifacts.ListPage(folder, after, kEntriesPerPage);
    for (const auto& entry : page.entries) {
      if (entry.is_folder) {
        Measure(artifacts, artifacts::JoinPath(folder, entry.path), extent);
        continue;
      }
      ++extent->files;
      extent->bytes += static_cast<int64_t>(entry.bytes);
      extent->last_ms = std::max(extent->last_ms, entry.modified_ms);
    }
    after = std::move(page.next);
  } while (!after.empty());
}

// Whether a walk in the order of paths has yet to enter an entry to get behind `after`.
bool IsBehind(const std::string& path, const std::string& after) {
  return path > after || after.starts_with(path + "/");
}

// Walks the folders that hold what is known and calls `each` with what is not; `each` returns false
// to end it.
class Walk {
 public:
  Walk(const artifacts::Artifacts& artifacts, const KnownPaths& known, const std::string& after,
       std::function<bool(const std::string&, const blob::BlobInfo&)> each)
      : artifacts_(artifacts), known_(known), after_(after), each_(std::move(each)) {}

  bool Enter(const std::string& folder) {
    for (const auto& entry : artifacts_.List(folder)) {
      const std::string path = artifacts::JoinPath(folder, entry.path);
      if (!IsBehind(path, after_)) continue;
      switch (known_.Find(path)) {
        case Knowledge::kKnown:
          break;
        case Knowledge::kAround:
          if (entry.is_folder && !Enter(path)) return false;
          break;
        case Knowledge::kUnknown:
          if (path > after_ && !each_(path, entry)) return false;
      }
    }
    return true;
  }

 private:
  const artifacts::Artifacts& artifacts_;
  const KnownPaths& known_;
  const std::string& after_;
  const std::function<bool(const std::string&, const blob::BlobInfo&)> each_;
};

}  // namespace

Collection::Place Collection::UnknownFiles(const std::string& after) {
  const KnownPaths known(database_, artifacts_);
  std::string last = after;
  const auto take = [&](const std::string& path, const blob::BlobInfo& entry) {
    if (IsFull()) return false;
    last = path;
    Extent extent{1, static_cast<int64_t>(entry.bytes), entry.modified_ms};
    if (entry.is_folder) {
      extent = {};
      Measure(artifacts_, path, &extent);
      if (extent.files == 0) return true;
    }
    Finding finding{
        .kind = Kind::kUnknown, .path = path, .since_ms = extent.last_ms, .bytes = extent.bytes};
    std::string kept = references_.UserOfFolder(path);
    if (kept.empty() && request_.unknown != Unknown::kDelete)
      kept = "nothing here knows it; unknown files are only listed";
    if (kept.empty() && clock_.NowMs() - extent.last_ms < request_.grace_ms)
      kept = "it was written less than the grace period ago";
    if (kept.empty() && !request_.dry_run) artifacts_.Remove(path, request_.who);
    Add(std::move(finding), kept,
        "nothing here knows it; it is deleted as by a client and can be brought back");
    return true;
  };
  if (Walk(artifacts_, known, after, take).Enter("")) return std::nullopt;
  return last;
}

}  // namespace millwright::retention
