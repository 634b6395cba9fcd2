#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "serving/endpoint_policy.h"
#include "serving/traffic_split.h"

namespace millwright::serving {

using EndpointName = Id<struct EndpointNameTag>;
using RevisionId = Id<struct RevisionTag>;  // "flights-late-r3": the endpoint and a number

// What a revision does for its endpoint. A live one answers all but the canaries' shares, a shadow
// gets copies whose answers nobody sees, a retired one has no replicas.
enum class Role { kLive, kCanary, kShadow, kRetired };
std::string_view RoleName(Role role);
// Throws kInvalidArgument for another name.
Role ParseRole(std::string_view name);

enum class ReplicaState { kStarting, kReady, kDraining, kFailed, kStopped };
std::string_view ReplicaStateName(ReplicaState state);

enum class EndpointState { kStarting, kReady, kDegraded, kFailed };
std::string_view EndpointStateName(EndpointState state);

// One model version behind an endpoint, as stored.
struct RevisionRecord {
  RevisionId id;
  std::string model_version;
  int64_t api_version = 1;  // the endpoint's when it was made
  std::string model_path;   // a folder or file that LoadEngine's room can read
  Role role = Role::kRetired;
  int weight = 0;           // percent of the endpoint's requests; 0 for shadows and retired ones
  TrafficSlots slots = {};  // as many as `weight`
  int replicas = 1;
  int64_t created_ms = 0;
  std::optional<int64_t> live_ms;  // when it last became live
  std::optional<int64_t> retired_ms;
};

// An endpoint, as stored. `promoting` names the revision that is on its way to become live: while
// it is set the live revision still answers, and a restarted server goes on from here.
struct EndpointRecord {
  EndpointName name;
  std::string model;
  // The number of what it promises its callers; raised when that is to be broken.
  int64_t api_version = 1;
  int64_t created_ms = 0;
  std::optional<RevisionId> promoting;
  std::string rollout_error;  // why the last rollout was undone, empty if it was not
  EndpointPolicy policy;
  std::vector<RevisionRecord> revisions;  // newest first, retired ones included

  const RevisionRecord* Find(const RevisionId& id) const;
  const RevisionRecord* FindRole(Role role) const;
};

inline constexpr int kReplicasMax = 64;
inline constexpr int kShadowsMax = 4;
inline constexpr int kCanariesMax = 15;
inline constexpr int64_t kApiVersionMax = 1'000'000;
inline constexpr size_t kEndpointNameBytesMax = 100;

// Refuses names that are not letters, digits, '-', '_' and '.', or longer than the limit.
void CheckEndpointName(const std::string& name);

}  // namespace millwright::serving
