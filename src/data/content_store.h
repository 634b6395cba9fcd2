#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/digest.h"

namespace millwright::data {

// The hashes of some bytes, both taken in one pass.
struct ContentHash {
  std::string md5;
  std::string sha256;
  uint64_t bytes = 0;
};

// Bytes on their way into the store: a temporary file that is hashed while it is written and that
// is removed unless it was kept.
class Incoming {
 public:
  // Makes the file in `folder`.
  explicit Incoming(const std::filesystem::path& folder);
  ~Incoming();
  Incoming(const Incoming&) = delete;
  Incoming& operator=(const Incoming&) = delete;

  const std::filesystem::path& path() const { return path_; }
  // Throws kResourceExhausted when the disk is full.
  void Write(std::string_view bytes);
  // Makes the bytes durable and tells their hashes; no more writing afterwards.
  ContentHash Finish();

 private:
  void Close();

  std::filesystem::path path_;
  int fd_ = -1;
  Digest md5_{Digest::Kind::kMd5};
  Digest sha256_{Digest::Kind::kSha256};
  uint64_t bytes_ = 0;
};

// Files named by their content, below one folder:
//   raw/sha256/ab/cdef…   raw bytes as they came, by SHA-256
//   files/md5/ab/cdef…    tables as Parquet, by MD5: the layout of DVC's cache and remotes
//   tmp/                  what is being written; leftovers of a crash go after a day
// Stored files are read-only (0444), as DVC expects of what it need not hash again. Thread-safe,
// and safe between processes: a file appears whole or not at all.
class ContentStore {
 public:
  // Makes the folders. Throws kInternal when it cannot.
  explicit ContentStore(std::filesystem::path root);

  const std::filesystem::path& temp_folder() const { return temp_; }
  std::filesystem::path RawPath(const std::string& sha256) const;
  std::filesystem::path TablePath(const std::string& md5) const;

  // Moves a finished file to its place and makes that durable; content that is there already stays
  // as it is. Return the place.
  std::filesystem::path KeepRaw(const std::filesystem::path& file, const ContentHash& hash);
  std::filesystem::path KeepTable(const std::filesystem::path& file, const ContentHash& hash);

  // A name in tmp/ that nothing uses yet, for a file that another library writes.
  std::filesystem::path NewTempPath() const;
  // Hashes a file that another library wrote and makes it durable.
  static ContentHash HashDurably(const std::filesystem::path& file);

 private:
  void RemoveLeftovers() const;

  std::filesystem::path root_;
  std::filesystem::path temp_;
};

}  // namespace millwright::data
