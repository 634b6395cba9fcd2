#pragma once

#include <thread>

namespace millwright::tracking {
class MetricRanks;
}

namespace millwright::server {

// Lets searches know new values of metrics a few times a second, so that little of it is left to
// the searches. One thread; the destructor waits for what is under way.
class Ranking {
 public:
  explicit Ranking(tracking::MetricRanks& ranks);
  ~Ranking();

 private:
  std::jthread thread_;
};

}  // namespace millwright::server
