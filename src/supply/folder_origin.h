#pragma once

#include "supply/origin.h"

namespace millwright::supply {

// A file or folder of this machine: a model, whose version is `version`, or a folder whose folders
// with numbers as names are the versions, as TensorFlow Serving and Triton lay them out. Other
// files beside those, such as Triton's config.pbtxt, are passed over.
class FolderOrigin : public Origin {
 public:
  FolderOrigin(std::filesystem::path path, std::string version);

  const std::string& address() const override { return address_; }
  Offer Look(const VersionPolicy& policy) override;
  std::optional<std::filesystem::path> LocalPath(const std::string& version) override;
  void Fetch(const OfferedVersion& version, const std::filesystem::path& folder) override;

 private:
  const std::filesystem::path path_;
  const std::string version_;
  const std::string address_;
  bool has_versions_ = false;  // as Look saw it last
};

}  // namespace millwright::supply
