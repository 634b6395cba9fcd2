#pragma once

#include "blob/blob_store.h"
#include "blob/s3_client.h"

namespace millwright::blob {

// Blobs as objects `<prefix>/<path>` of a bucket. A small blob is one PUT; a larger one goes up in
// parts while it is written, so that memory stays at one part whatever its size, and is seen only
// when all of them are there. Each request carries the SHA-256 and MD5 of its body, by which S3
// refuses what was damaged on the way; a download that is cut goes on where it was, of the same
// object or not at all. S3 has no folders: one is there while something is in it.
class S3Store : public BlobStore {
 public:
  S3Store(S3Options options, const Clock& clock) : client_(std::move(options), clock) {}

  // Throws kUnavailable where a role is to give the keys and does not.
  void RequireCredentials() const { client_.CurrentCredentials(); }

  std::unique_ptr<BlobWriter> Create(const std::string& path) override;
  std::unique_ptr<BlobReader> Open(const std::string& path) override;
  void Read(const std::string& path, uint64_t offset, std::optional<uint64_t> length,
            const std::function<bool(std::string_view)>& each) override;
  std::optional<BlobInfo> Stat(const std::string& path) override;
  std::vector<BlobInfo> List(const std::string& folder) override;
  BlobPage ListPage(const std::string& folder, const std::string& after, size_t max) override;
  void Move(const std::string& from, const std::string& to) override;
  void Remove(const std::string& path) override;
  std::optional<std::filesystem::path> LocalPath(const std::string&) override {
    return std::nullopt;
  }
  DirectAccess* direct() override { return &direct_; }
  std::string address() const override;

 private:
  class Direct : public DirectAccess {
   public:
    explicit Direct(S3Client& client) : client_(client) {}
    std::string DownloadUrl(const std::string& path, int64_t expires_s) override;
    std::string UploadUrl(const std::string& path, int64_t expires_s) override;
    std::string BeginParts(const std::string& path) override;
    std::string PartUrl(const std::string& path, const std::string& upload_id, int number,
                        int64_t expires_s) override;
    void CompleteParts(const std::string& path, const std::string& upload_id,
                       const std::vector<UploadedPart>& parts) override;
    void AbortParts(const std::string& path, const std::string& upload_id) override;

   private:
    S3Client& client_;
  };

  S3Client client_;
  Direct direct_{client_};
};

}  // namespace millwright::blob
