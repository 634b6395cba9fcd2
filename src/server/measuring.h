#pragma once

#include <cstdint>
#include <thread>

namespace millwright::monitoring {
class Monitors;
}

namespace millwright::server {

// Measures the monitors soon after new predictions or outcomes came; cheap while nothing does. One
// thread; the destructor waits for a measurement under way.
class Measuring {
 public:
  Measuring(monitoring::Monitors& monitors, int64_t interval_ms);
  ~Measuring();

 private:
  std::jthread thread_;
};

}  // namespace millwright::server
