#include "backup/backup.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <utility>

#include "backup/row_codec.h"
#include "backup/sql.h"
#include "base/error.h"
#include "base/version.h"
#include "storage/dump.h"

namespace millwright::backup {
namespace {

namespace fs = std::filesystem;

// Rows of a table are cut into objects of about this size: what was only appended to a table leaves
// the earlier ones as they are, and they are not stored again.
constexpr size_t kSliceBytes = 8 << 20;
// How often the predictions' folder may change under the copy before the backup gives up.
constexpr int kListingsMax = 20;
constexpr std::string_view kCursorEnding = ".cursor";
constexpr size_t kMissingKept = 1000;

bool IsCursor(const std::string& path) {
  return path.find('/') == std::string::npos && path.ends_with(kCursorEnding);
}

void CheckApart(const fs::path& repository, const Places& places) {
  const fs::path inner = fs::weakly_canonical(repository);
  for (const fs::path& outer : {places.data, places.artifacts}) {
    if (outer.empty()) continue;
    const fs::path way = inner.lexically_relative(fs::weakly_canonical(outer));
    if (!way.empty() && *way.begin() != "..") {
      throw InvalidArgument("A backup cannot be kept inside of what it saves: {}",
                            repository.string());
    }
  }
}

}  // namespace

Backup::Backup(Repository& repository, Places places, const Clock& clock, Hooks hooks)
    : repository_(repository), places_(std::move(places)), clock_(clock), hooks_(std::move(hooks)) {
  CheckApart(repository_.folder(), places_);
}

void Backup::Tell(std::string_view what) {
  if (hooks_.stop && hooks_.stop()) throw Aborted("Stopped before the backup was whole");
  if (!hooks_.progress) return;
  const double due = static_cast<double>(std::max<uint64_t>(1, bytes_due_));
  hooks_.progress({std::min(1.0, static_cast<double>(bytes_done_) / due), std::string(what)});
}

void Backup::Count(uint64_t bytes) {
  bytes_done_ += bytes;
  Tell(fmt::format("{} of {} MB of files", bytes_done_ >> 20, bytes_due_ >> 20));
}

void Backup::ReadLast() {
  const auto ids = repository_.Ids();
  if (ids.empty()) return;
  try {
    last_ = repository_.ReadFiles(repository_.ReadManifest(ids.back()));
  } catch (const Error& error) {
    // A damaged one saves no work, and is no reason against another.
    if (error.code() != Code::kFailedPrecondition && error.code() != Code::kInvalidArgument) throw;
  }
}

bool Backup::Save(const std::string& path, const FileStamp& seen) {
  const auto saved = saved_.find(path);
  if (saved != saved_.end() && saved->second.stamp == seen) return true;
  const auto keep = [&](SavedFile file) {
    if (saved != saved_.end()) other_contents_[path].push_back(std::exchange(saved->second, file));
    saved_[path] = std::move(file);
  };
  const auto last = last_.find(path);
  if (last != last_.end() && last->second.stamp == seen &&
      repository_.Has({last->second.sha256, seen.bytes})) {
    Count(seen.bytes);
    keep(last->second);
    return true;
  }
  const auto file = OpenedFile::Open(PlaceOf(places_, path));
  if (!file) return false;
  ++report_.read_files;
  const ObjectRef ref =
      file->is_link() ? repository_.Put(file->link_target())
                      : repository_.PutFile(file->descriptor(),
                                            [&](std::string_view part) { Count(part.size()); });
  keep({file->stamp(), ref.sha256});
  // It may have grown while it was read.
  saved_[path].stamp.bytes = ref.bytes;
  return true;
}

void Backup::SaveCursors() {
  for (const auto& [path, stamp] : ListFiles(places_)) {
    if (IsCursor(path)) Save(path, stamp);
  }
}

void Backup::SaveAll(const FileStamps& files) {
  for (const auto& [path, stamp] : files) {
    if (!IsCursor(path)) Save(path, stamp);
  }
}

void Backup::SavePredictions() {
  FileStamps files = ListFiles(places_, kPredictions);
  for (int listings = 0; listings < kListingsMax; ++listings) {
    SaveAll(files);
    FileStamps again = ListFiles(places_, kPredictions);
    const bool is_stable = std::equal(files.begin(), files.end(), again.begin(), again.end(),
                                      [](auto& a, auto& b) { return a.first == b.first; });
    if (is_stable) {
      std::erase_if(saved_, [&](const auto& entry) {
        return entry.first.starts_with(kPredictions) && !files.contains(entry.first);
      });
      return;
    }
    files = std::move(again);
  }
  throw Unavailable("The predictions' files changed too often while they were copied; try again");
}

void Backup::DumpTables(storage::DatabaseSnapshot& snapshot, Manifest* manifest) {
  manifest->database = snapshot.shape();
  for (const auto& shape : snapshot.shape().tables) {
    SavedTable table{.shape = shape, .rows = 0, .slices = {}};
    std::string slice;
    const auto flush = [&] {
      if (!slice.empty()) table.slices.push_back(repository_.Put(slice));
      slice.clear();
      Tell(fmt::format("{} rows of the database", report_.rows));
    };
    snapshot.ForEachRow(shape, [&](const std::vector<storage::Value>& row) {
      AppendRow(row, &slice);
      ++table.rows;
      ++report_.rows;
      if (slice.size() >= kSliceBytes) flush();
    });
    flush();
    manifest->tables.push_back(std::move(table));
  }
}

Backup::Known Backup::ReadChecksums(storage::DatabaseSnapshot& snapshot) {
  Known known;
  if (places_.artifacts.empty()) return known;  // none of them is to be found
  snapshot.connection().ForEach(sql::kArtifactChecksums, {}, [&](const storage::Row& row) {
    known[std::string(kArtifacts) + row.Text(0)] = row.Text(1);
    return true;
  });
  return known;
}

void Backup::SaveLate(const Known& known) {
  FileStamps files = ListFiles(places_);
  std::erase_if(files, [&](const auto& entry) {
    const auto& path = entry.first;
    return path.starts_with(kArtifacts) && !saved_.contains(path) && !known.contains(path);
  });
  SaveAll(files);
  for (auto it = saved_.begin(); it != saved_.end();) {
    const bool is_there = files.contains(it->first);
    if (!is_there) other_contents_[it->first].push_back(it->second);
    it = is_there ? std::next(it) : saved_.erase(it);
  }
}

void Backup::MatchChecksums(const Known& known, Manifest* manifest) {
  for (const auto& [path, sha256] : known) {
    const auto saved = saved_.find(path);
    if (saved != saved_.end() && saved->second.sha256 == sha256) continue;
    const auto& others = other_contents_[path];
    const auto right = std::find_if(others.begin(), others.end(),
                                    [&](const SavedFile& file) { return file.sha256 == sha256; });
    if (right != others.end()) {
      saved_[path] = *right;
    } else if (manifest->missing.size() < kMissingKept) {
      manifest->missing.push_back(path);
    }
  }
}

BackupReport Backup::Run() {
  ReadLast();
  SaveCursors();
  const FileStamps files = ListFiles(places_);
  for (const auto& [path, stamp] : files) bytes_due_ += stamp.bytes;
  SaveAll(files);

  Manifest manifest{.program = std::string(Version()), .created_ms = clock_.NowMs()};
  manifest.data_folder = places_.data.string();
  manifest.artifact_folder = places_.artifacts.string();
  storage::DatabaseSnapshot snapshot(places_.database_uri);
  manifest.created_ms = clock_.NowMs();
  DumpTables(snapshot, &manifest);

  const Known known = ReadChecksums(snapshot);
  SaveLate(known);
  SavePredictions();
  MatchChecksums(known, &manifest);

  for (const auto& [path, file] : saved_) {
    ++manifest.file_count;
    manifest.file_bytes += file.stamp.bytes;
  }
  manifest.file_list = repository_.Put(FileListText(saved_));
  Tell("syncing");
  report_.id = repository_.Commit(manifest);
  report_.files = manifest.file_count;
  report_.file_bytes = manifest.file_bytes;
  report_.added_objects = repository_.added_objects();
  report_.added_bytes = repository_.added_bytes();
  report_.missing = manifest.missing;
  return report_;
}

}  // namespace millwright::backup
