#include "moving/run_origin.h"

#include <algorithm>

namespace millwright::moving {

void AddOriginTags(const RunOrigin& origin, tracking::Run* run) {
  if (origin.source_name.empty()) return;
  const auto add = [&](std::string_view key, const std::string& value) {
    const bool there = std::any_of(run->tags.begin(), run->tags.end(),
                                   [&](const tracking::Tag& tag) { return tag.key == key; });
    if (!there && !value.empty()) run->tags.push_back({std::string(key), value});
  };
  add("mlflow.source.name", origin.source_name);
  add("mlflow.source.type", origin.source_type);
  add("mlflow.project.entryPoint", origin.entry_point);
  add("mlflow.source.git.commit", origin.source_version);
}

}  // namespace millwright::moving
