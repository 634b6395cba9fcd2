#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace millwright::security {

// How much work a password hash is: argon2id's passes and memory.
struct PasswordCost {
  uint64_t passes = 2;
  size_t memory_bytes = 19 << 20;
};

// Hashes with argon2id and a salt of its own; takes about 60 ms at the default cost.
std::string HashPassword(std::string_view password, const PasswordCost& cost);
// Compares in a time that does not depend on where they differ. False for a broken hash.
bool PasswordMatches(const std::string& hash, std::string_view password);

// 32 random bytes as hex.
std::string NewSecret();
// Compares without telling by its time where two texts differ.
bool EqualsSafely(std::string_view a, std::string_view b);

// A keyed hash under a key that only this process knows: what the cache of verified credentials
// holds instead of passwords.
class ProcessHash {
 public:
  ProcessHash();
  std::string operator()(std::string_view text) const;

 private:
  std::array<unsigned char, 32> key_;
};

// What of a secret may be shown in logs, `config show` and the UI: "********", and for long ones
// their first four characters before it.
std::string MaskSecret(std::string_view secret);

}  // namespace millwright::security
