#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"
#include "base/option.h"

namespace millwright::serving {

// How an endpoint treats its requests, as its owner sets it. A default is what an endpoint does
// that nobody has configured.
struct EndpointPolicy {
  std::string sticky_by;  // "header:NAME", "input:NAME", or empty for the prediction's id
  int hedge_percent = 5;
  int eject_errors = 5;
  double eject_slowness = 5;
  int64_t cache_ttl_ms = 0;
  int64_t cache_bytes = 64 << 20;
  double requests_per_s = 0;
  int burst = 0;
  int64_t rows_per_day = 0;
  int64_t request_bytes = 0;
  int64_t response_bytes = 0;
  int replicas_min = 1;
  int replicas_max = 0;
  int replica_concurrency = 4;
  int64_t quiet_ms = 60'000;
  std::string contract;                    // the name of a suite, or empty
  std::string contract_action = "reject";  // reject, flag or pass

  bool caches() const { return cache_ttl_ms > 0 && cache_bytes > 0; }
  bool scales() const { return replicas_max > 0; }
};

// The settings: their keys are the names in the database, in the API and of the CLI's flags.
inline constexpr Option<EndpointPolicy> kPolicyOptions[] = {
    {"sticky_by", "--sticky-by",
     "What keeps a caller on one revision: header:NAME, input:NAME, or none for the prediction's "
     "id",
     &EndpointPolicy::sticky_by, "KEY"},
    {"hedge_percent", "--hedge-percent",
     "How many requests in a hundred may be asked of a second replica when the first is slow",
     &EndpointPolicy::hedge_percent, "PERCENT", 0, 100},
    {"eject_errors", "--eject-errors",
     "Failures in a row after which a replica gets no requests for a while; 0: never",
     &EndpointPolicy::eject_errors, "N", 0, 1000},
    {"eject_slowness", "--eject-slowness",
     "A replica so many times slower than the others gets no requests for a while; 0: never",
     &EndpointPolicy::eject_slowness, "TIMES", 0, 1000},
    {"cache_ttl_ms", "--cache-ttl-ms", "How long an answer may be given again; 0: no cache",
     &EndpointPolicy::cache_ttl_ms, "MS", 0, 7 * 86'400'000.0},
    {"cache_bytes", "--cache-bytes", "Memory for answers that may be given again",
     &EndpointPolicy::cache_bytes, "BYTES", 0, 64.0 * (1LL << 30)},
    {"requests_per_s", "--requests-per-s",
     "Requests a second of one caller, each token for itself; 0: as many as come",
     &EndpointPolicy::requests_per_s, "N", 0, 1e6},
    {"burst", "--burst",
     "Requests that a caller may send at once; 0: as many as requests_per_s, at least 1",
     &EndpointPolicy::burst, "N", 0, 1'000'000},
    {"rows_per_day", "--rows-per-day",
     "Rows of one caller, each token for itself, from midnight (UTC) on; 0: as many",
     &EndpointPolicy::rows_per_day, "N", 0, 1e15},
    {"request_bytes", "--request-bytes", "The largest body that is taken; 0: the server's limit",
     &EndpointPolicy::request_bytes, "BYTES", 0, 1e12},
    {"response_bytes", "--response-bytes", "The largest answer in bytes of its body; 0: any",
     &EndpointPolicy::response_bytes, "BYTES", 0, 1e12},
    {"replicas_min", "--replicas-min",
     "Fewest replicas of a revision where their number follows the requests; 0: none while nobody "
     "asks",
     &EndpointPolicy::replicas_min, "N", 0, 64},
    {"replicas_max", "--replicas-max",
     "Most replicas of a revision; 0: their number does not follow the requests",
     &EndpointPolicy::replicas_max, "N", 0, 64},
    {"replica_concurrency", "--replica-concurrency", "Requests at work that a replica is there for",
     &EndpointPolicy::replica_concurrency, "N", 1, 10'000},
    {"quiet_ms", "--quiet-ms", "How long fewer replicas must have sufficed before any is stopped",
     &EndpointPolicy::quiet_ms, "MS", 0, 86'400'000},
    {"contract", "--contract",
     "The suite whose row-wise expectations the inputs of each request must meet; none: no suite",
     &EndpointPolicy::contract, "SUITE"},
    {"contract_action", "--contract-action",
     "What becomes of a request that breaks the contract: reject, flag (it is counted) or pass (it "
     "is not looked at)",
     &EndpointPolicy::contract_action, "ACTION"},
};

// All settings by their keys.
Json PolicyToJson(const EndpointPolicy& policy);
// Sets those that `json`, an object, names. Throws kInvalidArgument naming the setting for one that
// is unknown (with the nearest), of another type, out of range, or that contradicts another.
void UpdatePolicy(const Json& json, EndpointPolicy* policy);
// Reads what was stored: settings that this version does not know any more are passed over.
EndpointPolicy StoredPolicy(const std::string& text);

// What keeps a caller on one revision, taken apart.
struct StickyKey {
  enum class From { kId, kHeader, kInput } from = From::kId;
  std::string name;
};
StickyKey StickyKeyOf(const EndpointPolicy& policy);

}  // namespace millwright::serving
