#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "storage/dump.h"

namespace millwright::backup {

// An object of a repository: some bytes by their SHA-256.
struct ObjectRef {
  std::string sha256;
  uint64_t bytes = 0;
};

// How a file was when it was read. Equal stamps mean that it need not be read again.
struct FileStamp {
  uint64_t bytes = 0;
  uint32_t mode = 0;  // with the type: a symbolic link's object holds where it leads
  int64_t modified_ns = 0;
  int64_t changed_ns = 0;
  uint64_t inode = 0;
  bool operator==(const FileStamp&) const = default;
};

struct SavedFile {
  FileStamp stamp;
  std::string sha256;
};
// By path in the data folder; what is kept elsewhere has the path that it has there by default.
using SavedFiles = std::map<std::string, SavedFile>;

struct SavedTable {
  storage::TableShape shape;
  int64_t rows = 0;
  std::vector<ObjectRef> slices;  // rows by row_codec.h, in order
};

// All that one backup is. Its text is a JSON document; the list of files is an object of its own.
struct Manifest {
  std::string program;  // the version that wrote it
  int64_t created_ms = 0;
  std::string data_folder;      // where things were, to find what refers to there
  std::string artifact_folder;  //
  storage::DatabaseShape database;
  std::vector<SavedTable> tables;
  int64_t file_count = 0;
  uint64_t file_bytes = 0;
  ObjectRef file_list;
  // Files that a row names and that were gone, or were others, when they were to be read.
  std::vector<std::string> missing;
};

Json ManifestJson(const Manifest& manifest);
// Throws kInvalidArgument for what is no manifest, kFailedPrecondition for one of a later format.
Manifest ParseManifest(std::string_view text);

// A line a file: its hash, stamp and path.
std::string FileListText(const SavedFiles& files);
SavedFiles ParseFileList(std::string_view text);

}  // namespace millwright::backup
