#pragma once

#include <filesystem>
#include <string_view>

namespace millwright {

// A file's bytes, read-only and shared between processes, for as long as this lives. A file that
// is cut short while it is mapped ends the process (SIGBUS): map only what nobody truncates, which
// is what WriteFileDurably's rename gives.
class MappedFile {
 public:
  // Throws kNotFound when it is absent, kInternal when it cannot be mapped.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::string_view bytes() const { return {data_, size_}; }

 private:
  const char* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace millwright
