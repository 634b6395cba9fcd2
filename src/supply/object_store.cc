#include "supply/object_store.h"

#include "blob/s3_options.h"

namespace millwright::supply {
namespace {

constexpr int kAttemptsMax = 2;
constexpr int64_t kStallMsMax = 10'000;
constexpr int64_t kConnectMsMax = 3'000;

}  // namespace

bool IsObjectStoreUri(const std::string& uri) {
  return blob::IsS3Uri(uri);
}

std::shared_ptr<blob::BlobStore> OpenObjectStore(const std::string& uri) {
  static const SystemClock clock;  // without a state; of all stores
  blob::S3Options options;
  options.attempts_max = kAttemptsMax;
  options.stall_timeout_ms = kStallMsMax;
  options.connect_timeout_ms = kConnectMsMax;
  return blob::OpenBlobStore(uri, options, clock);
}

}  // namespace millwright::supply
