#include "artifacts/known_sums.h"

#include <utility>

namespace millwright::artifacts {

std::optional<std::string> KnownSums::Find(const std::string& path, const std::string& version,
                                           int64_t now_us) {
  const std::lock_guard lock(mutex_);
  auto found = young_.find(path);
  if (found == young_.end()) {
    const auto old = old_.find(path);
    if (old == old_.end()) return std::nullopt;
    PutYoung(path, std::move(old->second));
    found = young_.find(path);
  }
  const Entry& entry = found->second;
  if (entry.version != version) return std::nullopt;
  if (entry.sha256.empty() && now_us - entry.known_us > kNoneForUs) return std::nullopt;
  return entry.sha256;
}

bool KnownSums::Has(const std::string& path) {
  const std::lock_guard lock(mutex_);
  return young_.contains(path) || old_.contains(path);
}

void KnownSums::Put(const std::string& path, const std::string& version, const std::string& sha256,
                    int64_t now_us) {
  const std::lock_guard lock(mutex_);
  PutYoung(path, {version, sha256, now_us});
}

void KnownSums::PutYoung(const std::string& path, Entry entry) {
  if (young_.size() >= kEntriesMax / 2) {
    old_ = std::move(young_);
    young_ = {};
  }
  young_.insert_or_assign(path, std::move(entry));
}

}  // namespace millwright::artifacts
