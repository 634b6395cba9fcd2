#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "serving/caller_limits.h"
#include "serving/endpoint.h"
#include "serving/hedge_budget.h"
#include "serving/recent_latency.h"
#include "serving/replica.h"
#include "serving/response_cache.h"
#include "serving/traffic.h"
#include "serving/version_counters.h"

namespace millwright::serving {

// A revision as the data path sees it. Immutable but for the counters.
struct RoutedRevision {
  RevisionId id;
  std::string model_version;
  Role role = Role::kLive;
  ModelInfoPtr info;  // nothing until a replica has been ready once
  std::shared_ptr<LatencyHistogram> stats;
  std::shared_ptr<VersionCounters> counters;  // whatever the role
  std::shared_ptr<RecentLatency> latency;
  std::vector<std::shared_ptr<Replica>> replicas;
  TrafficSlots slots;

  // Enters the ready replica with the fewest requests at work; nothing when none is ready. Those
  // that are ejected are passed over as long as there is another one, `but` always.
  std::shared_ptr<Replica> Enter(int64_t now_us, const Replica* but = nullptr) const;
  bool HasReady() const;
};
using RoutedRevisionPtr = std::shared_ptr<const RoutedRevision>;

// Who answers for an endpoint, at one moment.
struct Route {
  RoutedRevisionPtr live;
  std::vector<RoutedRevisionPtr> canaries;  // those that may get requests
  std::vector<RoutedRevisionPtr> shadows;
  std::string failure;  // why the live revision cannot serve; waiting for it is useless then
  // Its live revision has no replica because nobody asks; a request starts one.
  bool sleeps = false;
  std::string salt;  // of the split
  EndpointPolicy policy;
  StickyKey sticky;

  // Picks by the request: the version it names, or the one whose slot its key falls into. One key
  // always falls on the same side, so that a retry or a session is not torn between versions. A
  // canary without ready replicas gives its share back to the live revision. Throws kNotFound for a
  // version that does not serve.
  const RoutedRevision& Choose(std::string_view key, const std::string& version) const;
};

// The inputs, columns first, by which an endpoint of such a model can split.
std::vector<std::string> StickyInputsOf(const inference::Signature& signature);

// What keeps the caller of this request on one revision: what the endpoint's policy names, or the
// prediction's id where the request has not got it. Of many rows the first one's input counts. A
// part of the request.
std::string_view KeyOf(const Route& route, const InferRequest& request);

// An endpoint at work: its current route, exchanged as a whole, and its counters. Thread-safe.
class RoutedEndpoint {
 public:
  RoutedEndpoint(EndpointName name, int64_t created_ms)
      : name_(std::move(name)), created_ms_(created_ms) {}

  const EndpointName& name() const { return name_; }
  int64_t created_ms() const { return created_ms_; }

  std::shared_ptr<const Route> route() const;
  void Publish(std::shared_ptr<const Route> route);
  // Waits until `ready` holds for the route, at most until `deadline_us` of MonotonicUs; looked at
  // again after each Publish.
  bool WaitFor(int64_t deadline_us, const std::function<bool(const Route&)>& ready) const;
  // Calls `changed` once, after the next Publish or Close, on the thread that makes it; at once
  // when the endpoint was closed. It must not block.
  uint64_t Watch(std::function<void()> changed);
  // `changed` will not be called, unless it is just being.
  void Unwatch(uint64_t watch);
  // Ends all waiting: the endpoint is gone or the server stops.
  void Close();
  bool closed() const;

  TrafficRing traffic;
  LatencyHistogram totals;
  ResponseCache cache;
  CallerLimits limits;
  HedgeBudget hedges;
  std::atomic<int64_t> too_large = 0;  // requests and answers over the endpoint's limits
  std::atomic<int> held = 0;           // requests that wait for a replica

 private:
  const EndpointName name_;
  const int64_t created_ms_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  void TellWatchers();

  std::shared_ptr<const Route> route_ = std::make_shared<const Route>();
  std::map<uint64_t, std::function<void()>> watchers_;
  uint64_t watches_made_ = 0;
  bool closed_ = false;
};

}  // namespace millwright::serving
