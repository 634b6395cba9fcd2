#include "scan/extract.h"

#include <fstream>
#include <memory>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "scan/archive_library.h"
#include "scan/unpacked.h"

namespace millwright::scan {
namespace {

constexpr size_t kChunkBytes = size_t{256} << 10;
constexpr std::string_view kRemoved = ".wh.";
constexpr std::string_view kAllRemoved = ".wh..wh..opq";

struct FreeArchive {
  void operator()(archive* reader) const { archive_read_free(reader); }
};

// Walks an archive file and writes what it holds.
class Extraction {
 public:
  Extraction(const std::filesystem::path& archive, const std::filesystem::path& folder)
      : name_(archive.filename().string()),
        packed_bytes_(std::filesystem::file_size(archive)),
        folder_(folder),
        reader_(archive_read_new()) {
    archive_read_support_filter_bzip2(reader_.get());
    archive_read_support_filter_gzip(reader_.get());
    archive_read_support_filter_xz(reader_.get());
    archive_read_support_filter_zstd(reader_.get());
    archive_read_support_format_tar(reader_.get());
    if (archive_read_open_filename(reader_.get(), archive.c_str(), kChunkBytes) != ARCHIVE_OK) {
      throw Damaged();
    }
  }

  void Run() {
    archive_entry* entry = nullptr;
    while (true) {
      const int status = archive_read_next_header(reader_.get(), &entry);
      if (status == ARCHIVE_EOF) return;
      if (status < ARCHIVE_WARN) throw Damaged();
      if (++members_ > UnpackBudget::kMembersMax) {
        throw ResourceExhausted("An archive of more than {} files", UnpackBudget::kMembersMax);
      }
      Take(entry);
    }
  }

 private:
  Error Damaged() const {
    const char* text = archive_error_string(reader_.get());
    return InvalidArgument("The archive {} is damaged: {}", name_,
                           text == nullptr ? "it cannot be read" : text);
  }

  void Take(archive_entry* entry) {
    const char* name = archive_entry_pathname(entry);
    if (name == nullptr) throw Damaged();
    std::string_view relative = name;
    // Some tools write absolute names for what belongs below the root.
    while (relative.starts_with('/')) relative.remove_prefix(1);
    while (relative.ends_with('/')) relative.remove_suffix(1);
    const std::filesystem::path target = ConfinedPath(folder_, relative);
    if (target == folder_ || relative.empty() || relative == ".") return;
    const bool is_link =
        archive_entry_hardlink(entry) != nullptr || archive_entry_symlink(entry) != nullptr;
    const std::string last = target.filename().string();
    if (last == kAllRemoved) {
      for (const auto& one : std::filesystem::directory_iterator(target.parent_path())) {
        std::filesystem::remove_all(one.path());
      }
    } else if (last.starts_with(kRemoved)) {
      std::filesystem::remove_all(target.parent_path() / last.substr(kRemoved.size()));
    } else if (!is_link && archive_entry_filetype(entry) == AE_IFDIR) {
      std::filesystem::create_directories(target);
    } else if (!is_link && archive_entry_filetype(entry) == AE_IFREG) {
      Write(target);
    }
  }

  void Write(const std::filesystem::path& target) {
    std::filesystem::create_directories(target.parent_path());
    if (std::filesystem::is_directory(target)) std::filesystem::remove_all(target);
    std::ofstream out(target, std::ios::binary | std::ios::trunc);
    std::vector<char> chunk(kChunkBytes);
    while (true) {
      const auto count = archive_read_data(reader_.get(), chunk.data(), chunk.size());
      if (count < 0) throw Damaged();
      if (count == 0) break;
      unpacked_bytes_ += static_cast<uint64_t>(count);
      if (UnpackBudget::IsBomb(packed_bytes_, unpacked_bytes_)) {
        throw ResourceExhausted("The archive {} expands without end", name_);
      }
      out.write(chunk.data(), count);
      if (!out) break;
    }
    out.close();
    if (!out) throw ResourceExhausted("Cannot write {}", target.string());
  }

  const std::string name_;
  const uint64_t packed_bytes_;
  const std::filesystem::path folder_;
  const std::unique_ptr<archive, FreeArchive> reader_;
  uint64_t members_ = 0;
  uint64_t unpacked_bytes_ = 0;
};

}  // namespace

void ExtractTar(const std::filesystem::path& archive, const std::filesystem::path& folder) {
  try {
    Extraction(archive, folder).Run();
  } catch (const std::filesystem::filesystem_error& error) {
    throw InvalidArgument("The archive cannot be unpacked: {}", error.what());
  }
}

}  // namespace millwright::scan
