#pragma once

#include <map>
#include <memory>
#include <string>

#include "blob/blob_store.h"

namespace millwright::blob {

// One store in whose folders others appear: what is below "mounts/x" is in the store mounted there,
// all else in the first. A store does not know where it is mounted.
class MountedStores : public BlobStore {
 public:
  // By folder, such as "mounts/x", without slashes at its ends; none is in another.
  using Mounts = std::map<std::string, std::unique_ptr<BlobStore>>;
  MountedStores(std::unique_ptr<BlobStore> store, Mounts mounts);

  std::unique_ptr<BlobWriter> Create(const std::string& path) override;
  std::unique_ptr<BlobReader> Open(const std::string& path) override;
  std::unique_ptr<BlobReader> OpenAtOnce(const std::string& path) override;
  std::optional<BlobInfo> Stat(const std::string& path) override;
  std::vector<BlobInfo> List(const std::string& folder) override;
  void RequireWritable(const std::string& path) const override;
  void Move(const std::string& from, const std::string& to) override;
  BlobPage ListPage(const std::string& folder, const std::string& after, size_t max) override;
  void Remove(const std::string& path) override;
  void RemoveEmptyFolder(const std::string& path) override;
  std::optional<std::filesystem::path> LocalPath(const std::string& path) override;
  // Both of the first store; clients reach no mounted one past this server.
  DirectAccess* direct() override { return store_->direct(); }
  std::string address() const override { return store_->address(); }

 private:
  struct Place {
    BlobStore& store;
    std::string path;
  };
  Place Find(const std::string& path) const;

  const std::unique_ptr<BlobStore> store_;
  const Mounts mounts_;
};

}  // namespace millwright::blob
