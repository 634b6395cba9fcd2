#include "quality/checkpoint.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/option.h"
#include "base/yaml.h"
#include "quality/suite_file.h"

namespace millwright::quality {
namespace {

namespace fs = std::filesystem;

constexpr size_t kSlackExpectationsMax = 10;

Json ReadEither(const fs::path& file) {
  const std::string text = ReadFile(file);
  const size_t start = text.find_first_not_of(" \t\r\n");
  return start != std::string::npos && text[start] == '{' ? ParseJson(text) : ParseYaml(text);
}

// Relative names are the checkpoint's; an address elsewhere stays as it is.
std::string Resolve(const fs::path& base, const std::string& name) {
  if (name.empty() || name.find("://") != std::string::npos) return name;
  return (base / name).lexically_normal().string();
}

// The folder in which Great Expectations keeps checkpoints/, validation_definitions/ and
// expectations/ beside one another.
fs::path StoreOf(const fs::path& base) {
  return base.parent_path().empty() ? fs::path("..") : base.parent_path();
}

std::string NameOf(const Json& json) {
  return json.is_string() ? json.AsString() : json.GetString("name");
}

Suite ReadSuite(const Json& json, const fs::path& base, bool is_stored) {
  if (json.is_object() && (json.Has("expectations") || json.Has("checks"))) return ParseSuite(json);
  const std::string name = NameOf(json);
  if (is_stored || json.is_object()) {
    return ReadSuiteFile((StoreOf(base) / "expectations" / (name + ".json")).string());
  }
  return ReadSuiteFile(std::string(Resolve(base, name)));
}

ValidationDefinition ReadDefinition(const Json& given, const fs::path& base) {
  Json json = given;
  const bool is_stored = !given.is_object() || !given.Has("suite");
  if (is_stored) {
    json = ReadEither(StoreOf(base) / "validation_definitions" / (NameOf(given) + ".json"));
  }
  ValidationDefinition definition;
  definition.name = json.GetString("name", NameOf(given));
  // A stored one names a data source, which is a program's to open.
  if (const Json* data = json.Find("data"); data != nullptr && data->is_string()) {
    definition.data = Resolve(base, data->AsString());
  }
  definition.query = json.GetString("query");
  definition.suite = ReadSuite(json.At("suite"), base, is_stored);
  if (const Json* parameters = json.Find("suite_parameters")) definition.parameters = *parameters;
  return definition;
}

CheckpointAction::When ReadWhen(const std::string& text) {
  if (text == "all" || text.empty()) return CheckpointAction::When::kAlways;
  if (text == "failure") return CheckpointAction::When::kFailure;
  if (text == "success") return CheckpointAction::When::kSuccess;
  throw InvalidArgument("notify_on must be all, failure or success: {}", text);
}

CheckpointAction ReadAction(const Json& json, const fs::path& base) {
  using Kind = CheckpointAction::Kind;
  constexpr std::pair<std::string_view, Kind> kKinds[] = {{"store_result", Kind::kStoreResult},
                                                          {"report", Kind::kReport},
                                                          {"update_data_docs", Kind::kReport},
                                                          {"webhook", Kind::kWebhook},
                                                          {"slack", Kind::kSlack}};
  const std::string& type = json.At("type").AsString("type");
  std::vector<std::string_view> known;
  CheckpointAction action;
  bool is_known = false;
  for (const auto& [name, kind] : kKinds) {
    known.push_back(name);
    if (name != type) continue;
    action.kind = kind;
    is_known = true;
  }
  if (!is_known) {
    const std::string nearest = NearestName(type, known);
    throw InvalidArgument("Unknown action: {}{}", type,
                          nearest.empty() ? "" : " (did you mean " + nearest + "?)");
  }
  action.name = json.GetString("name", type);
  action.when = ReadWhen(json.GetString("notify_on", "all"));
  action.folder = Resolve(base, json.GetString("folder", "results"));
  action.url = json.GetString("url", json.GetString("slack_webhook"));
  const bool is_call = action.kind == Kind::kWebhook || action.kind == Kind::kSlack;
  if (is_call && action.url.empty()) {
    throw InvalidArgument("{} needs {}", type, type == "slack" ? "slack_webhook" : "url");
  }
  return action;
}

void ReadResultFormat(const Json& json, Checkpoint* checkpoint) {
  if (json.is_string()) {
    checkpoint->format = ParseResultFormat(json.AsString());
    return;
  }
  checkpoint->format = ParseResultFormat(json.GetString("result_format", "SUMMARY"));
  checkpoint->partial_unexpected_count = static_cast<int>(
      json.GetInt("partial_unexpected_count", checkpoint->partial_unexpected_count));
}

template <typename Read>
void ReadList(const Json& json, std::string_view key, size_t max, Read&& read) {
  const Json* list = json.Find(key);
  if (list == nullptr || list->is_null()) return;
  const Json::Array& items = list->AsArray(key);
  if (items.size() > max) throw InvalidArgument("A checkpoint may have {} {}", max, key);
  for (size_t i = 0; i < items.size(); ++i) {
    try {
      read(items[i]);
    } catch (const Error& error) {
      throw Error(error.code(), fmt::format("{}[{}]: {}", key, i, error.message()));
    }
  }
}

int64_t FailedOf(const std::vector<CheckpointRun>& runs) {
  return std::count_if(runs.begin(), runs.end(),
                       [](const CheckpointRun& run) { return !run.result.success; });
}

}  // namespace

Checkpoint ReadCheckpoint(const fs::path& file) {
  const Json json = ReadEither(file);
  json.AsObject("checkpoint");
  const fs::path base = fs::absolute(file).parent_path();
  Checkpoint checkpoint;
  checkpoint.name = json.GetString("name", file.stem().string());
  ReadList(json, "validation_definitions", kCheckpointDefinitionsMax,
           [&](const Json& item) { checkpoint.definitions.push_back(ReadDefinition(item, base)); });
  if (checkpoint.definitions.empty()) {
    throw InvalidArgument("A checkpoint needs validation_definitions: {}", file.string());
  }
  ReadList(json, "actions", kCheckpointActionsMax,
           [&](const Json& item) { checkpoint.actions.push_back(ReadAction(item, base)); });
  if (const Json* format = json.Find("result_format"); format != nullptr && !format->is_null()) {
    ReadResultFormat(*format, &checkpoint);
  }
  return checkpoint;
}

Json CheckpointResult(const Checkpoint& checkpoint, const std::vector<CheckpointRun>& runs) {
  Json results = Json::MakeArray();
  for (const CheckpointRun& run : runs) {
    results.Append(
        Json::Of({{"validation_definition", run.definition}, {"result", run.result.ToJson()}}));
  }
  const int64_t failed = FailedOf(runs);
  const auto all = static_cast<int64_t>(runs.size());
  return Json::Of({{"success", failed == 0},
                   {"checkpoint", checkpoint.name},
                   {"statistics", Json::Of({{"evaluated_validations", all},
                                            {"successful_validations", all - failed},
                                            {"unsuccessful_validations", failed}})},
                   {"run_results", std::move(results)}});
}

Json SlackMessage(const Checkpoint& checkpoint, const std::vector<CheckpointRun>& runs) {
  const int64_t failed = FailedOf(runs);
  std::string text =
      fmt::format("*{}*: {}", checkpoint.name,
                  failed == 0 ? "all validations met their suites"
                              : fmt::format("{} of {} validations failed", failed, runs.size()));
  Json blocks = Json::MakeArray();
  const auto section = [](std::string words) {
    return Json::Of({{"type", "section"},
                     {"text", Json::Of({{"type", "mrkdwn"}, {"text", std::move(words)}})}});
  };
  blocks.Append(section(text));
  for (const CheckpointRun& run : runs) {
    if (run.result.success) continue;
    std::string words =
        fmt::format("*{}* by suite {}: {} of {} expectations not met", run.definition,
                    run.result.suite, run.result.unsuccessful(), run.result.evaluated());
    size_t shown = 0;
    for (const ExpectationResult& one : run.result.results) {
      if (one.success || ++shown > kSlackExpectationsMax) continue;
      words += fmt::format("\n• {} {}", one.expectation.type,
                           one.expectation.kwargs.GetString("column"));
    }
    blocks.Append(section(std::move(words)));
  }
  return Json::Of({{"text", std::move(text)}, {"blocks", std::move(blocks)}});
}

}  // namespace millwright::quality
