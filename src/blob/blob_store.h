#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace millwright::blob {

struct S3Options;

struct BlobInfo {
  std::string path;  // relative to the store, or to the listed folder where List says so
  bool is_folder = false;
  uint64_t bytes = 0;
  // Of a file: changes whenever its bytes do. Means nothing to anybody but the store.
  std::string version = {};
  int64_t modified_ms = 0;  // of a file in a listing
};

struct BlobPage {
  std::vector<BlobInfo> entries;
  std::string next;  // asks for the page behind this one; empty at the end
};

// A part that a client put to a URL of DirectAccess, and what the store called it then.
struct UploadedPart {
  int number = 0;  // from 1
  std::string tag;
};

// Ways to and from a store's own servers, for clients that move large files past this one. Paths
// are confined as the store's; a URL is good for `expires_s` seconds.
class DirectAccess {
 public:
  virtual ~DirectAccess() = default;
  virtual std::string DownloadUrl(const std::string& path, int64_t expires_s) = 0;
  virtual std::string UploadUrl(const std::string& path, int64_t expires_s) = 0;
  // Begins an upload in parts and returns its id. Nothing of it is seen before CompleteParts.
  virtual std::string BeginParts(const std::string& path) = 0;
  virtual std::string PartUrl(const std::string& path, const std::string& upload_id, int number,
                              int64_t expires_s) = 0;
  virtual void CompleteParts(const std::string& path, const std::string& upload_id,
                             const std::vector<UploadedPart>& parts) = 0;
  virtual void AbortParts(const std::string& path, const std::string& upload_id) = 0;
};

// Receives one blob's bytes; nothing is visible before Commit, and destruction without it removes
// what was written.
class BlobWriter {
 public:
  virtual ~BlobWriter() = default;
  virtual void Write(std::string_view bytes) = 0;
  // Ends the bytes and returns their SHA-256 as hex; nothing is visible yet.
  virtual std::string Finish() = 0;
  // Makes what was finished durable and visible. Returns BlobInfo::version of it.
  virtual std::string Commit() = 0;
};

// One version of a blob, held open: whatever is put to its path meanwhile, these bytes are read or
// an error. Used by one thread at a time.
class BlobReader {
 public:
  explicit BlobReader(BlobInfo info) : info_(std::move(info)) {}
  virtual ~BlobReader() = default;
  BlobReader(const BlobReader&) = delete;
  const BlobInfo& info() const { return info_; }
  // Calls `each` with the bytes from `offset` on, at most `length`, until it returns false. Fewer
  // come of a file that was cut short meanwhile.
  virtual void Read(uint64_t offset, std::optional<uint64_t> length,
                    const std::function<bool(std::string_view)>& each) = 0;
  // All of it, where it is in memory and reading takes no waiting for a disk; nothing otherwise.
  virtual std::optional<std::string> ReadAtOnce() { return std::nullopt; }
  // The open file, where the store is on this machine; closed with the reader.
  virtual std::optional<int> descriptor() const { return std::nullopt; }
  // Whether somebody wrote into the open file itself since it was opened.
  virtual bool WasChanged() const { return false; }

 private:
  const BlobInfo info_;
};

// Files by path, on a local folder or S3. Paths are relative with '/' and confined to the root:
// anything else throws InvalidPath (base/file.h). Thread-safe.
class BlobStore {
 public:
  virtual ~BlobStore() = default;

  virtual std::unique_ptr<BlobWriter> Create(const std::string& path) = 0;
  // Nothing when there is no such blob, a folder included.
  virtual std::unique_ptr<BlobReader> Open(const std::string& path) = 0;
  // As Open, where that takes no waiting for a disk or another server; nothing otherwise.
  virtual std::unique_ptr<BlobReader> OpenAtOnce(const std::string&) { return nullptr; }
  virtual std::optional<BlobInfo> Stat(const std::string& path) = 0;
  // Lists the direct children of a folder, sorted by path; empty for a file or nothing.
  virtual std::vector<BlobInfo> List(const std::string& folder) = 0;
  // The same a page at a time, in an order of the store's own; `after` is BlobPage::next of the
  // page before, empty for the first.
  virtual BlobPage ListPage(const std::string& folder, const std::string& after, size_t max) = 0;
  // Removes a blob or a folder with all it holds; nothing when absent.
  virtual void Remove(const std::string& path) = 0;
  // Removes a folder that holds nothing, where the store has such; nothing otherwise.
  virtual void RemoveEmptyFolder(const std::string&) {}
  // The local file of a blob when there is one (for sendfile and mmap), else nothing.
  virtual std::optional<std::filesystem::path> LocalPath(const std::string& path) = 0;
  // How whoever reaches the store itself writes it down: s3://bucket/prefix or a folder's absolute
  // path, without a slash at its end.
  virtual std::string address() const = 0;
  // Nothing for stores that clients cannot reach themselves.
  virtual DirectAccess* direct() { return nullptr; }

  // Throws kPermissionDenied where Remove and Move of this path would.
  virtual void RequireWritable(const std::string&) const {}
  // Moves a blob or a folder with all it holds to a place where nothing is; nothing when absent.
  // A crash, or an error of S3, may leave a part of a folder where it was, never lose it.
  virtual void Move(const std::string& from, const std::string& to) = 0;

  // Opens and reads. Throws kNotFound.
  virtual void Read(const std::string& path, uint64_t offset, std::optional<uint64_t> length,
                    const std::function<bool(std::string_view)>& each);

  // Helpers on top.
  std::string ReadAll(const std::string& path);
  std::string Put(const std::string& path, std::string_view bytes);
};

// Opens a folder (a plain path or file:///…), made if absent, or a bucket (s3://bucket/prefix) as
// `s3` and the environment say. The clock must outlive the store.
std::unique_ptr<BlobStore> OpenBlobStore(const std::string& uri, const S3Options& s3,
                                         const Clock& clock);

}  // namespace millwright::blob
