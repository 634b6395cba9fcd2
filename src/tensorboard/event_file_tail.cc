#include "tensorboard/event_file_tail.h"

#include <algorithm>
#include <fstream>
#include <map>

#include "base/error.h"
#include "tensorboard/record_reader.h"

namespace millwright::tensorboard {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kPieceBytes = 1 << 20;
constexpr uint64_t kHeadBytes = 64;

std::string ReadPiece(const fs::path& path, uint64_t offset, uint64_t size) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes(size, '\0');
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(bytes.data(), static_cast<std::streamsize>(size));
  bytes.resize(static_cast<size_t>(file.gcount()));
  return bytes;
}

}  // namespace

bool IsEventFileName(std::string_view name) {
  return name.find("tfevents") != std::string_view::npos;
}

std::vector<EventFolder> FindEventFolders(const fs::path& root) {
  std::map<std::string, std::vector<std::string>> folders;
  std::error_code error;
  auto it =
      fs::recursive_directory_iterator(root, fs::directory_options::skip_permission_denied, error);
  size_t entries = 0;
  for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (++entries > kFolderEntriesMax) break;
    if (it.depth() >= kFolderDepthMax) it.disable_recursion_pending();
    const std::string name = it->path().filename().string();
    if (!IsEventFileName(name) || !it->is_regular_file(error)) continue;
    std::string folder = it->path().parent_path().lexically_relative(root).generic_string();
    if (folder == ".") folder.clear();
    folders[folder].push_back(name);
  }
  std::vector<EventFolder> found;
  for (auto& [folder, files] : folders) {
    std::sort(files.begin(), files.end());
    found.push_back({folder, std::move(files)});
  }
  return found;
}

bool EventFileTail::IsAnotherFile(uint64_t size) {
  if (size == size_seen_) return false;
  size_seen_ = size;
  std::string head = ReadPiece(path_, 0, std::min(size, kHeadBytes));
  const bool is_another = !head.starts_with(head_);
  head_ = std::move(head);
  return is_another;
}

int64_t EventFileTail::Advance(const Take& take) {
  int64_t records = 0;
  while (true) {
    std::error_code error;
    const uint64_t size = fs::file_size(path_, error);
    if (error) return records;
    const bool is_another = IsAnotherFile(size);
    if (size < offset_ || is_another) {
      if (awaits_skipped_ && !is_another) return records;
      offset_ = 0;
      wanted_ = 1;
      awaits_skipped_ = false;
      problem_.clear();
    }
    if (!problem_.empty() || size < offset_ + wanted_) return records;
    const std::string bytes =
        ReadPiece(path_, offset_, std::min(size - offset_, std::max(kPieceBytes, wanted_)));
    const TakenPiece taken = take(offset_, bytes);
    awaits_skipped_ = taken.offset > offset_ + bytes.size();
    const bool stands = taken.offset == offset_;
    records += taken.records;
    offset_ = taken.offset;
    wanted_ = std::max<uint64_t>(taken.wanted, 1);
    problem_ = taken.problem;
    if (stands && wanted_ <= bytes.size()) return records;
  }
}

}  // namespace millwright::tensorboard
