#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "registry/author.h"
#include "registry/fact.h"
#include "registry/registry.h"

namespace millwright::registry {

// Something that happens to a model: becomes an event, a line of its history and what is so from
// then on.
struct Registry::Change {
  int64_t model_seq = 0;
  const ModelName& name;
  std::string_view kind;
  const Author& by;
  std::optional<int64_t> version = std::nullopt;
  Json details = Json::MakeObject();
  // What the event tells beside that.
  Json more = Json::MakeObject();
  std::vector<Fact> facts = {};
  // What ends with it.
  enum class Ends { kNothing, kVersion, kModel } ends = Ends::kNothing;
};

// What the event of a new model or version tells of its description and tags.
Json ToldAtFirst(const std::optional<std::string>& description, const std::vector<Tag>& tags);

// Checks texts that come from outside. Each throws kInvalidArgument in MLflow's words.
void RequireModelName(const ModelName& name);
void RequireTag(const Tag& tag);
void RequireTagKey(const std::string& key);
void RequireAlias(const std::string& alias);

}  // namespace millwright::registry
