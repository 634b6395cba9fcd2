#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "quality/validation.h"

namespace millwright::quality {

inline constexpr size_t kCheckpointDefinitionsMax = 1'000;
inline constexpr size_t kCheckpointActionsMax = 100;

// One validation of a checkpoint: which data by which suite.
struct ValidationDefinition {
  std::string name;
  std::string data;   // an address, or "" where the command line says it
  std::string query;  // of a database
  Suite suite;
  Json parameters = Json::MakeObject();
};

// What is done with the results, once all are there.
struct CheckpointAction {
  enum class Kind { kStoreResult, kReport, kWebhook, kSlack };
  enum class When { kAlways, kFailure, kSuccess };
  Kind kind = Kind::kStoreResult;
  std::string name;
  std::filesystem::path folder;  // of results and reports
  std::string url;
  When when = When::kAlways;
};

// Several validations and what follows from them, as people keep it in a file.
struct Checkpoint {
  std::string name;
  ResultFormat format = ResultFormat::kSummary;
  int partial_unexpected_count = 20;
  std::vector<ValidationDefinition> definitions;
  std::vector<CheckpointAction> actions;
};

// Reads a checkpoint, JSON or YAML: `name`, `validation_definitions`, `actions`, `result_format`. A
// definition is given here (`name`, `data`, `suite` as a file or in place, `suite_parameters`) or,
// as Great Expectations stores it, by its name: validation_definitions/NAME.json and
// expectations/SUITE.json beside the folder of the checkpoint. Files are relative to the
// checkpoint's own. Actions: store_result and report with `folder` (update_data_docs is report),
// webhook with `url`, slack with `slack_webhook`; each with `notify_on` all, failure or success.
// Throws kInvalidArgument naming the definition or action, kNotFound for a file.
Checkpoint ReadCheckpoint(const std::filesystem::path& file);

// A validation of the checkpoint that was made.
struct CheckpointRun {
  std::string definition;
  ValidationResult result;
};
// All results: success, statistics of the validations, and each of them.
Json CheckpointResult(const Checkpoint& checkpoint, const std::vector<CheckpointRun>& runs);
// What Slack's incoming webhooks take, and others that speak its shape.
Json SlackMessage(const Checkpoint& checkpoint, const std::vector<CheckpointRun>& runs);

}  // namespace millwright::quality
