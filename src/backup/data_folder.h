#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "backup/manifest.h"

namespace millwright::backup {

// Where a server keeps what it has.
struct Places {
  std::filesystem::path data;
  // In the data folder or elsewhere; empty where they are on no disk of this machine, as in S3.
  // Then a backup does not hold them.
  std::filesystem::path artifacts;
  std::string database_uri;
};

// The name below which artifacts stand in a backup, wherever they were.
inline constexpr std::string_view kArtifacts = "artifacts/";
// Files below it are merged into others while a server runs, so that only files of one moment fit
// together.
inline constexpr std::string_view kPredictions = "predictions/";

using FileStamps = std::map<std::string, FileStamp>;

// The files of a data folder that a backup takes, by their path in the backup: all but the
// database, sockets and what is only on its way in (uploads, work files). Links are taken as links.
// Files may come and go meanwhile. `below` restricts it to paths that start so.
FileStamps ListFiles(const Places& places, std::string_view below = "");

// Where a file of the backup is in the data folder.
std::filesystem::path PlaceOf(const Places& places, const std::string& path);

// A file opened for reading, or where a link leads. Nothing when the file is gone.
class OpenedFile {
 public:
  static std::optional<OpenedFile> Open(const std::filesystem::path& path);
  ~OpenedFile();
  OpenedFile(OpenedFile&& other) noexcept;
  OpenedFile& operator=(OpenedFile&&) = delete;

  const FileStamp& stamp() const { return stamp_; }
  bool is_link() const { return descriptor_ < 0; }
  int descriptor() const { return descriptor_; }
  const std::string& link_target() const { return link_target_; }

 private:
  OpenedFile() = default;
  FileStamp stamp_;
  int descriptor_ = -1;
  std::string link_target_;
};

}  // namespace millwright::backup
