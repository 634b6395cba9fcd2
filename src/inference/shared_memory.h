#pragma once

#include <cstddef>

namespace millwright::inference {

// Memory without a file that another process can have too, by its descriptor. It takes no pages
// until they are written. Nobody who has it can change its size, so that reading it cannot fail
// whatever the other process does; its bytes may change at any time. Not thread-safe.
class SharedMemory {
 public:
  // Throws kResourceExhausted.
  explicit SharedMemory(size_t bytes);
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  int descriptor() const { return descriptor_; }
  char* data() { return data_; }
  size_t size() const { return size_; }
  // Gives the pages of all bytes back to the system; they read as zeros then.
  void Clear();

 private:
  const size_t size_;
  int descriptor_ = -1;
  char* data_ = nullptr;
};

}  // namespace millwright::inference
