#include "server/model_files.h"

#include <algorithm>
#include <optional>

#include "artifacts/artifacts.h"
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "registry/intake.h"
#include "registry/quarantine.h"
#include "registry/registry.h"
#include "server/model_schema.h"

namespace millwright::server {
namespace {

constexpr int64_t kInspectMs = 30'000;
constexpr int64_t kScanMs = 300'000;
constexpr int64_t kStopGraceMs = 100;
constexpr int kRefusedStatus = 4;  // of `millwright scan`: findings of high severity
constexpr int kScanStatusMax = 5;
constexpr size_t kAnswerBytesMax = size_t{8} << 20;
constexpr std::string_view kPromptTag = "mlflow.prompt.is_prompt";
constexpr const char* kModelFiles[] = {"model.onnx", "model.ubj", "model.json"};

// The place of a model's folder or file on this machine, if this server keeps it.
std::optional<std::filesystem::path> LocalModel(const artifacts::Artifacts& artifacts,
                                                const std::string& artifact_uri) {
  const auto path = artifacts.FindPath(artifact_uri);
  if (!path) return std::nullopt;
  return artifacts.LocalTree(*path);
}

// What a command of this program answered in a process of its own.
struct Outcome {
  int status = 0;
  Json answer;
  std::string failure;  // why there is no answer
};

// What the program printed of an error: with --json it is an object, but for what ends it before.
std::string SaidWhy(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  constexpr std::string_view kPrefix = "millwright: ";
  if (text.starts_with(kPrefix)) text.erase(0, kPrefix.size());
  if (!text.starts_with('{')) return text;
  try {
    return ParseJson(text).GetString("message", text);
  } catch (const Error&) {
    return text;
  }
}

Outcome RunSelf(const std::vector<std::string>& arguments, int64_t timeout_ms) {
  const TempDir scratch;
  const auto output = scratch.path() / "output";
  ProcessSpec spec{.arguments = {ThisProgram().string()}, .output_file = output};
  spec.arguments.insert(spec.arguments.end(), arguments.begin(), arguments.end());
  ChildProcess child(spec);
  Outcome outcome;
  const auto status = child.Wait(timeout_ms);
  if (!status) {
    child.Stop(kStopGraceMs);
    outcome.failure = fmt::format("it did not end within {} s", timeout_ms / 1000);
    return outcome;
  }
  if (status->signal != 0) {
    outcome.failure = fmt::format("reading it ended with signal {}", status->signal);
    return outcome;
  }
  outcome.status = status->code;
  if (std::filesystem::file_size(output) > kAnswerBytesMax) {
    outcome.failure = "what was said of it is too long";
    return outcome;
  }
  std::string text = ReadFile(output);
  if (status->code == 0 || (status->code > 2 && status->code <= kScanStatusMax)) {
    outcome.answer = ParseJson(text);
    return outcome;
  }
  outcome.failure = SaidWhy(text);
  return outcome;
}

bool CanBeJudged(const std::filesystem::path& model) {
  if (!std::filesystem::is_directory(model)) return true;
  if (std::filesystem::exists(model / "MLmodel")) return true;
  return std::any_of(std::begin(kModelFiles), std::end(kModelFiles),
                     [&](const char* name) { return std::filesystem::exists(model / name); });
}

// MLflow's prompts are registered as versions of models, with a source that is a plain word. The
// tag alone says nothing: anybody may set it beside files, or an address of some.
bool IsPromptAlone(const std::vector<registry::Tag>& tags, const std::string& artifact_uri,
                   const registry::Check& scan) {
  if (scan.details.GetBool("scanned")) return false;
  if (artifact_uri.find_first_of(":/\\") != std::string::npos) return false;
  return std::any_of(tags.begin(), tags.end(),
                     [](const auto& tag) { return tag.key == kPromptTag && tag.value == "true"; });
}

// Nobody has looked at the files, and clients may load them from where they are: a policy that
// keeps bad files out keeps these out.
registry::Check NotScanned(const std::string& artifact_uri, std::string_view rule,
                           const std::string& why, ScanPolicy policy) {
  registry::Check check{.name = std::string(registry::kScanCheck),
                        .summary = "not scanned: " + why};
  Json findings = Json::MakeArray();
  findings.Append(Json::Of(
      {{"severity", "medium"}, {"rule", rule}, {"place", artifact_uri}, {"message", why}}));
  check.details = Json::Of({{"findings", std::move(findings)},
                            {"files", 0},
                            {"quarantined", policy != ScanPolicy::kWarn},
                            {"scanned", false}});
  return check;
}

// What the program says of files here, without the places where this server keeps them.
std::string WithoutPlaces(std::string text, const std::filesystem::path& model) {
  for (const auto& [place, name] : {std::pair(model.string() + "/", std::string()),
                                    std::pair(model.string(), model.filename().string())}) {
    for (size_t at = text.find(place); at != std::string::npos; at = text.find(place, at)) {
      text.replace(at, place.size(), name);
      at += name.size();
    }
  }
  return text;
}

void AddFinding(std::string_view severity, std::string_view rule, const std::string& place,
                const std::string& message, registry::Check* check) {
  Json findings = Json::MakeArray();
  if (const Json* found = check->details.Find("findings")) findings = *found;
  findings.Append(
      Json::Of({{"severity", severity}, {"rule", rule}, {"place", place}, {"message", message}}));
  check->details.Set("findings", std::move(findings));
}

bool IsBlocked(const registry::Check& scan, ScanPolicy policy) {
  return policy == ScanPolicy::kBlock && !scan.passed;
}

std::string RefusalOf(const registry::Check& scan) {
  return "The model was refused by its scan: " + scan.summary;
}

}  // namespace

std::filesystem::path ModelFolder(const artifacts::Artifacts& artifacts,
                                  const registry::ModelVersion& version) {
  const auto local = LocalModel(artifacts, version.artifact_uri);
  if (!local)
    throw FailedPrecondition("The files of {} version {} are not kept by this server: {}",
                             version.name.str(), version.version, version.artifact_uri);
  return *local;
}

ScanPolicy ParseScanPolicy(const std::string& text) {
  if (text == "block") return ScanPolicy::kBlock;
  if (text == "quarantine") return ScanPolicy::kQuarantine;
  if (text == "warn") return ScanPolicy::kWarn;
  throw InvalidArgument("scan.policy is block, quarantine or warn, not: {}", text);
}

registry::Check ModelInspection::ScanFiles(const std::filesystem::path& model) const {
  std::vector<std::string> arguments = {"scan", model.string(), "--json"};
  for (const std::string& name : options_.trusted_globals) {
    arguments.insert(arguments.end(), {"--trust", name});
  }
  const Outcome outcome = RunSelf(arguments, kScanMs);
  registry::Check check{.name = std::string(registry::kScanCheck)};
  // A scan that did not end tells that the files are such that it could not.
  if (outcome.failure.empty()) {
    const Json& scan = outcome.answer.At("scans").AsArray().at(0);
    check.passed = outcome.status < kRefusedStatus;
    check.summary = scan.GetString("summary");
    check.details = Json::Of({{"findings", scan.At("findings")}, {"files", scan.At("files")}});
  } else {
    check.summary = "the scan could not end: " + outcome.failure;
    check.details = Json::MakeObject();
  }
  const bool quarantined = !check.passed && options_.policy != ScanPolicy::kWarn;
  check.details.Set("quarantined", quarantined);
  check.details.Set("scanned", true);
  return check;
}

registry::Check ModelInspection::ScanAt(const std::string& artifact_uri) const {
  if (!artifacts_.FindPath(artifact_uri)) {
    return NotScanned(artifact_uri, "files.elsewhere", "its files are not kept by this server",
                      options_.policy);
  }
  if (const auto model = LocalModel(artifacts_, artifact_uri)) return ScanFiles(*model);
  return NotScanned(artifact_uri, "files.missing", "there are no files where it should have them",
                    options_.policy);
}

std::optional<Json> ModelInspection::Load(const std::string& artifact_uri,
                                          registry::Check* check) const {
  const auto model = LocalModel(artifacts_, artifact_uri);
  if (!model || !CanBeJudged(*model)) return std::nullopt;
  const Outcome outcome = RunSelf({"models", "inspect", model->string(), "--json"}, kInspectMs);
  if (outcome.failure.empty()) {
    const Json* signature = outcome.answer.Find("signature");
    return signature == nullptr ? std::nullopt : std::optional(*signature);
  }
  const std::string why = "does not load: " + WithoutPlaces(outcome.failure, *model);
  AddFinding("high", "model.load", model->filename().string(), why, check);
  if (check->passed) check->summary = "high: the model " + why;
  check->passed = false;
  check->details.Set("quarantined", options_.policy != ScanPolicy::kWarn);
  return std::nullopt;
}

void ModelInspection::Inspect(registry::NewVersion* version) const {
  const std::string& uri = version->artifact_uri.empty() ? version->source : version->artifact_uri;
  std::string problem;
  version->schema = ReadModelSchema(artifacts_, uri, &problem);
  registry::Check check = ScanAt(uri);
  if (IsPromptAlone(version->tags, uri, check)) return;
  if (IsBlocked(check, options_.policy)) throw InvalidArgument("{}", RefusalOf(check));
  if (!problem.empty()) AddFinding("low", "mlmodel.signature", "MLmodel", problem, &check);
  auto signature = Load(uri, &check);
  if (IsBlocked(check, options_.policy)) throw InvalidArgument("{}", RefusalOf(check));
  version->checks.push_back(std::move(check));
  if (signature && !version->signature) version->signature = std::move(signature);
}

registry::Inspection ModelInspection::InspectImported(const registry::ModelVersion& version) const {
  registry::Inspection inspection;
  registry::Check check = ScanAt(version.artifact_uri);
  if (IsPromptAlone(version.tags, version.artifact_uri, check)) return inspection;
  inspection.schema = ReadModelSchema(artifacts_, version.artifact_uri);
  if (IsBlocked(check, options_.policy)) inspection.refusal = RefusalOf(check);
  inspection.checks.push_back(std::move(check));
  return inspection;
}

registry::Check ModelInspection::Scan(const registry::ModelVersion& version) const {
  registry::Check check = ScanAt(version.artifact_uri);
  if (IsPromptAlone(version.tags, version.artifact_uri, check)) {
    throw FailedPrecondition("Version {} of {} is a prompt and has no files", version.version,
                             version.name.str());
  }
  Load(version.artifact_uri, &check);
  return check;
}

void ModelInspection::RequireLookedAt(const registry::ModelVersion& version,
                                      const std::vector<registry::Check>& checks) const {
  if (options_.policy == ScanPolicy::kWarn) return;
  for (const registry::Check& check : checks) {
    if (check.name == registry::kScanCheck && check.details.GetBool("scanned")) return;
  }
  const registry::Check check = ScanAt(version.artifact_uri);
  if (!registry::IsQuarantine(check)) return;
  throw FailedPrecondition("Version {} of {} is in quarantine: {}", version.version,
                           version.name.str(), check.summary);
}

}  // namespace millwright::server
