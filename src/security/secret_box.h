#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace millwright::security {

// Keeps secrets that the program must read again, such as those that webhooks sign with, unreadable
// in the database and its backups: sealed with XChaCha20-Poly1305 under a key that lies in a file
// beside the database, not in it. Thread-safe.
class SecretBox {
 public:
  // Reads the key, 64 hex digits; a file that is not there is made with a new one, readable by its
  // owner only. Throws kInvalidArgument for a file that holds anything else.
  explicit SecretBox(const std::filesystem::path& key_file);

  // `purpose` names what the secret belongs to, such as "webhook:4f2…"; a sealed text opens for the
  // same purpose only, so that it cannot be moved to another row.
  std::string Seal(std::string_view secret, std::string_view purpose) const;
  // Nothing where the text was sealed with another key or for another purpose, or was changed.
  std::optional<std::string> Open(std::string_view sealed, std::string_view purpose) const;

 private:
  std::array<unsigned char, 32> key_{};
};

}  // namespace millwright::security
