#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "security/principal.h"
#include "security/secret.h"

namespace millwright::security {

// Credentials that were found right a short while ago, by a keyed hash: a password is not hashed
// with argon2id, nor a token looked up, on every request. Thread-safe.
class CredentialCache {
 public:
  static constexpr size_t kEntriesMax = 4096;

  std::optional<Identity> Find(std::string_view credential, int64_t now_ms) const;
  // `generation` is what generation() said before the credential was checked: a check that a change
  // has overtaken is not kept.
  void Keep(std::string_view credential, const Identity& identity, int64_t until_ms,
            int64_t generation);
  int64_t generation() const;
  // Forgets all; called after each change of principals and tokens.
  void Clear();

 private:
  struct Entry {
    Identity identity;
    int64_t until_ms;
  };
  const ProcessHash hash_;
  mutable std::mutex mutex_;
  int64_t generation_ = 0;
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace millwright::security
