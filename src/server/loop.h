#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <thread>

namespace millwright::server {

// Does some work again and again on a thread of its own. What the work throws is logged, and it is
// done again after a while. The destructor asks it to stop and waits for what is under way.
class Loop {
 public:
  // Returns after how many milliseconds it is to be done again.
  using Work = std::function<int64_t(const std::stop_token&)>;

  // `what` completes "cannot …" in the log.
  Loop(std::string thread_name, std::string what, Work work);

 private:
  std::jthread thread_;
};

}  // namespace millwright::server
