#pragma once

#include <thread>

namespace millwright::tracking {
class MetricCompactor;
}

namespace millwright::server {

// Compacts the histories of metrics soon after enough of them was logged. One thread; the
// destructor waits for the compaction under way.
class Compacting {
 public:
  explicit Compacting(tracking::MetricCompactor& compactor);
  ~Compacting();

 private:
  std::jthread thread_;
};

}  // namespace millwright::server
