#pragma once

#include <thread>

namespace millwright::tracking {
class LatestMetrics;
}

namespace millwright::server {

// Raises the latest metrics of runs that log a few times a second, so that little of it is left to
// searches. One thread; the destructor waits for what is under way.
class Raising {
 public:
  explicit Raising(tracking::LatestMetrics& latest);
  ~Raising();

 private:
  std::jthread thread_;
};

}  // namespace millwright::server
