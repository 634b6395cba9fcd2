#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "storage/database.h"

namespace millwright::registry {

// What can be so of a model or of one of its versions for some time.
enum class FactKind { kName, kDescription, kTag, kAlias, kGate, kVersion, kStage, kCheck };
std::string_view FactKindName(FactKind kind);

// Something that is so from a change on; without a value it is so no longer.
struct Fact {
  FactKind kind;
  std::optional<std::string> value;
  int64_t version = 0;  // 0: of the model itself
  std::string key = {};
};

// Which change of which model it is.
struct Moment {
  int64_t model_seq = 0;
  int64_t time_ms = 0;
  int64_t history_seq = 0;
};

// Closes what was so before and opens what is so now; what is so already goes on as it is.
void KeepFact(storage::Connection& connection, const Moment& moment, const Fact& fact);
// Closes all that is so of a version, or of the model and everything in it.
void EndVersionFacts(storage::Connection& connection, const Moment& moment, int64_t version);
void EndModelFacts(storage::Connection& connection, const Moment& moment);

// The model that had a name at a time, else the one that has it, else the last that had it. Throws
// kNotFound in MLflow's words.
int64_t FindModelEver(storage::Connection& connection, const std::string& name,
                      std::optional<int64_t> time_ms);

}  // namespace millwright::registry
