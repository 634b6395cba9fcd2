#pragma once

#include <memory>

#include "blob/blob_store.h"
#include "supply/file_list.h"
#include "supply/origin.h"

namespace millwright::supply {

// A folder of an object store, laid out as FolderOrigin has it: a model, whose version is
// `version`, or folders of versions.
class BlobOrigin : public Origin {
 public:
  // Below `folder` of the store; "" is all of it.
  BlobOrigin(std::shared_ptr<blob::BlobStore> store, std::string folder, std::string version);

  const std::string& address() const override { return address_; }
  Offer Look(const VersionPolicy& policy) override;
  void Fetch(const OfferedVersion& version, const std::filesystem::path& folder) override;

 private:
  std::string FolderOf(const std::string& version) const;
  std::vector<ListedFile> FilesBelow(const std::string& folder);

  const std::shared_ptr<blob::BlobStore> store_;  // shared by the models of a model store
  const std::string folder_;
  const std::string version_;
  const std::string address_;
  bool has_versions_ = false;
};

}  // namespace millwright::supply
