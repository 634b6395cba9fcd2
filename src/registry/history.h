#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "registry/entities.h"

namespace millwright::registry {

inline constexpr int64_t kHistoryMax = 10'000;       // lines of a page
inline constexpr int64_t kAsOfVersionsMax = 1000;    // versions of a page
inline constexpr int64_t kAliasPeriodsMax = 10'000;  // of a page, and how far a rollback looks

// Which lines of a model's history: of one version or kind, in a span of time.
struct HistoryQuery {
  std::optional<int64_t> version = {};
  std::string kind = {};
  int64_t since_ms = 0;
  int64_t until_ms = std::numeric_limits<int64_t>::max();
  int64_t before_seq = std::numeric_limits<int64_t>::max();  // those before this line
  int64_t limit = 1000;
};

// Newest first. `next_seq` is the before_seq of the next page; nothing at the end.
struct HistoryPage {
  std::vector<HistoryEntry> entries;
  std::optional<int64_t> next_seq;
};

struct AsOfQuery {
  int64_t time_ms = 0;
  int64_t before_version = std::numeric_limits<int64_t>::max();  // versions below this one
  int64_t version_limit = 100;
};

// Since when something was so, who made it so and why. Nobody is named for what was so before
// history was kept, or came with a version's registration.
struct Since {
  int64_t time_ms = 0;
  std::string who;
  std::string reason;
};

struct PastAlias {
  std::string alias;
  int64_t version = 0;
  Since since;
};

struct PastCheck {
  std::string name;
  bool passed = false;
  Since since;
};

struct PastVersion {
  int64_t version = 0;
  Stage stage = Stage::kNone;
  Since stage_since;
  std::optional<std::string> description;
  std::vector<Tag> tags;
  std::vector<std::string> aliases;
  std::vector<PastCheck> checks;
};

// What a model was at a time: all that changed at or before it and nothing later.
struct PastModel {
  ModelName name;       // what it was called then
  ModelName name_last;  // what it is called now, or was when it was deleted
  bool deleted_since = false;
  int64_t time_ms = 0;
  std::optional<std::string> description;
  std::vector<Tag> tags;
  std::vector<PastAlias> aliases;
  std::optional<int64_t> gate_version;
  std::vector<PastVersion> versions;    // newest first
  std::optional<int64_t> next_version;  // the before_version of the next page
};

// A span of time in which an alias named one version.
struct AliasPeriod {
  int64_t version = 0;
  bool version_deleted = false;  // by now
  Since since;
  bool rolled_back_to = false;  // by a rollback rather than a move
  std::optional<int64_t> until_ms;
  std::string ended_by;
  std::string ended_reason;
};

}  // namespace millwright::registry
