#pragma once

#include <string>

namespace millwright::supply {

bool IsOciUri(const std::string& uri);

// oci://host[:port]/repository[:tag][@sha256:…], the tag "latest" when neither is given. A host of
// this machine and oci+http:// are asked by HTTP, all others by HTTPS.
struct OciReference {
  std::string host;  // with the port
  std::string repository;
  std::string tag;     // may be empty where there is a digest
  std::string digest;  // "sha256:…", or empty
  bool is_plain = false;

  std::string BaseUrl() const;  // "https://host/v2/repository"
};
// Throws kInvalidArgument for text of another form.
OciReference ParseOciReference(const std::string& uri);

// Whether text is "sha256:" and 64 hex digits.
bool IsSha256Digest(const std::string& text);

}  // namespace millwright::supply
