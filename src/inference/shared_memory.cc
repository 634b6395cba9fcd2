#include "inference/shared_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace millwright::inference {

SharedMemory::SharedMemory(size_t bytes) : size_(bytes) {
  descriptor_ = memfd_create("millwright-tensors", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  const bool is_made =
      descriptor_ >= 0 && ftruncate(descriptor_, static_cast<off_t>(size_)) == 0 &&
      fcntl(descriptor_, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0;
  void* data = MAP_FAILED;
  if (is_made) {
    data = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, descriptor_, 0);
  }
  if (data == MAP_FAILED) {
    const int number = errno;
    if (descriptor_ >= 0) close(descriptor_);
    throw ResourceExhausted("No memory can be shared with a worker: {}", std::strerror(number));
  }
  data_ = static_cast<char*>(data);
}

SharedMemory::~SharedMemory() {
  munmap(data_, size_);
  close(descriptor_);
}

void SharedMemory::Clear() {
  fallocate(descriptor_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(size_));
}

}  // namespace millwright::inference
