#include "backup/restore.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "backup/row_codec.h"
#include "base/error.h"
#include "base/id.h"
#include "storage/database_uri.h"
#include "storage/dump.h"

namespace millwright::backup {
namespace {

namespace fs = std::filesystem;

constexpr size_t kDamagedNamed = 20;
constexpr mode_t kPermissions = 07777;
constexpr int64_t kNsPerSecond = 1'000'000'000;
constexpr std::string_view kDatabaseFile = "millwright.db";

// Columns that say where files are.
struct PlaceColumn {
  std::string_view table;
  std::string_view column;
};
constexpr PlaceColumn kPlaceColumns[] = {
    {"experiments", "artifact_location"}, {"runs", "artifact_uri"},
    {"logged_models", "artifact_uri"},    {"model_versions", "artifact_uri"},
    {"model_versions", "source"},         {"revisions", "model_path"},
};

bool IsFree(const fs::path& folder) {
  std::error_code error;
  return !fs::exists(folder, error) || (fs::is_directory(folder) && fs::is_empty(folder, error));
}

[[noreturn]] void Fail(std::string_view what, const fs::path& path, int code) {
  if (code == ENOSPC || code == EDQUOT || code == EFBIG) {
    throw ResourceExhausted("No space left on the disk: {}", path.string());
  }
  throw Internal("Cannot {} {}: {}", what, path.string(), std::strerror(code));
}

void SyncFileSystem(const fs::path& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool is_synced = descriptor >= 0 && syncfs(descriptor) == 0;
  const int code = errno;
  if (descriptor >= 0) close(descriptor);
  if (!is_synced) Fail("sync", folder, code);
}

void Rename(const fs::path& from, const fs::path& to) {
  if (rename(from.c_str(), to.c_str()) != 0) Fail("make", to, errno);
}

// Where a file of the list belongs. A list that leads out of the folder, by ".." or over a link, is
// not one that a backup wrote.
fs::path ConfinedPlace(const fs::path& root, const std::string& path) {
  const fs::path place = (root / path).lexically_normal();
  const fs::path real = fs::weakly_canonical(place.parent_path());
  const fs::path way = real.lexically_relative(fs::weakly_canonical(root));
  if (fs::path(path).is_absolute() || way.empty() || *way.begin() == "..") {
    throw FailedPrecondition("The backup holds a file outside of its folder: {}", path);
  }
  return place;
}

// A file that is written.
class Output {
 public:
  explicit Output(const fs::path& path)
      : path_(path),
        descriptor_(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) {
    if (descriptor_ < 0) Fail("write", path, errno);
  }
  ~Output() { close(descriptor_); }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void Write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t size = write(descriptor_, bytes.data(), bytes.size());
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) Fail("write", path_, errno);
      bytes.remove_prefix(static_cast<size_t>(size));
    }
  }
  // Gives it the mode and the time that it had.
  void Imitate(const FileStamp& stamp) const {
    const timespec time{stamp.modified_ns / kNsPerSecond, stamp.modified_ns % kNsPerSecond};
    const timespec times[] = {time, time};
    if (fchmod(descriptor_, stamp.mode & kPermissions) != 0 || futimens(descriptor_, times) != 0) {
      Fail("set the mode of", path_, errno);
    }
  }

 private:
  const fs::path path_;
  const int descriptor_;
};

Error Damaged(const std::vector<std::string>& damaged, size_t count) {
  std::string names;
  for (const auto& name : damaged) names += "\n  " + name;
  return FailedPrecondition(
      "The backup is damaged; nothing was restored. {} of its parts are not what they were:{}{}",
      count, names, count > damaged.size() ? "\n  …" : "");
}

// Removes a half-made folder unless it was put in place.
struct Removal {
  const fs::path& folder;
  ~Removal() {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }
};

uint64_t BytesOf(const Manifest& manifest) {
  uint64_t bytes = manifest.file_bytes;
  for (const auto& table : manifest.tables) {
    for (const auto& slice : table.slices) bytes += slice.bytes;
  }
  return bytes;
}

