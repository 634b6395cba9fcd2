#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/json.h"

namespace millwright::registry {

using ModelName = Id<struct ModelTag>;

enum class Stage { kNone, kStaging, kProduction, kArchived };
std::string_view StageName(Stage stage);
// Reads a stage in any case. Throws kInvalidArgument with the stages there are.
Stage ParseStage(std::string_view text);

struct Tag {
  std::string key;
  std::string value;
  bool operator==(const Tag&) const = default;
};

struct Alias {
  std::string alias;
  int64_t version = 0;
  bool operator==(const Alias&) const = default;
};

struct ModelVersion {
  ModelName name;
  int64_t version = 0;
  std::optional<std::string> description;
  std::string source;        // as registered, such as "models:/m-4f2…"
  std::string artifact_uri;  // where the files are
  std::string run_id;        // empty when unknown
  std::string run_link;
  std::string model_id;  // of the logged model, empty when unknown
  Stage stage = Stage::kNone;
  int64_t created_ms = 0;
  int64_t updated_ms = 0;
  std::vector<Tag> tags;
  std::vector<std::string> aliases;
};

struct RegisteredModel {
  ModelName name;
  std::optional<std::string> description;
  int64_t created_ms = 0;
  int64_t updated_ms = 0;
  std::vector<ModelVersion> latest_versions;  // one a stage
  std::vector<Tag> tags;
  std::vector<Alias> aliases;
};

// The result of one named check of a version, such as "parity".
struct Check {
  std::string name;
  bool passed = false;
  std::string summary;  // one line for people
  Json details;
  int64_t time_ms = 0;
  std::string who;
};

// That somebody thinks a version fit for a gate of its model.
struct Approval {
  std::string gate;  // its name; empty when the file has one gate without a name
  std::string who;
  std::string reason;
  int64_t gate_version = 0;  // of the gates as they were then
  int64_t time_ms = 0;
};

// One line of a model's history.
struct HistoryEntry {
  int64_t seq = 0;  // grows with every change of any model
  int64_t time_ms = 0;
  std::string who;
  std::string reason;  // as its author gave it
  std::string kind;    // an event kind, such as "alias.moved"
  std::optional<int64_t> version;
  Json details;
};

}  // namespace millwright::registry
