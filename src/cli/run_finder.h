#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "cli/client.h"

namespace millwright::cli {

// Which runs and experiments are meant: those that were deleted, those that were not, or both.
enum class Lifecycle { kActive, kDeleted, kAll };
// The word of MLflow's protocol, such as "ACTIVE_ONLY".
std::string_view ViewTypeName(Lifecycle lifecycle);

// Finds an experiment by its name, else by its id. A deleted one is found as well. Throws
// kNotFound.
Json FindExperiment(Client& client, const std::string& words);
// The ids of all experiments, for searches that span them.
Json AllExperimentIds(Client& client, Lifecycle lifecycle);

// Shorter beginnings of an id are taken for names only.
inline constexpr size_t kIdPrefixMin = 4;

// Finds a run as MLflow answers it, by what a person types: its id, the beginning of its id or its
// name, when no other run has the same. Throws kNotFound, and kInvalidArgument naming the runs that
// may be meant.
Json FindRun(Client& client, const std::string& words, Lifecycle lifecycle = Lifecycle::kActive);

// The part of an id that tables show.
std::string ShortId(const std::string& run_id);
// "calm-owl-12 (0a1b2c3d)", to say which run something was done to.
std::string RunTitle(const Json& run);

}  // namespace millwright::cli
