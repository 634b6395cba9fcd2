#include "security/secret.h"

#include <sodium.h>

#include "base/digest.h"
#include "base/error.h"

namespace millwright::security {
namespace {

constexpr size_t kSecretBytes = 32;
constexpr size_t kShownMin = 24;  // shorter secrets are hidden wholly
constexpr size_t kShown = 4;

// sodium_init must come before everything else; it may be called again and from any thread.
void InitSodium() {
  if (sodium_init() < 0) throw Internal("Cannot start libsodium");
}

}  // namespace

std::string HashPassword(std::string_view password, const PasswordCost& cost) {
  InitSodium();
  char hash[crypto_pwhash_STRBYTES];
  if (crypto_pwhash_str_alg(hash, password.data(), password.size(), cost.passes, cost.memory_bytes,
                            crypto_pwhash_ALG_ARGON2ID13) != 0)
    throw ResourceExhausted("Not enough memory to hash a password");
  return hash;
}

bool PasswordMatches(const std::string& hash, std::string_view password) {
  InitSodium();
  if (hash.size() >= crypto_pwhash_STRBYTES) return false;
  return crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0;
}

std::string NewSecret() {
  InitSodium();
  std::string bytes(kSecretBytes, '\0');
  randombytes_buf(bytes.data(), bytes.size());
  return ToHex(bytes);
}

bool EqualsSafely(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

ProcessHash::ProcessHash() {
  InitSodium();
  randombytes_buf(key_.data(), key_.size());
}

std::string ProcessHash::operator()(std::string_view text) const {
  std::string hash(crypto_generichash_BYTES, '\0');
  crypto_generichash(reinterpret_cast<unsigned char*>(hash.data()), hash.size(),
                     reinterpret_cast<const unsigned char*>(text.data()), text.size(), key_.data(),
                     key_.size());
  return hash;
}

std::string MaskSecret(std::string_view secret) {
  const size_t shown = secret.size() >= kShownMin ? kShown : 0;
  return std::string(secret.substr(0, shown)) + "********";
}

}  // namespace millwright::security
