#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "monitoring/prediction_import.h"

// What the columns of somebody's table are in the prediction log, whatever file they come from.
namespace millwright::monitoring {

// Parts of a prediction; the latter two are objects of inputs or outputs.
enum class ImportPart { kInput, kOutput, kInputs, kOutputs };

struct ImportColumn {
  std::string name;
  bool is_object = false;
};

// Places of columns in a table.
struct ImportRoles {
  std::optional<size_t> id, time, event_time, version, latency_us, caller, trace_id, error;
  std::optional<size_t> outcome, outcome_text;  // the text of an outcome that is no number
  struct Value {
    size_t column = 0;
    ImportPart part = ImportPart::kInput;
    std::string name;  // without prefix
  };
  std::vector<Value> values;

  // When a prediction was asked: where no column says so, when it happened.
  std::optional<size_t> asked() const { return time ? time : event_time; }
};

// Throws kInvalidArgument for a column of the rules that is not there.
ImportRoles RolesOf(const std::vector<ImportColumn>& columns, const ImportRules& rules);

// Adds the fields of an object to the values. Throws kInvalidArgument for anything else.
void AddObject(const Json& json, NamedValues* values);

// A row of the table, before it is looked at whether the log takes it.
struct ImportedRow {
  int64_t number = 0;             // from 1
  std::optional<std::string> id;  // none: it is to be given one
  std::optional<int64_t> time_ms;
  bool has_time = false;  // also where it cannot be read
  std::optional<int64_t> event_time_ms;
  std::string version, trace_id, error;
  std::optional<std::string> caller;  // none: who sends the table
  std::optional<int64_t> latency_us;
  Value outcome;
  NamedValues inputs, outputs;
  std::string refusal;  // why it cannot be read; empty where it can
};

}  // namespace millwright::monitoring
