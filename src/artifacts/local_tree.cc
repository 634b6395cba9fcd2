#include <algorithm>
#include <fstream>

#include "artifacts/artifacts.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/id.h"

// Copies on this machine of what the store keeps elsewhere, for those who need files: replicas map
// their models. A copy is named by what it holds, so that one that is in use never changes.
namespace millwright::artifacts {
namespace {

namespace fs = std::filesystem;

constexpr size_t kTreeFilesMax = 100'000;
// How long a copy stays after it was handed out, whoever refers to it: until then the replica that
// is to map it has started and says so.
constexpr int64_t kFreshMs = 600'000;
constexpr std::string_view kPartPrefix = ".part-";

int64_t BytesOf(const fs::path& folder) {
  int64_t bytes = 0;
  std::error_code ignored;
  for (auto it = fs::recursive_directory_iterator(folder, ignored);
       it != fs::recursive_directory_iterator(); it.increment(ignored)) {
    if (it->is_regular_file(ignored)) bytes += static_cast<int64_t>(it->file_size(ignored));
  }
  return bytes;
}

struct TreeFile {
  std::string path;  // from the tree's root
  std::string version;
};

// All files below a folder; for a file itself, one with an empty path.
void CollectFiles(blob::BlobStore& store, const std::string& root, const std::string& inside,
                  std::vector<TreeFile>* files) {
  for (const auto& entry : store.List(JoinPath(root, inside))) {
    const std::string path = JoinPath(inside, entry.path);
    if (entry.is_folder) {
      CollectFiles(store, root, path, files);
      continue;
    }
    if (files->size() == kTreeFilesMax)
      throw ResourceExhausted("A folder of more than {} files is not copied: {}", kTreeFilesMax,
                              root);
    files->push_back({path, entry.version});
  }
}

std::string NameOf(const std::string& root, const std::vector<TreeFile>& files) {
  Digest digest(Digest::Kind::kSha256);
  const auto add = [&](const std::string& text) {
    digest.Update(text);
    digest.Update(std::string_view("\0", 1));
  };
  add(root);
  for (const auto& file : files) {
    add(file.path);
    add(file.version);
  }
  return digest.FinishHex();
}

void CopyFile(const Artifacts& artifacts, const std::string& path, const fs::path& target) {
  fs::create_directories(target.parent_path());
  std::ofstream out(target, std::ios::binary);
  artifacts.Read(path, [&](std::string_view bytes) {
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return out.good();
  });
  out.close();
  if (!out) throw ResourceExhausted("Cannot write a copy of {}", path);
}

// Where the first file of a folder is, as far as the folder is on this machine.
std::optional<fs::path> LocalFolder(blob::BlobStore& store, const std::string& folder) {
  for (const auto& entry : store.List(folder))
    if (const auto file = store.LocalPath(JoinPath(folder, entry.path))) return file->parent_path();
  return std::nullopt;
}

}  // namespace

std::optional<fs::path> Artifacts::LocalTree(const std::string& path) const {
  if (IsHiddenFolder(path)) throw InvalidPath(path);
  if (const auto file = store_.LocalPath(path)) return file;
  if (const auto folder = LocalFolder(store_, path)) return folder;
  const auto info = store_.Stat(path);
  if (!info || copies_.empty() || store_.direct() == nullptr) return std::nullopt;
  std::vector<TreeFile> files;
  if (info->is_folder) {
    CollectFiles(store_, path, "", &files);
  } else {
    files.push_back({"", info->version});
  }
  const std::lock_guard lock(copying_);
  const std::string name = fs::path(path).filename().string();
  const fs::path copy = copies_ / NameOf(path, files);
  handed_out_ms_[copy] = clock_.NowMs();
  if (fs::exists(copy)) return copy / name;
  const fs::path part = copies_ / (std::string(kPartPrefix) + NewHexId());
  try {
    for (const auto& file : files)
      CopyFile(*this, JoinPath(path, file.path), ConfinedPath(part, JoinPath(name, file.path)));
    fs::rename(part, copy);
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(part, ignored);
    throw;
  }
  return copy / name;
}

std::vector<LocalCopy> Artifacts::ListCopies() const {
  std::vector<LocalCopy> copies;
  if (copies_.empty()) return copies;
  const std::lock_guard lock(copying_);
  std::error_code error;
  for (auto it = fs::directory_iterator(copies_, error); it != fs::directory_iterator();
       it.increment(error)) {
    const auto found = handed_out_ms_.find(it->path());
    const bool fresh = found != handed_out_ms_.end() && clock_.NowMs() - found->second < kFreshMs;
    copies.push_back({it->path(), BytesOf(it->path()), fresh});
  }
  std::sort(copies.begin(), copies.end(),
            [](const LocalCopy& a, const LocalCopy& b) { return a.folder < b.folder; });
  return copies;
}

bool Artifacts::RemoveCopy(const fs::path& folder) {
  const std::lock_guard lock(copying_);
  const auto found = handed_out_ms_.find(folder);
  if (found != handed_out_ms_.end()) {
    if (clock_.NowMs() - found->second < kFreshMs) return false;
    handed_out_ms_.erase(found);
  }
  // Under another name first, so that a crash leaves no half of a copy that would be taken for one.
  const fs::path part = copies_ / (std::string(kPartPrefix) + NewHexId());
  fs::rename(folder, part);
  fs::remove_all(part);
  return true;
}

}  // namespace millwright::artifacts
