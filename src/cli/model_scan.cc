// Scanning the files of versions that a server has.
#include <fmt/format.h>

#include "base/error.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/exit_status.h"
#include "cli/progress.h"
#include "cli/reference.h"

namespace millwright::cli {
namespace {

constexpr const char* kPageSize = "1000";
constexpr int64_t kScanMs = 600'000;

struct ModelScanOptions {
  std::vector<std::string> models;
  bool all = false;
};
constexpr Option<ModelScanOptions> kModelScanOptions[] = {
    {"", "MODEL",
     "A version as models:/NAME/VERSION, models:/NAME@ALIAS or NAME@VERSION; NAME for all of a "
     "model; repeatable",
     &ModelScanOptions::models, "", 0, 0},
    {"", "--all", "All versions of all models", &ModelScanOptions::all},
};

struct Target {
  std::string model, version;
};

std::string QuotedName(const std::string& name) {
  if (name.find('\'') == std::string::npos) return "'" + name + "'";
  return "\"" + name + "\"";
}

// The versions that a filter finds; those of prompts have no files.
void AddFound(Client& client, const std::string& filter, std::vector<Target>* targets) {
  std::string token;
  do {
    Query query = {{"max_results", kPageSize}, {"filter", filter}};
    if (!token.empty()) query.emplace_back("page_token", token);
    const Json page = client.MlflowGet("model-versions/search", query);
    if (const Json* versions = page.Find("model_versions")) {
      for (const Json& version : versions->AsArray()) {
        targets->push_back({version.GetString("name"), version.GetString("version")});
      }
    }
    token = page.GetString("next_page_token");
  } while (!token.empty());
}

void AddNamed(Client& client, const std::string& text, std::vector<Target>* targets) {
  const Reference reference = ParseReference(text);
  const auto& [name, version] = reference;
  if (version.empty()) {
    client.MlflowGet("registered-models/get", {{"name", name}});
    AddFound(client, "name = " + QuotedName(name), targets);
  } else {
    targets->push_back({name, ResolveModelVersion(client, name, version)});
  }
}

Json ScanVersion(Client& client, const Target& target) {
  const std::string url =
      fmt::format("/api/v1/models/{}/versions/{}/scan", fetch::PercentEncode(target.model),
                  fetch::PercentEncode(target.version));
  Json answer;
  try {
    answer = ParseJson(
        client.Send({.method = "POST", .url = url, .body = "{}", .timeout_ms = kScanMs}).body);
  } catch (const Error& error) {
    if (error.code() == Code::kUnavailable) throw;
    // Such as a prompt, which has no files: the others go on.
    answer = Json::Of({{"passed", false}, {"summary", error.message()}, {"refused", true}});
  }
  answer.Set("model", target.model);
  answer.Set("version", target.version);
  return answer;
}

std::string ResultOf(const Json& scan) {
  if (scan.GetBool("refused")) return "refused";
  if (!scan.GetBool("recorded", true)) {
    return scan.GetBool("passed") ? "passed (not recorded)" : "failed (not recorded)";
  }
  if (scan.At("details").GetBool("quarantined")) return "quarantine";
  if (scan.GetBool("passed")) return "passed";
  return scan.At("details").GetBool("scanned") ? "failed" : "not scanned";
}

// Who uses a version that did not pass.
std::string UsesOf(const Json& scan) {
  std::string uses;
  if (scan.GetBool("passed") || scan.GetBool("refused")) return uses;
  for (const Json& alias : scan.At("aliases").AsArray()) uses += " " + alias.AsString("aliases");
  if (const std::string stage = scan.GetString("stage"); stage != "None") uses += " " + stage;
  return uses;
}

int ScanModels(const ModelScanOptions& options, Console& console) {
  if (options.all != options.models.empty()) {
    throw InvalidArgument("Name models, or say --all").WithField("MODEL");
  }
  Client& client = console.client();
  std::vector<Target> targets;
  if (options.all) AddFound(client, "", &targets);
  for (const std::string& model : options.models) AddNamed(client, model, &targets);
  auto progress = console.StartProgress("scan");
  Json scans = Json::MakeArray();
  std::vector<std::vector<std::string>> rows;
  size_t passed = 0;
  for (const Target& target : targets) {
    progress->Update(static_cast<double>(rows.size()) / static_cast<double>(targets.size()),
                     target.model + "@" + target.version);
    Json scan = ScanVersion(client, target);
    passed += scan.GetBool("passed") ? 1 : 0;
    rows.push_back(
        {target.model, target.version, ResultOf(scan), scan.GetString("summary"), UsesOf(scan)});
    scans.Append(std::move(scan));
  }
  progress->Finish(fmt::format("{} of {} versions passed", passed, targets.size()));
  console.Answer(Json::Of({{"scans", std::move(scans)}, {"passed", passed}}));
  console.PrintTable(
      {"MODEL", "VERSION", "RESULT", {"SUMMARY", Column::Align::kSentence}, "USED AS"}, rows);
  return passed == targets.size() ? 0 : kHold;
}

}  // namespace

void AddModelScanCommand(Commands& commands) {
  commands.push_back(MakeCommand("models scan",
                                 "Scan the files of versions that a server has, under its policy; "
                                 "exit 99 unless all pass",
                                 kModelScanOptions, ScanModels));
}

}  // namespace millwright::cli
