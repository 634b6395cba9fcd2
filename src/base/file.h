#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace millwright {

class Error;

// Reads a whole file. Throws kNotFound when it is absent, kInternal on an I/O error.
std::string ReadFile(const std::filesystem::path& path);

// Writes a file so that a reader or a crash sees the old content or the new, never a part: a
// temporary file beside it, fsync, rename, fsync of the folder. Makes missing folders.
void WriteFileDurably(const std::filesystem::path& path, std::string_view bytes);

// Computes the SHA-256 of a file in constant memory, as hex.
std::string Sha256OfFile(const std::filesystem::path& path);

// The error for a path from outside that leads where it may not: kInvalidArgument
// "Invalid path: PATH", shortened, and with %XX for what does not print.
Error InvalidPath(std::string_view path);

// Joins a path that came from outside to a root and refuses to leave it: absolute paths, "..", NUL,
// backslashes and symbolic links that point out of the root throw InvalidPath.
std::filesystem::path ConfinedPath(const std::filesystem::path& root, std::string_view relative);

// A folder that is removed with all it holds when this goes out of scope.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace millwright