std::string PickId(const Repository& repository, const std::string& wanted) {
  const auto ids = repository.Ids();
  if (ids.empty()) throw NotFound("Backup", repository.folder().string());
  if (wanted.empty()) return ids.back();
  if (std::find(ids.begin(), ids.end(), wanted) == ids.end()) throw NotFound("Backup", wanted);
  return wanted;
}

}  // namespace

Restore::Restore(const Repository& repository, RestoreOptions options, Hooks hooks)
    : repository_(repository),
      options_(std::move(options)),
      hooks_(std::move(hooks)),
      id_(PickId(repository, options_.id)),
      manifest_(repository_.ReadManifest(id_)),
      making_(options_.data.string() + ".restoring") {
  storage::CheckKnownShape(manifest_.database);
  if (!options_.replace && !IsFree(options_.data)) {
    throw FailedPrecondition(
        "{} holds something already. Give another folder, or --replace to put it aside",
        options_.data.string());
  }
  if (!options_.database_uri.empty()) storage::CheckEmptyPlace(options_.database_uri);
  bytes_due_ = BytesOf(manifest_);
}

void Restore::Count(uint64_t bytes) {
  bytes_done_ += bytes;
  if (hooks_.stop && hooks_.stop()) throw Aborted("Stopped; nothing was restored");
  if (!hooks_.progress) return;
  const double due = static_cast<double>(std::max<uint64_t>(1, bytes_due_));
  hooks_.progress({std::min(1.0, static_cast<double>(bytes_done_) / due),
                   fmt::format("{} of {} MB", bytes_done_ >> 20, bytes_due_ >> 20)});
}

RestoreReport Restore::Run() {
  std::error_code ignored;
  fs::remove_all(making_, ignored);  // of a restore that was killed
  fs::create_directories(making_);
  const Removal removal{making_};
  files_ = repository_.ReadFiles(manifest_);
  WriteFiles();
  const auto sqlite = storage::SqlitePath(options_.database_uri);
  const fs::path database = sqlite ? fs::path(*sqlite + ".restoring") : making_ / kDatabaseFile;
  const bool is_file = options_.database_uri.empty() || sqlite;
  if (sqlite) fs::remove(database, ignored);
  LoadTables(is_file ? "sqlite:///" + database.string() : options_.database_uri);
  SyncFileSystem(making_);
  if (sqlite) {
    SyncFileSystem(database.parent_path());
    Rename(database, *sqlite);
  }
  PutInPlace();
  report_.id = id_;
  report_.program = manifest_.program;
  report_.created_ms = manifest_.created_ms;
  report_.missing = manifest_.missing;
  return report_;
}

void Restore::WriteFiles() {
  std::vector<std::string> damaged;
  size_t damaged_count = 0;
  for (const auto& [path, file] : files_) {
    if (WriteFile(path, file)) continue;
    if (++damaged_count <= kDamagedNamed) damaged.push_back(path);
  }
  if (damaged_count > 0) throw Damaged(damaged, damaged_count);
}

bool Restore::WriteFile(const std::string& path, const SavedFile& file) {
  const ObjectRef ref{file.sha256, file.stamp.bytes};
  const fs::path place = ConfinedPlace(making_, path);
  fs::create_directories(place.parent_path());
  if (S_ISLNK(file.stamp.mode)) {
    if (!repository_.IsWhole(ref, {})) return false;
    fs::create_symlink(repository_.Read(ref), place);
  } else {
    const Output output(place);
    if (!repository_.IsWhole(ref, [&](std::string_view bytes) {
          output.Write(bytes);
          Count(bytes.size());
        })) {
      return false;
    }
    output.Imitate(file.stamp);
  }
  ++report_.files;
  report_.file_bytes += file.stamp.bytes;
  return true;
}

