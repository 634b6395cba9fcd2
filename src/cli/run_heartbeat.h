#pragma once

#include <string>
#include <thread>

#include "cli/client.h"

namespace millwright::cli {

// How long the server waits to hear of a run that this program started before it marks it dead.
inline constexpr int kRunLeaseSeconds = 30;

// Tells the server, as long as this object lives, that the process of a run lives, so that a run
// that logs nothing for an hour keeps its lease. Three times a lease; a server that does not answer
// is told again next time. One thread, which the destructor ends; a call under way is waited for.
class RunHeartbeat {
 public:
  // `lease_s` as the run asked for; 0: it has none, and nothing is told.
  RunHeartbeat(Client& client, const std::string& run_id, int lease_s);
  ~RunHeartbeat();

 private:
  std::jthread thread_;
};

}  // namespace millwright::cli
