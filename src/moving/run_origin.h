#pragma once

#include <string>

#include "tracking/entities.h"

namespace millwright::moving {

// How MLflow before 1.0 said where a run comes from; later ones say it by tags.
struct RunOrigin {
  std::string source_name;
  std::string source_type;
  std::string entry_point;
  std::string source_version;
};

// Adds what an old store has as columns to the tags that newer clients read.
void AddOriginTags(const RunOrigin& origin, tracking::Run* run);

}  // namespace millwright::moving
