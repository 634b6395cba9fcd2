#include "blob/blob_store.h"

#include <cstdlib>

#include "base/error.h"
#include "blob/file_store.h"
#include "blob/s3_store.h"

namespace millwright::blob {

void BlobStore::Read(const std::string& path, uint64_t offset, std::optional<uint64_t> length,
                     const std::function<bool(std::string_view)>& each) {
  const auto reader = Open(path);
  if (!reader) throw NotFound("Blob", path);
  reader->Read(offset, length, each);
}

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
  std::string sha256 = writer->Finish();
  writer->Commit();
  return sha256;
}

std::unique_ptr<BlobStore> OpenBlobStore(const std::string& uri, const S3Options& s3,
                                         const Clock& clock) {
  constexpr std::string_view kFile = "file://";
  if (uri.starts_with(kFile)) return std::make_unique<FileStore>(uri.substr(kFile.size()));
  if (IsS3Uri(uri)) {
    const Environment environment = [](const char* name) { return std::getenv(name); };
    auto store = std::make_unique<S3Store>(CompleteS3Options(uri, s3, environment), clock);
    try {
      store->RequireCredentials();
    } catch (const Error& error) {
      throw InvalidArgument("{} ({})", NoCredentials(uri).message(), error.message());
    }
    return store;
  }
  if (uri.find("://") != std::string::npos) {
    throw InvalidArgument("No blob store for this address: {}", uri);
  }
  return std::make_unique<FileStore>(uri);
}

}  // namespace millwright::blob
