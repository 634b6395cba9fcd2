#include "scan/unpacked.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/error.h"

namespace millwright::scan {

struct Unpacked::File {
  int descriptor = -1;
  void* mapped = nullptr;
  size_t mapped_bytes = 0;

  File() {
    const auto folder = std::filesystem::temp_directory_path();
    descriptor = open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor < 0) {
      throw Internal("Cannot make a temporary file in {}: {}", folder.string(),
                     std::strerror(errno));
    }
  }
  ~File() {
    if (mapped != nullptr) munmap(mapped, mapped_bytes);
    close(descriptor);
  }
  void Write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t written = write(descriptor, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) {
        throw ResourceExhausted("Cannot write what was unpacked: {}", std::strerror(errno));
      }
      bytes.remove_prefix(static_cast<size_t>(written));
    }
  }
};

Unpacked::Unpacked() = default;
Unpacked::~Unpacked() = default;
Unpacked::Unpacked(Unpacked&&) noexcept = default;

void Unpacked::Append(std::string_view bytes) {
  size_ += bytes.size();
  if (file_ == nullptr && size_ <= kUnpackedInMemoryMax) {
    memory_ += bytes;
    return;
  }
  if (file_ == nullptr) {
    file_ = std::make_unique<File>();
    file_->Write(memory_);
    memory_ = std::string();
  }
  file_->Write(bytes);
}

std::string_view Unpacked::bytes() {
  if (file_ == nullptr) return memory_;
  if (file_->mapped == nullptr) {
    void* mapped = mmap(nullptr, size_, PROT_READ, MAP_SHARED, file_->descriptor, 0);
    if (mapped == MAP_FAILED) {
      throw Internal("Cannot map what was unpacked: {}", std::strerror(errno));
    }
    file_->mapped = mapped;
    file_->mapped_bytes = size_;
  }
  return {static_cast<const char*>(file_->mapped), size_};
}

}  // namespace millwright::scan
