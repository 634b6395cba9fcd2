#include "blob/blob_store.h"

#include "base/error.h"
#include "blob/file_store.h"

namespace millwright::blob {

std::string BlobStore::ReadAll(const std::string& path) {
  std::string bytes;
  Read(path, 0, std::nullopt, [&](std::string_view part) {
    bytes.append(part);
    return true;
  });
  return bytes;
}

std::string BlobStore::Put(const std::string& path, std::string_view bytes) {
  const auto writer = Create(path);
  writer->Write(bytes);
  return writer->Commit();
}

std::unique_ptr<BlobStore> OpenBlobStore(const std::string& uri) {
  constexpr std::string_view kFile = "file://";
  if (uri.starts_with(kFile)) return std::make_unique<FileStore>(uri.substr(kFile.size()));
  if (uri.find("://") != std::string::npos) {
    throw InvalidArgument("No blob store for this address: {}", uri);
  }
  return std::make_unique<FileStore>(uri);
}

}  // namespace millwright::blob
