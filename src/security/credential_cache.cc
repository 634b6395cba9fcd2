#include "security/credential_cache.h"

namespace millwright::security {

std::optional<Identity> CredentialCache::Find(std::string_view credential, int64_t now_ms) const {
  const std::string key = hash_(credential);
  std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  if (found == entries_.end() || found->second.until_ms <= now_ms) return std::nullopt;
  return found->second.identity;
}

void CredentialCache::Keep(std::string_view credential, const Identity& identity, int64_t until_ms,
                           int64_t generation) {
  std::string key = hash_(credential);
  std::lock_guard lock(mutex_);
  if (generation != generation_) return;
  if (entries_.size() >= kEntriesMax) entries_.clear();
  entries_.insert_or_assign(std::move(key), Entry{identity, until_ms});
}

int64_t CredentialCache::generation() const {
  std::lock_guard lock(mutex_);
  return generation_;
}

void CredentialCache::Clear() {
  std::lock_guard lock(mutex_);
  ++generation_;
  entries_.clear();
}

}  // namespace millwright::security
