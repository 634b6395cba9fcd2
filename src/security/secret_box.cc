#include "security/secret_box.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/id.h"
#include "security/secret.h"

namespace millwright::security {
namespace {

namespace fs = std::filesystem;

// Says how the rest is to be read, should it ever be sealed in another way.
constexpr std::string_view kVersion = "v1.";
constexpr size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;

const unsigned char* BytesOf(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

void WriteForOwner(const fs::path& file, std::string_view text) {
  const int fd = open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  const bool written = fd >= 0 &&
                       write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       fsync(fd) == 0;
  if (fd >= 0) close(fd);
  if (!written) throw FailedPrecondition("Cannot write the key file {}", file.string());
}

// Two servers may start on one folder at once: a link is made by one of them only, and whole.
void MakeKeyFile(const fs::path& file) {
  fs::create_directories(file.parent_path());
  const fs::path fresh = file.string() + "." + NewHexId();
  WriteForOwner(fresh, NewSecret() + "\n");
  const bool linked = link(fresh.c_str(), file.c_str()) == 0;
  unlink(fresh.c_str());
  if (!linked && !fs::exists(file))
    throw FailedPrecondition("Cannot make the key file {}", file.string());
}

}  // namespace

SecretBox::SecretBox(const fs::path& key_file) {
  if (sodium_init() < 0) throw Internal("Cannot start libsodium");
  if (!fs::exists(key_file)) MakeKeyFile(fs::absolute(key_file));
  std::string text = ReadFile(key_file);
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  size_t size = 0;
  const char* end = nullptr;
  if (sodium_hex2bin(key_.data(), key_.size(), text.data(), text.size(), nullptr, &size, &end) !=
          0 ||
      size != key_.size() || end != text.data() + text.size())
    throw InvalidArgument("Not a key of {} hex digits: {}", key_.size() * 2, key_file.string())
        .WithField("--secret-key-file");
}

std::string SecretBox::Seal(std::string_view secret, std::string_view purpose) const {
  std::string box(kNonceBytes + secret.size() + kTagBytes, '\0');
  auto* bytes = reinterpret_cast<unsigned char*>(box.data());
  randombytes_buf(bytes, kNonceBytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(bytes + kNonceBytes, nullptr, BytesOf(secret),
                                             secret.size(), BytesOf(purpose), purpose.size(),
                                             nullptr, bytes, key_.data());
  return std::string(kVersion) + Base64(box);
}

std::optional<std::string> SecretBox::Open(std::string_view sealed,
                                           std::string_view purpose) const {
  if (!sealed.starts_with(kVersion)) return std::nullopt;
  const auto box = Base64DecodeLoosely(sealed.substr(kVersion.size()));
  if (!box || box->size() < kNonceBytes + kTagBytes) return std::nullopt;
  std::string secret(box->size() - kNonceBytes - kTagBytes, '\0');
  const std::string_view closed = std::string_view(*box).substr(kNonceBytes);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(
          reinterpret_cast<unsigned char*>(secret.data()), nullptr, nullptr, BytesOf(closed),
          closed.size(), BytesOf(purpose), purpose.size(), BytesOf(*box), key_.data()) != 0)
    return std::nullopt;
  return secret;
}

}  // namespace millwright::security
