#pragma once

#include <string>
#include <vector>

#include "base/digest.h"
#include "blob/blob_store.h"
#include "blob/s3_client.h"

namespace millwright::blob {

// S3's own limits.
inline constexpr int kS3PartsMax = 10'000;
inline constexpr int64_t kS3ObjectBytesMax = 5LL << 40;

inline constexpr uint64_t kS3CopyBytesMax = 5ULL << 30;  // by one call

// A tag as headers and XML quote it, without the quotes.
std::string Unquoted(std::string_view tag);

// Copies an object inside of S3, in parts where it is larger than one call takes.
void CopyObject(S3Client& client, const std::string& full_source_key, const std::string& key,
                uint64_t bytes);

std::string BeginMultipart(S3Client& client, const std::string& key);
// Returns the whole object's tag, without quotes.
std::string CompleteMultipart(S3Client& client, const std::string& key,
                              const std::string& upload_id, const std::vector<UploadedPart>& parts);
// Only logs where it fails: the parts then wait for the bucket's own rule to clean up.
void AbortMultipart(S3Client& client, const std::string& key, const std::string& upload_id);

// Holds one part at a time. Parts grow with their number, so that S3's limit of parts is never the
// limit of a blob's size.
class S3Upload : public BlobWriter {
 public:
  S3Upload(S3Client& client, std::string key);
  // Gives up an upload that was not committed.
  ~S3Upload() override;

  void Write(std::string_view bytes) override;
  std::string Finish() override { return digest_.FinishHex(); }
  std::string Commit() override;

 private:
  uint64_t PartBytes() const;
  void SendPart();

  S3Client& client_;
  const std::string key_;
  std::string part_;
  std::string upload_id_;
  std::vector<UploadedPart> sent_;
  Digest digest_;
  bool committed_ = false;
};

}  // namespace millwright::blob
