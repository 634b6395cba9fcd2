#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millwright::blob {

struct BlobInfo {
  std::string path;  // relative to the store, or to the listed folder where List says so
  bool is_folder = false;
  uint64_t bytes = 0;
};

// Receives one blob's bytes; nothing is visible before Commit, and destruction without it removes
// what was written.
class BlobWriter {
 public:
  virtual ~BlobWriter() = default;
  virtual void Write(std::string_view bytes) = 0;
  // Makes the blob durable and visible. Returns its SHA-256 as hex.
  virtual std::string Commit() = 0;
};

// Files by path, on a local folder or S3. Paths are relative with '/' and confined to the root:
// anything else throws kInvalidArgument "Invalid path". Thread-safe.
class BlobStore {
 public:
  virtual ~BlobStore() = default;

  virtual std::unique_ptr<BlobWriter> Create(const std::string& path) = 0;
  // Calls `each` with the bytes from `offset` on, at most `length`. Throws kNotFound.
  virtual void Read(const std::string& path, uint64_t offset, std::optional<uint64_t> length,
                    const std::function<bool(std::string_view)>& each) = 0;
  virtual std::optional<BlobInfo> Stat(const std::string& path) = 0;
  // Lists the direct children of a folder, sorted by path; empty for a file or nothing.
  virtual std::vector<BlobInfo> List(const std::string& folder) = 0;
  // Removes a blob or a folder with all it holds; nothing when absent.
  virtual void Remove(const std::string& path) = 0;
  // The local file of a blob when there is one (for sendfile and mmap), else nothing.
  virtual std::optional<std::filesystem::path> LocalPath(const std::string& path) = 0;

  // Helpers on top.
  std::string ReadAll(const std::string& path);
  std::string Put(const std::string& path, std::string_view bytes);
};

// Opens a folder (a plain path or file:///…), made if absent.
std::unique_ptr<BlobStore> OpenBlobStore(const std::string& uri);

}  // namespace millwright::blob
