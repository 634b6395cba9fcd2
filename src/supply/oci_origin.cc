#include "supply/oci_origin.h"

#include "base/error.h"
#include "base/file.h"
#include "base/id.h"
#include "scan/extract.h"
#include "supply/file_list.h"

namespace millwright::supply {
namespace {

constexpr std::string_view kDigestScheme = "sha256:";
constexpr size_t kVersionDigits = 12;
constexpr size_t kLayersMax = 1'000;
constexpr size_t kVersionBytesMax = 128;
constexpr std::string_view kImageFolder = "models";

std::string AnnotationOf(const Json& object, std::string_view name) {
  const Json* annotations = object.Find("annotations");
  return annotations == nullptr ? "" : annotations->GetString(name);
}

std::string HexOf(const std::string& digest) {
  return digest.substr(kDigestScheme.size());
}

// A version stands in URLs.
bool IsUsable(const std::string& version) {
  return !version.empty() && version.size() <= kVersionBytesMax &&
         version.find_first_of("/:@?#%\\ ") == std::string::npos;
}

bool IsTar(const std::string& media_type) {
  return media_type.find("tar") != std::string::npos;
}

void PlaceLayer(OciClient& client, const Json& layer, const std::filesystem::path& folder) {
  const std::string title = AnnotationOf(layer, "org.opencontainers.image.title");
  const bool is_packed = AnnotationOf(layer, "io.deis.oras.content.unpack") == "true" ||
                         (title.empty() && IsTar(layer.GetString("mediaType")));
  const std::string digest = layer.GetString("digest");
  const auto bytes = static_cast<uint64_t>(layer.GetInt("size"));
  if (!is_packed) {
    if (title.empty()) return;  // a config or a signature is no file of the model
    return client.ReadBlob(digest, bytes, ConfinedPath(folder, title));
  }
  // Beside the folder, in which it might meet a file of its name.
  const auto packed = folder.parent_path() / NewShortId("layer-");
  client.ReadBlob(digest, bytes, packed);
  scan::ExtractTar(packed, folder);
  std::filesystem::remove(packed);
}

// Takes what an image has below models/ up, where it has nothing else that is a model.
void Unwrap(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string());
  }
  if (names.empty())
    throw InvalidArgument("The artifact has no layer that is a file or an archive");
  const auto inner = folder / kImageFolder;
  if (HoldsModel(names) || !std::filesystem::is_directory(inner)) return;
  const auto aside = folder.parent_path() / NewShortId("models-");
  std::filesystem::rename(inner, aside);
  std::filesystem::remove_all(folder);
  std::filesystem::rename(aside, folder);
}

}  // namespace

OciOrigin::OciOrigin(const std::string& uri, const std::stop_token& stop)
    : uri_(uri), reference_(ParseOciReference(uri)), client_(reference_, stop) {}

Offer OciOrigin::Look(const VersionPolicy& /*one is all there is*/) {
  manifest_ = client_.ReadManifest();
  std::string version = AnnotationOf(manifest_.document, "org.opencontainers.image.version");
  if (!IsUsable(version)) version = HexOf(manifest_.digest).substr(0, kVersionDigits);
  Offer offer;
  offer.versions.push_back({version, HexOf(manifest_.digest)});
  if (!reference_.tag.empty()) offer.labels[reference_.tag] = version;
  return offer;
}

void OciOrigin::Fetch(const OfferedVersion& version, const std::filesystem::path& folder) {
  if (manifest_.digest.empty() || HexOf(manifest_.digest) != version.digest) {
    throw Aborted("{} names another artifact than it did", uri_);
  }
  const auto& layers = manifest_.document.At("layers").AsArray("layers");
  if (layers.size() > kLayersMax) throw ResourceExhausted("{} has too many layers", uri_);
  for (const Json& layer : layers) PlaceLayer(client_, layer, folder);
  Unwrap(folder);
}

}  // namespace millwright::supply
