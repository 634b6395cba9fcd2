#pragma once

#include <thread>

namespace millwright::tracking {
class RunReaper;
}

namespace millwright::server {

// Marks runs dead that missed their lease. One thread; the destructor ends it at once, but for a
// look under way.
class Reaping {
 public:
  explicit Reaping(tracking::RunReaper& reaper);
  ~Reaping();

 private:
  std::jthread thread_;
};

}  // namespace millwright::server
