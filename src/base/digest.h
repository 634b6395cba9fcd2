#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace millwright {

// Computes a SHA-256 or MD5 over parts given one after another.
class Digest {
 public:
  enum class Kind { kSha256, kMd5 };
  explicit Digest(Kind kind);
  ~Digest();
  Digest(Digest&&) noexcept;

  void Update(std::string_view bytes);
  // Returns lower-case hex; the digest is used up.
  std::string FinishHex();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

std::string Sha256Hex(std::string_view bytes);
// Returns 32 raw bytes.
std::string HmacSha256(std::string_view key, std::string_view message);

std::string ToHex(std::string_view bytes);
// Throws kInvalidArgument for what is not pairs of digits.
std::string FromHex(std::string_view hex);
std::string Base64(std::string_view bytes);
// Throws kInvalidArgument on characters outside of the standard alphabet.
std::string Base64Decode(std::string_view text);
// Decodes as Python does by default: other characters are passed over, and what is left must come
// in whole groups of four. Returns nothing where it does not.
std::optional<std::string> Base64DecodeLoosely(std::string_view text);

}  // namespace millwright
