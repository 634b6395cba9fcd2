#pragma once

#include <algorithm>
#include <cstring>
#include <string_view>
#include <vector>

namespace millwright::http {

// Bytes that came from a socket and are not parsed yet. Grows only when asked for more room than is
// left, so that an idle connection holds little.
class ReadBuffer {
 public:
  std::string_view view() const { return {data_.data() + begin_, end_ - begin_}; }
  size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }

  void Consume(size_t bytes) {
    begin_ += bytes;
    if (begin_ == end_) begin_ = end_ = 0;
  }

  // Makes room for at least `bytes_min` more; fill `tail()` and then say how much by Commit.
  void Reserve(size_t bytes_min) {
    if (data_.size() - end_ >= bytes_min) return;
    if (!empty()) std::memmove(data_.data(), data_.data() + begin_, size());
    end_ -= begin_;
    begin_ = 0;
    if (data_.size() - end_ < bytes_min) data_.resize(std::max(end_ + bytes_min, 2 * data_.size()));
  }
  char* tail() { return data_.data() + end_; }
  size_t tail_size() const { return data_.size() - end_; }
  void Commit(size_t bytes) { end_ += bytes; }

  // Moves up to `size` bytes out.
  size_t Take(char* out, size_t size) {
    const size_t taken = std::min(size, this->size());
    if (taken == 0) return 0;
    std::memcpy(out, data_.data() + begin_, taken);
    Consume(taken);
    return taken;
  }

 private:
  std::vector<char> data_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace millwright::http
