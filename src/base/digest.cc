#include "base/digest.h"

#include <charconv>

#include "base/check.h"
#include "base/crypto_library.h"
#include "base/error.h"

namespace millwright {

struct Digest::Impl {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~Impl() { EVP_MD_CTX_free(context); }
};

Digest::Digest(Kind kind) : impl_(std::make_unique<Impl>()) {
  CHECK(EVP_DigestInit_ex(impl_->context, kind == Kind::kSha256 ? EVP_sha256() : EVP_md5(),
                          nullptr) == 1);
}

Digest::~Digest() = default;
Digest::Digest(Digest&&) noexcept = default;

void Digest::Update(std::string_view bytes) {
  CHECK(EVP_DigestUpdate(impl_->context, bytes.data(), bytes.size()) == 1);
}

std::string Digest::FinishHex() {
  unsigned char raw[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  CHECK(EVP_DigestFinal_ex(impl_->context, raw, &size) == 1);
  return ToHex(std::string_view(reinterpret_cast<char*>(raw), size));
}

std::string Sha256Hex(std::string_view bytes) {
  Digest digest(Digest::Kind::kSha256);
  digest.Update(bytes);
  return digest.FinishHex();
}

std::string HmacSha256(std::string_view key, std::string_view message) {
  unsigned char raw[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(message.data()), message.size(), raw,
             &size) != nullptr);
  return std::string(reinterpret_cast<char*>(raw), size);
}

std::string ToHex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    hex.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
    hex.push_back(kDigits[static_cast<unsigned char>(c) & 15]);
  }
  return hex;
}

std::string FromHex(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i < hex.size(); i += 2) {
    unsigned byte = 0;
    const char* end = hex.data() + std::min(i + 2, hex.size());
    const auto [read, error] = std::from_chars(hex.data() + i, end, byte, 16);
    if (error != std::errc() || read != hex.data() + i + 2)
      throw InvalidArgument("Malformed hex digits");
    bytes.push_back(static_cast<char>(byte));
  }
  return bytes;
}

std::string Base64(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(size));
  return text;
}

std::string Base64Decode(std::string_view text) {
  if (text.size() % 4 != 0) throw InvalidArgument("Malformed base64: length {}", text.size());
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) throw InvalidArgument("Malformed base64");
  const size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  bytes.resize(static_cast<size_t>(size) - padding);
  return bytes;
}

std::optional<std::string> Base64DecodeLoosely(std::string_view text) {
  std::string kept;
  size_t padding = 0;
  for (const char c : text) {
    const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                        (c >= '0' && c <= '9') || c == '+' || c == '/';
    if (letter) kept += c;
    if (c == '=') ++padding;
  }
  const size_t rest = kept.size() % 4;
  if (rest == 1 || (rest != 0 && padding < 4 - rest)) return std::nullopt;
  if (rest != 0) kept.append(4 - rest, '=');
  return Base64Decode(kept);
}

}  // namespace millwright
