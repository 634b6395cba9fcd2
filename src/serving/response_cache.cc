#include "serving/response_cache.h"

// The state on the stack: its layout is not part of the library's stable interface.
#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

#include <array>
#include <random>

#include "base/json.h"
#include "serving/tensor_bytes.h"

namespace millwright::serving {
namespace {

constexpr int64_t kEntryBytes = 256;  // of an entry beside its values
constexpr int64_t kShareMax = 4;      // an answer may have this part of the cache at most

// XXH3 is fast but no cryptographic hash; with a secret that callers do not know, they cannot look
// for two inputs that collide.
const std::array<uint8_t, XXH3_SECRET_SIZE_MIN>& Secret() {
  static const auto secret = [] {
    std::array<uint8_t, XXH3_SECRET_SIZE_MIN> bytes{};
    std::random_device random;
    for (auto& byte : bytes) byte = static_cast<uint8_t>(random());
    return bytes;
  }();
  return secret;
}

class Hash {
 public:
  Hash() { XXH3_128bits_reset_withSecret(&state_, Secret().data(), Secret().size()); }
  // Each part goes with its length, so that no two lists of parts run together to the same bytes.
  void Number(int64_t value) { XXH3_128bits_update(&state_, &value, sizeof value); }
  void Bytes(std::string_view bytes) {
    Number(static_cast<int64_t>(bytes.size()));
    XXH3_128bits_update(&state_, bytes.data(), bytes.size());
  }
  ResponseCache::Key Finish() {
    const XXH128_hash_t hash = XXH3_128bits_digest(&state_);
    return {hash.high64, hash.low64};
  }

 private:
  XXH3_state_t state_;  // aligned by its own type
};

}  // namespace

ResponseCache::Key ResponseCache::KeyOf(std::string_view model_version,
                                        const InferRequest& request) {
  Hash hash;
  hash.Bytes(model_version);
  hash.Number(static_cast<int64_t>(request.inputs.size()));
  for (const auto& tensor : request.inputs) {
    hash.Bytes(tensor.name);
    hash.Number(static_cast<int64_t>(tensor.type));
    hash.Number(static_cast<int64_t>(tensor.shape.size()));
    for (const int64_t size : tensor.shape) hash.Number(size);
    hash.Bytes({tensor.data.data(), tensor.data.size()});
    hash.Number(static_cast<int64_t>(tensor.strings.size()));
    for (const auto& text : tensor.strings) hash.Bytes(text);
  }
  hash.Bytes(request.params.is_null() ? "" : request.params.Dump());
  return hash.Finish();
}

std::shared_ptr<const InferAnswer> ResponseCache::Find(const Key& key, int64_t now_us) {
  std::shared_ptr<const InferAnswer> answer;
  {
    std::lock_guard lock(mutex_);
    const auto found = by_key_.find(key);
    if (found != by_key_.end()) {
      if (found->second->expires_us > now_us) {
        entries_.splice(entries_.begin(), entries_, found->second);
        answer = found->second->answer;
      } else {
        Drop(found->second);
      }
    }
  }
  (answer != nullptr ? hits_ : misses_).fetch_add(1, std::memory_order_relaxed);
  return answer;
}

void ResponseCache::Keep(const Key& key, std::shared_ptr<const InferAnswer> answer,
                         int64_t expires_us, int64_t bytes_max) {
  const int64_t bytes = kEntryBytes + TensorBytes(answer->outputs);
  if (bytes > bytes_max / kShareMax) return;
  std::lock_guard lock(mutex_);
  if (const auto found = by_key_.find(key); found != by_key_.end()) Drop(found->second);
  while (bytes_ + bytes > bytes_max) Drop(std::prev(entries_.end()));
  entries_.push_front({key, std::move(answer), expires_us, bytes});
  by_key_[key] = entries_.begin();
  bytes_ += bytes;
}

void ResponseCache::Shrink(int64_t bytes_max) {
  std::lock_guard lock(mutex_);
  while (!entries_.empty() && bytes_ > bytes_max) Drop(std::prev(entries_.end()));
}

void ResponseCache::Drop(std::list<Entry>::iterator entry) {
  bytes_ -= entry->bytes;
  by_key_.erase(entry->key);
  entries_.erase(entry);
}

ResponseCache::Counts ResponseCache::counts() const {
  std::lock_guard lock(mutex_);
  return {hits_.load(), misses_.load(), static_cast<int64_t>(entries_.size()), bytes_};
}

}  // namespace millwright::serving
