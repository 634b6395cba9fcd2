#pragma once

#include <filesystem>
#include <string_view>

namespace millwright {

// Bytes as a file that only this process can open and that is on no disk, for libraries that read
// nothing but files. Throws kResourceExhausted when there is no memory for it. Not thread-safe.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes);
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  // Names it until this goes out of scope.
  std::filesystem::path path() const;

 private:
  int descriptor_ = -1;
};

}  // namespace millwright
