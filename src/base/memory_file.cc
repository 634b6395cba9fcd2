#include "base/memory_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "base/error.h"

namespace millwright {

MemoryFile::MemoryFile(std::string_view bytes)
    : descriptor_(memfd_create("millwright", MFD_CLOEXEC)) {
  if (descriptor_ < 0) throw Internal("No file in memory: {}", std::strerror(errno));
  while (!bytes.empty()) {
    const ssize_t written = write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      const std::string reason = std::strerror(errno);
      close(descriptor_);
      throw ResourceExhausted("A file in memory cannot be written: {}", reason);
    }
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

MemoryFile::~MemoryFile() {
  close(descriptor_);
}

std::filesystem::path MemoryFile::path() const {
  return "/proc/self/fd/" + std::to_string(descriptor_);
}

}  // namespace millwright
