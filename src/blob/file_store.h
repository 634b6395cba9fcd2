#pragma once

#include <filesystem>

#include "blob/blob_store.h"

namespace millwright::blob {

// Blobs as plain files below one folder. A blob is written to <root>/.uploads and renamed into
// place after fsync, so that a reader or a crash sees the old file, the new one or none. Two
// writers of one path: the last Commit wins, whole.
class FileStore : public BlobStore {
 public:
  // Makes the folder when absent and clears away what a crash left of uploads: nobody locks it.
  explicit FileStore(std::filesystem::path root);
  // A folder that belongs to somebody else: nothing is made, cleared away or changed in it, and
  // Create and Remove throw kPermissionDenied.
  enum class Access { kReadWrite, kReadOnly };
  FileStore(std::filesystem::path root, Access access);
  ~FileStore() override;

  std::unique_ptr<BlobWriter> Create(const std::string& path) override;
  std::unique_ptr<BlobReader> Open(const std::string& path) override;
  std::unique_ptr<BlobReader> OpenAtOnce(const std::string& path) override;
  std::optional<BlobInfo> Stat(const std::string& path) override;
  std::vector<BlobInfo> List(const std::string& folder) override;
  BlobPage ListPage(const std::string& folder, const std::string& after, size_t max) override;
  void RequireWritable(const std::string& path) const override;
  void Move(const std::string& from, const std::string& to) override;
  void Remove(const std::string& path) override;
  void RemoveEmptyFolder(const std::string& path) override;
  std::optional<std::filesystem::path> LocalPath(const std::string& path) override;
  std::string address() const override { return root_.string(); }

 private:
  // The place of a blob; refuses the root itself and the uploads folder.
  std::filesystem::path Place(const std::string& path) const;

  const std::filesystem::path root_;
  const Access access_;
  const std::filesystem::path uploads_;
  int root_fd_ = -1;  // of a folder of our own, which stays where it is while it is open
};

}  // namespace millwright::blob
