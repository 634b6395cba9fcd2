#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace millwright::moving {

// What could not be moved, or differs after it was, and why; the move goes on without it.
struct Problem {
  std::string what;  // a file, "run 4f2…", "alias champion of delays"
  std::string why;
};

// Keeps the first kKept problems and counts all. Not thread-safe.
class Problems {
 public:
  static constexpr size_t kKept = 1000;

  void Add(std::string what, std::string why) {
    ++count_;
    if (kept_.size() < kKept) kept_.push_back({std::move(what), std::move(why)});
  }
  int64_t count() const { return count_; }
  const std::vector<Problem>& kept() const { return kept_; }

 private:
  int64_t count_ = 0;
  std::vector<Problem> kept_;
};

}  // namespace millwright::moving