std::string Restore::Relocated(const std::string& place) const {
  constexpr std::string_view kFileScheme = "file://";
  const size_t start = place.starts_with(kFileScheme) ? kFileScheme.size() : 0;
  const std::string artifacts = (options_.data / "artifacts").string();
  for (const auto& [from, to] : {std::pair(manifest_.artifact_folder, artifacts),
                                 std::pair(manifest_.data_folder, options_.data.string())}) {
    if (from.empty() || place.compare(start, from.size(), from) != 0) continue;
    const size_t end = start + from.size();
    if (end != place.size() && place[end] != '/') continue;
    return place.substr(0, start) + to + place.substr(end);
  }
  return place;
}

void Restore::Relocate(const storage::TableShape& table, std::vector<storage::Value>* row) const {
  for (const auto& [table_name, column] : kPlaceColumns) {
    if (table.name != table_name) continue;
    const auto found = std::find(table.columns.begin(), table.columns.end(), column);
    if (found == table.columns.end()) continue;
    auto& value = (*row)[static_cast<size_t>(found - table.columns.begin())];
    if (auto* text = std::get_if<std::string>(&value)) *text = Relocated(*text);
  }
}

void Restore::LoadTables(const std::string& uri) {
  storage::LoadDatabase(
      uri, manifest_.database, [&](const storage::TableShape& shape, const storage::RowSink& sink) {
        const auto table =
            std::find_if(manifest_.tables.begin(), manifest_.tables.end(),
                         [&](const SavedTable& saved) { return saved.shape.name == shape.name; });
        int64_t rows = 0;
        for (const ObjectRef& slice : table->slices) {
          const std::string bytes = repository_.Read(slice);
          Count(slice.bytes);
          std::string_view rest = bytes;
          for (; !rest.empty(); ++rows) {
            auto row = TakeRow(shape.columns.size(), &rest);
            Relocate(shape, &row);
            sink(std::move(row));
          }
        }
        if (rows != table->rows) throw Damaged({"table " + shape.name}, 1);
        report_.rows += rows;
      });
}

void Restore::PutInPlace() {
  std::error_code error;
  fs::create_directories(fs::absolute(options_.data).parent_path(), error);
  if (!IsFree(options_.data)) {
    report_.replaced = options_.data.string() + "." + NewShortId("replaced-");
    Rename(options_.data, report_.replaced);
  }
  Rename(making_, options_.data);
  SyncFileSystem(fs::absolute(options_.data).parent_path());
}

std::vector<CheckedBackup> CheckBackups(const Repository& repository, const std::string& id,
                                        const Hooks& hooks) {
  std::vector<CheckedBackup> checked;
  std::map<std::string, bool> known;  // objects that were read already
  uint64_t done = 0;
  const auto tick = [&](std::string_view bytes) {
    done += bytes.size();
    if (hooks.stop && hooks.stop()) throw Aborted("Stopped before all was read");
    if (hooks.progress) hooks.progress({0, fmt::format("{} MB read", done >> 20)});
  };
  const auto is_whole = [&](const ObjectRef& ref) {
    const auto found = known.find(ref.sha256);
    if (found != known.end()) return found->second;
    return known[ref.sha256] = repository.IsWhole(ref, tick);
  };
  for (const auto& each : id.empty() ? repository.Ids() : std::vector{PickId(repository, id)}) {
    CheckedBackup& backup = checked.emplace_back();
    backup.id = each;
    const auto blame = [&](const std::string& what) {
      if (++backup.damaged_count <= static_cast<int64_t>(kDamagedNamed)) {
        backup.damaged.push_back(what);
      }
    };
    try {
      const Manifest manifest = repository.ReadManifest(each);
      backup.program = manifest.program;
      backup.created_ms = manifest.created_ms;
      backup.files = manifest.file_count;
      backup.file_bytes = manifest.file_bytes;
      for (const auto& table : manifest.tables) {
        for (const auto& slice : table.slices) {
          if (!is_whole(slice)) blame("table " + table.shape.name);
        }
      }
      for (const auto& [path, file] : repository.ReadFiles(manifest)) {
        if (!is_whole({file.sha256, file.stamp.bytes})) blame(path);
      }
    } catch (const Error& error) {
      if (error.code() == Code::kAborted) throw;
      blame(error.message());
    }
  }
  return checked;
}

}  // namespace millwright::backup
