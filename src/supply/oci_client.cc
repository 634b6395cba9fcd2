#include "supply/oci_client.h"

#include <cstdlib>
#include <fstream>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "fetch/retry.h"

namespace millwright::supply {
namespace {

constexpr int64_t kCallMsMax = 10'000;
constexpr int64_t kStallMsMax = 20'000;
constexpr size_t kWordsMax = 300;  // of a registry's own, in a message
constexpr const char* kManifestTypes =
    "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json";

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::filesystem::path DockerConfig() {
  const std::string folder = Environment("DOCKER_CONFIG");
  if (!folder.empty()) return std::filesystem::path(folder) / "config.json";
  return std::filesystem::path(Environment("HOME")) / ".docker/config.json";
}

// What docker login keeps for a host, "" for none. Helpers that keep secrets elsewhere are not run.
std::string DockerAuth(const std::string& host) {
  try {
    const Json config = ParseJson(ReadFile(DockerConfig()));
    const Json* auths = config.Find("auths");
    const Json* entry = auths == nullptr ? nullptr : auths->Find(host);
    return entry == nullptr ? "" : entry->GetString("auth");
  } catch (const Error&) {
    return "";
  }
}

std::string BasicHeader(const std::string& host) {
  const std::string user = Environment("OCI_USERNAME");
  const std::string auth =
      user.empty() ? DockerAuth(host) : Base64(user + ":" + Environment("OCI_PASSWORD"));
  return auth.empty() ? "" : "Basic " + auth;
}

// A parameter of a challenge: realm of `Bearer realm="https://…",service="…"`.
std::string ParameterOf(std::string_view challenge, std::string_view name) {
  const std::string begin = std::string(name) + "=\"";
  const size_t at = challenge.find(begin);
  if (at == std::string_view::npos) return "";
  challenge.remove_prefix(at + begin.size());
  return std::string(challenge.substr(0, challenge.find('"')));
}

Error RefusalOf(const fetch::FetchResponse& response, const std::string& url) {
  const std::string where = fetch::WithoutSecrets(url);
  const std::string words = response.body.substr(0, kWordsMax);
  switch (response.status) {
    case 401:
    case 403:
      return PermissionDenied("The registry does not let us read {}: {}", where, words);
    case 404:
      return NotFound("In the registry", where);
    default:
      return Unavailable("The registry answered {} to {}: {}", response.status, where, words);
  }
}

bool IsForLinux(const Json& entry) {
  const Json* platform = entry.Find("platform");
  return platform == nullptr ||
         (platform->GetString("os") == "linux" && platform->GetString("architecture") == "amd64");
}

}  // namespace

OciClient::OciClient(OciReference reference, const std::stop_token& stop)
    : reference_(std::move(reference)), stop_(stop), basic_(BasicHeader(reference_.host)) {}

fetch::FetchResponse OciClient::Send(fetch::FetchRequest request) {
  if (!authorization_.empty()) request.headers.emplace_back("Authorization", authorization_);
  return fetch_.Fetch(request);
}

fetch::FetchResponse OciClient::Ask(fetch::FetchRequest request) {
  request.stop = stop_;
  request.follow_redirects = true;  // blobs often lie in an object store
  fetch::FetchResponse response = Send(request);
  if (response.status == 401) {
    Authorize(response.Header("WWW-Authenticate"));
    response = Send(request);
  }
  if (response.status != 200) throw RefusalOf(response, request.url);
  return response;
}

void OciClient::Authorize(std::string_view challenge) {
  authorization_.clear();
  if (challenge.starts_with("Bearer ")) {
    FetchToken(challenge);
  } else if (challenge.starts_with("Basic ")) {
    authorization_ = basic_;
  }
}

void OciClient::FetchToken(std::string_view challenge) {
  const std::string realm = ParameterOf(challenge, "realm");
  // The user's password goes nowhere in the clear but to this machine.
  const bool is_safe = realm.starts_with("https://") || fetch::IsLoopbackUrl(realm);
  if (!is_safe && !(reference_.is_plain && realm.starts_with("http://"))) return;
  fetch::FetchRequest request{.url = realm, .timeout_ms = kCallMsMax, .stop = stop_};
  request.url += realm.find('?') == std::string::npos ? '?' : '&';
  request.url += "scope=" + fetch::PercentEncode("repository:" + reference_.repository + ":pull");
  const std::string service = ParameterOf(challenge, "service");
  if (!service.empty()) request.url += "&service=" + fetch::PercentEncode(service);
  if (!basic_.empty() && is_safe) request.headers.emplace_back("Authorization", basic_);
  const fetch::FetchResponse response = fetch_.Fetch(request);
  if (response.status != 200) throw RefusalOf(response, realm);
  const Json answer = ParseJson(response.body);
  const std::string token = answer.GetString("token", answer.GetString("access_token"));
  if (!token.empty()) authorization_ = "Bearer " + token;
}

OciManifest OciClient::ManifestOf(const std::string& name) {
  fetch::FetchRequest request{.url = reference_.BaseUrl() + "/manifests/" + name,
                              .headers = {{"Accept", kManifestTypes}},
                              .timeout_ms = kCallMsMax,
                              .body_bytes_max = kOciManifestBytesMax,
                              .retries = 1};
  const fetch::FetchResponse response = Ask(std::move(request));
  OciManifest manifest{.digest = "sha256:" + Sha256Hex(response.body), .document = {}};
  if (IsSha256Digest(name) && name != manifest.digest) {
    throw Internal("The registry gave a manifest {} for {}", manifest.digest, name);
  }
  manifest.document = ParseJson(response.body);
  return manifest;
}

OciManifest OciClient::ReadManifest() {
  OciManifest manifest = ManifestOf(reference_.digest.empty() ? reference_.tag : reference_.digest);
  const Json* entries = manifest.document.Find("manifests");
  if (entries == nullptr) return manifest;
  for (const Json& entry : entries->AsArray("manifests")) {
    if (!IsForLinux(entry)) continue;
    const std::string digest = entry.GetString("digest");
    if (!IsSha256Digest(digest)) throw InvalidArgument("The index names no SHA-256: {}", digest);
    return ManifestOf(digest);
  }
  throw NotFound("Manifest for linux on amd64", reference_.repository);
}

void OciClient::ReadBlob(const std::string& digest, uint64_t bytes,
                         const std::filesystem::path& file) {
  if (!IsSha256Digest(digest)) throw InvalidArgument("A layer's digest is no SHA-256: {}", digest);
  if (bytes > kOciLayerBytesMax) throw ResourceExhausted("A layer of {} bytes is too large", bytes);
  std::filesystem::create_directories(file.parent_path());
  std::ofstream out;
  uint64_t come = 0;
  Digest sum(Digest::Kind::kSha256);
  fetch::FetchRequest request{.url = reference_.BaseUrl() + "/blobs/" + digest, .timeout_ms = 0};
  request.stall_timeout_ms = kStallMsMax;
  request.body_bytes_max = kOciLayerBytesMax;
  request.on_head = [&](const fetch::FetchResponse&) {
    out.open(file, std::ios::binary | std::ios::trunc);
  };
  request.on_body = [&](std::string_view piece) {
    come += piece.size();
    sum.Update(piece);
    out.write(piece.data(), static_cast<std::streamsize>(piece.size()));
    return out.good() && come <= bytes;
  };
  Ask(std::move(request));
  out.close();
  if (come != bytes) throw InvalidArgument("Layer {} has not the {} bytes declared", digest, bytes);
  if (!out) throw ResourceExhausted("Cannot write {}", file.string());
  if ("sha256:" + sum.FinishHex() != digest) {
    throw Internal("The registry gave other bytes than those of {}", digest);
  }
}

}  // namespace millwright::supply
