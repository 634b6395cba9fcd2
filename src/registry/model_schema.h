#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace millwright::registry {

// One input, output or parameter of a model, as an MLflow signature has it.
struct SchemaField {
  std::string name;  // empty where the signature has no names: then its place counts
  Json type;         // as written: "long", or {"type": "array", "items": …}
  bool required = true;
  bool is_tensor = false;
  std::optional<std::vector<int64_t>> shape;  // of a tensor or of a list parameter; -1 is any size
  Json default_value;  // of a parameter: what it is where a caller does not give it
};

// What a model takes and gives.
struct ModelSchema {
  std::vector<SchemaField> inputs;
  std::vector<SchemaField> outputs;
  std::vector<SchemaField> params;

  // Reads {"inputs": […], "outputs": […], "params": […]}, each a list or JSON text of one as in an
  // MLmodel, absent or null where there is none. Throws kInvalidArgument for anything else.
  static ModelSchema FromJson(const Json& signature);
};

// The signature of an MLmodel file with its sides as lists: what ModelSchema::FromJson reads and
// what is stored. Nothing when the file has none. Throws kInvalidArgument when it cannot be read.
std::optional<Json> SignatureOfMlmodel(std::string_view mlmodel_yaml);

// One difference between two schemas.
struct SchemaChange {
  enum class Kind { kAdded, kRemoved, kType, kShape, kRequired, kDefault };
  Kind kind;
  std::string side;  // "input", "output" or "param"
  std::string name;  // "#2" for the third of unnamed ones
  std::string before;
  std::string after;
  // Whether a caller that keeps to the schema before can be refused by the model after.
  bool breaks = false;
  std::string reason;  // in one line
};

// Compares what callers of `before` send with what `after` takes, by the rules of MLflow's schema
// enforcement:
//   columns  a missing required one is refused, an unknown one is ignored; integer becomes long or
//            double, float becomes double, everything but "any" else must be the same; objects
//            refuse properties that they do not know; arrays and maps go by their elements
//   tensors  the type must be the same, the rank too, and each size unless it is any
//   params   all have defaults, unknown ones are ignored; integer becomes long, float or double,
//            long becomes float or double, float becomes double; another default changes answers
//            and refuses nobody
// Outputs are compared and never break: what callers make of answers is not declared.
std::vector<SchemaChange> CompareSchemas(const ModelSchema& before, const ModelSchema& after);

// What is known of what a version takes.
struct VersionSchema {
  std::optional<ModelSchema> declared;  // by its MLmodel
  std::optional<ModelSchema> columns;   // that the loaded model names
  std::optional<ModelSchema> tensors;   // that the loaded model takes

  // `schema` is what its MLmodel declares, `signature` what it was seen to take when it was loaded:
  // {"inputs": [{"name": …, "datatype": "FP32", "shape": […]}], "columns": […]}. A signature that
  // cannot be read is none.
  static VersionSchema Read(const std::optional<Json>& schema,
                            const std::optional<Json>& signature);
  bool known() const { return declared || columns || tensors; }
};

// Compares the most telling of what is known of both: what is declared, else the columns, else the
// tensors. Nothing where nothing of the same kind is known.
std::optional<std::vector<SchemaChange>> CompareVersionSchemas(const VersionSchema& before,
                                                               const VersionSchema& after);

// The reasons of those that break, in one line; empty when none does.
std::string Breaks(const std::vector<SchemaChange>& changes);
Json SchemaChangesToJson(const std::vector<SchemaChange>& changes);

}  // namespace millwright::registry
