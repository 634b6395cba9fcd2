#include "serving/endpoint.h"

#include <algorithm>
#include <iterator>

#include "base/error.h"

namespace millwright::serving {
namespace {

constexpr std::string_view kRoleNames[] = {"live", "canary", "shadow", "retired"};
constexpr std::string_view kReplicaStateNames[] = {"starting", "ready", "draining", "failed",
                                                   "stopped"};
constexpr std::string_view kEndpointStateNames[] = {"starting", "ready", "degraded", "failed"};

}  // namespace

std::string_view RoleName(Role role) {
  return kRoleNames[static_cast<size_t>(role)];
}

Role ParseRole(std::string_view name) {
  for (size_t i = 0; i < std::size(kRoleNames); ++i) {
    if (kRoleNames[i] == name) return static_cast<Role>(i);
  }
  throw InvalidArgument("Unknown role: {}", name);
}

std::string_view ReplicaStateName(ReplicaState state) {
  return kReplicaStateNames[static_cast<size_t>(state)];
}

std::string_view EndpointStateName(EndpointState state) {
  return kEndpointStateNames[static_cast<size_t>(state)];
}

const RevisionRecord* EndpointRecord::Find(const RevisionId& id) const {
  for (const auto& revision : revisions) {
    if (revision.id == id) return &revision;
  }
  return nullptr;
}

const RevisionRecord* EndpointRecord::FindRole(Role role) const {
  for (const auto& revision : revisions) {
    if (revision.role == role) return &revision;
  }
  return nullptr;
}

void CheckEndpointName(const std::string& name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  });
  if (name.empty() || name.size() > kEndpointNameBytesMax || !plain || name.starts_with('.')) {
    throw InvalidArgument(
        "An endpoint's name has 1 to {} letters, digits, '-', '_' and '.': \"{}\"",
        kEndpointNameBytesMax, name.substr(0, kEndpointNameBytesMax))
        .WithField("name");
  }
}

}  // namespace millwright::serving
