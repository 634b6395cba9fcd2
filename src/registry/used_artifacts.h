#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "storage/database.h"

namespace millwright::registry {

// A model version and the folder or file that it is.
struct UsedArtifact {
  std::string model;
  int64_t version = 0;
  std::string artifact_uri;
};

// All that must not be collected because a version, and so perhaps an endpoint, is made of it.
std::vector<UsedArtifact> UsedArtifacts(storage::Database& database);

}  // namespace millwright::registry
