#pragma once

#include "supply/oci_client.h"
#include "supply/origin.h"

namespace millwright::supply {

// A model as an artifact or image of an OCI registry. Its version is the manifest's annotation
// org.opencontainers.image.version, else the first 12 digits of the manifest's digest; its tag is a
// label. Layers with a title (ORAS) are files of that name, layers that are tar archives are
// unpacked, one over the other; links and special files are left out. An image whose files are all
// below models/, as KServe has it, is that folder.
class OciOrigin : public Origin {
 public:
  OciOrigin(const std::string& uri, const std::stop_token& stop);

  const std::string& address() const override { return uri_; }
  Offer Look(const VersionPolicy& policy) override;
  void Fetch(const OfferedVersion& version, const std::filesystem::path& folder) override;

 private:
  const std::string uri_;
  const OciReference reference_;
  OciClient client_;
  OciManifest manifest_;  // as Look saw it
};

}  // namespace millwright::supply
