#include "cli/run_heartbeat.h"

#include <algorithm>

#include "base/error.h"
#include "base/lane.h"

namespace millwright::cli {
namespace {

constexpr int64_t kBeatsPerLease = 3;
constexpr int64_t kTimeoutMsMin = 1'000;

// Whether there is sense in telling again.
bool Tell(Client& client, const fetch::FetchRequest& request) {
  try {
    client.Send(request);
  } catch (const Error& error) {
    // A run that is deleted, or a server that knows no leases; another failure passes.
    return error.code() != Code::kNotFound && error.code() != Code::kInvalidArgument;
  }
  return true;
}

void Beat(Client& client, const std::string& run_id, int64_t interval_ms,
          const std::stop_token& stop) {
  NameThisThread("heartbeat");
  const int64_t timeout_ms = std::max(interval_ms, kTimeoutMsMin);
  const fetch::FetchRequest request{
      .method = "POST",
      .url = "/api/v1/runs/" + fetch::PercentEncode(run_id) + "/lease",
      .timeout_ms = timeout_ms,
      .connect_timeout_ms = timeout_ms};
  while (!WaitForStop(stop, interval_ms) && Tell(client, request)) continue;
}

}  // namespace

RunHeartbeat::RunHeartbeat(Client& client, const std::string& run_id, int lease_s) {
  if (lease_s == 0) return;
  const int64_t interval_ms = lease_s * int64_t{1000} / kBeatsPerLease;
  thread_ = std::jthread([&client, run_id, interval_ms](const std::stop_token& stop) {
    Beat(client, run_id, interval_ms, stop);
  });
}

RunHeartbeat::~RunHeartbeat() = default;

}  // namespace millwright::cli
