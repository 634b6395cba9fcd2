#pragma once

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "base/json.h"
#include "fetch/client.h"
#include "supply/oci_reference.h"

namespace millwright::supply {

inline constexpr uint64_t kOciLayerBytesMax = uint64_t{1} << 40;
inline constexpr size_t kOciManifestBytesMax = size_t{4} << 20;

struct OciManifest {
  std::string digest;  // "sha256:…" of the document
  Json document;
};

// Reads one repository of a registry by the OCI distribution protocol. Where the registry wants to
// know who asks, the user and password of OCI_USERNAME and OCI_PASSWORD or of docker's config.json
// (DOCKER_CONFIG or ~/.docker) are given, as a Basic header or for a token, which is kept until it
// is refused. Used by one thread at a time.
class OciClient {
 public:
  OciClient(OciReference reference, const std::stop_token& stop);

  // The manifest that the reference names; of an index, that of linux on amd64. Its bytes are
  // compared with the digest by which they were asked for. Throws kNotFound.
  OciManifest ReadManifest();
  // Copies a blob into a file. Throws kInternal when the bytes are not those of the digest, and
  // kInvalidArgument when there are not `bytes` of them.
  void ReadBlob(const std::string& digest, uint64_t bytes, const std::filesystem::path& file);

 private:
  OciManifest ManifestOf(const std::string& name);
  // Asks, and once more with what the answer 401 wants. Throws for all but 200.
  fetch::FetchResponse Ask(fetch::FetchRequest request);
  fetch::FetchResponse Send(fetch::FetchRequest request);
  void Authorize(std::string_view challenge);
  void FetchToken(std::string_view challenge);

  const OciReference reference_;
  const std::stop_token stop_;
  const std::string basic_;    // "Basic …", empty without a user
  std::string authorization_;  // what the registry took last
  fetch::Client fetch_;
};

}  // namespace millwright::supply
