#include <fmt/format.h>

#include "analytics/session.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/artifact_transfer.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/exit_status.h"
#include "cli/model_evaluation.h"
#include "cli/model_name.h"
#include "cli/name_option.h"
#include "cli/progress.h"
#include "cli/reference.h"
#include "inference/booster.h"
#include "inference/model_package.h"
#include "inference/parity.h"
#include "inference/tree_converter.h"
#include "scan/onnx_check.h"

namespace millwright::cli {
namespace {

// How far the converted model may be from the original on any row.
constexpr double kParityMax = 1e-5;

std::string ModelPath(const std::string& model, const std::string& version) {
  return fmt::format("/api/v1/models/{}/versions/{}", fetch::PercentEncode(model),
                     fetch::PercentEncode(version));
}

struct RegisterOptions {
  std::string name, run, dataset, split, test_part = "test", reference_part = "train";
  std::string suite_dataset;
};
constexpr Option<RegisterOptions> kRegisterOptions[] = {
    {"", "NAME", "The registered model's name", &RegisterOptions::name, "", 0, 0,
     Option<RegisterOptions>::Kind::kRequired},
    {"", "--run", "The run that trained it", &RegisterOptions::run, "RUN", 0, 0,
     Option<RegisterOptions>::Kind::kRequired},
    {"", "--dataset", "The dataset it was trained on, NAME@VERSION", &RegisterOptions::dataset,
     "DATASET", 0, 0, Option<RegisterOptions>::Kind::kRequired},
    {"", "--split", "The split it was trained on", &RegisterOptions::split, "NAME", 0, 0,
     Option<RegisterOptions>::Kind::kRequired},
    {"", "--test-part", "The part on which the conversion is checked", &RegisterOptions::test_part,
     "PART"},
    {"", "--reference-part", "The part whose profile live data is compared with",
     &RegisterOptions::reference_part, "PART"},
    {"", "--suite-dataset", "The dataset whose latest validation counts, NAME@VERSION",
     &RegisterOptions::suite_dataset, "DATASET"},
};

void RecordCheck(Client& client, const std::string& model, const std::string& version,
                 const std::string& name, bool passed, const std::string& summary,
                 const Json& details) {
  client.Post(
      ModelPath(model, version) + "/checks",
      Json::Of({{"name", name}, {"passed", passed}, {"summary", summary}, {"details", details}}));
}

// Converts the run's booster, writes the version's folder beside it and returns its signature.
inference::ModelPackage BuildPackage(const std::filesystem::path& folder,
                                     const std::filesystem::path& ubj, const std::string& run_id,
                                     const FeatureRows& rows) {
  const auto booster = inference::Booster::Load(ubj);
  inference::ModelPackage package;
  package.run_id = run_id;
  package.created_ms = SystemClock().NowMs();
  const auto onnx = inference::ConvertTreesToOnnx(booster, {});
  const auto scratch = folder.parent_path() / "converted.onnx";
  WriteFileDurably(scratch, onnx);
  package.signature = inference::LoadEngine(scratch)->signature();
  package.input_example = rows.Example();
  return inference::WriteModelPackage(folder, package, {.onnx = onnx, .ubj = ReadFile(ubj)});
}

std::string CreateVersion(Client& client, const RegisterOptions& options) {
  RegisterModelName(client, options.name);
  const Json run = client.MlflowGet("runs/get", {{"run_id", options.run}});
  const Json created = client.MlflowPost(
      "model-versions/create",
      Json::Of({{"name", options.name},
                {"source", run.At("run").At("info").GetString("artifact_uri") + "/model"},
                {"run_id", options.run}}));
  return created.At("model_version").GetString("version");
}

void RecordSuite(Client& client, const RegisterOptions& options, const std::string& version) {
  if (options.suite_dataset.empty()) return;
  const Reference dataset = ParseReference(options.suite_dataset);
  const int64_t number = ResolveDatasetVersion(client, dataset);
  const Json found = client.Get("/api/v1/validations", {{"dataset", dataset.name}});
  for (const Json& validation : found.At("validations").AsArray()) {
    if (validation.GetInt("version") != number) continue;
    RecordCheck(client, options.name, version, "suite", validation.GetBool("success"),
                fmt::format("{} on {}@{}: {} of {} expectations met", validation.GetString("suite"),
                            dataset.name, number,
                            validation.GetInt("evaluated") - validation.GetInt("unsuccessful"),
                            validation.GetInt("evaluated")),
                validation);
    return;
  }
  throw FailedPrecondition("{}@{} was never validated", dataset.name, number);
}

int RegisterModel(const RegisterOptions& options, Console& console) {
  auto progress = console.StartProgress("register " + options.name);
  Client& client = console.client();
  const TempDir scratch;
  const Reference dataset = ParseReference(options.dataset);
  const std::string artifacts = ArtifactFolder(client, options.run);
  const auto ubj = scratch.path() / "model.ubj";
  DownloadArtifact(client, artifacts, "model.ubj", ubj);
  progress->Update(0.1, "converting");

  const auto rows_file = scratch.path() / "test.parquet";
  DownloadPart(client, dataset, options.split, options.test_part, rows_file);
  const auto features = inference::Booster::Load(ubj).feature_names();
  const auto rows = LoadFeatureRows(rows_file, features, "true");
  const auto folder = scratch.path() / "model";
  const auto package = BuildPackage(folder, ubj, options.run, rows);
  progress->Update(0.3, "comparing");

  const auto report = inference::Parity(*inference::LoadEngine(ubj), *inference::LoadModel(folder),
                                        rows.values, features.size());
  UploadFolder(client, artifacts, "model", folder);
  const std::string version = CreateVersion(client, options);
  progress->Update(0.7, "profiling");
  client.Post(ModelPath(options.name, version) + "/contract",
              Json::Of({{"signature", inference::SignatureToJson(package.signature)},
                        {"reference", Json::Of({{"dataset", dataset.name},
                                                {"version", ResolveDatasetVersion(client, dataset)},
                                                {"split", options.split},
                                                {"part", options.reference_part}})}}));
  const bool same = report.max <= kParityMax;
  const std::string parity =
      fmt::format("ONNX and XGBoost differ by at most {:.2g} on {} rows", report.max,
                  FormatCount(static_cast<int64_t>(report.row_count)));
  RecordCheck(client, options.name, version, "parity", same, parity,
              inference::ParityToJson(report));
  RecordSuite(client, options, version);
  progress->Finish(fmt::format("{} version {}; {}", options.name, version, parity));
  console.Answer(Json::Of({{"model", options.name},
                           {"version", version},
                           {"run_id", options.run},
                           {"parity_max", report.max},
                           {"parity_rows", static_cast<int64_t>(report.row_count)}}));
  console.Hint(fmt::format("next: millwright models alias {} champion {}", options.name, version));
  return same ? 0 : kHold;
}

struct CompareOptions {
  std::string name, challenger, champion = "champion", dataset, split, part = "test",
                                label = "late";
  double min_gain = 0;
};
constexpr Option<CompareOptions> kCompareOptions[] = {
    {"", "NAME", "The registered model's name", &CompareOptions::name, "", 0, 0,
     Option<CompareOptions>::Kind::kRequired},
    {"", "--challenger", "The version that wants to be champion", &CompareOptions::challenger,
     "VERSION", 0, 0, Option<CompareOptions>::Kind::kRequired},
    {"", "--champion", "The alias or version to beat", &CompareOptions::champion, "VERSION"},
    {"", "--dataset", "The dataset to judge by, NAME@VERSION", &CompareOptions::dataset, "DATASET",
     0, 0, Option<CompareOptions>::Kind::kRequired},
    {"", "--split", "The split to judge by", &CompareOptions::split, "NAME", 0, 0,
     Option<CompareOptions>::Kind::kRequired},
    {"", "--part", "The part to judge by", &CompareOptions::part, "PART"},
    {"", "--label", "The column with the truth", &CompareOptions::label, "COLUMN"},
    {"", "--min-gain", "How much more AUC the challenger must have", &CompareOptions::min_gain, "X",
     -1, 1},
};

double AucOfVersion(Client& client, const std::string& model, const std::string& version,
                    const std::filesystem::path& scratch, const FeatureTable& table) {
  const Json found =
      client.MlflowGet("model-versions/get", {{"name", model}, {"version", version}});
  const auto folder = scratch / ("model-" + version);
  const std::string artifacts =
      ArtifactFolder(client, found.At("model_version").GetString("run_id"));
  for (const char* file : {"model.onnx", "model.ubj", "signature.json", "MLmodel"})
    DownloadArtifact(client, artifacts, fmt::format("model/{}", file), folder / file);
  return AucOnTable(*inference::LoadModel(folder), table);
}

int CompareVersions(const CompareOptions& options, Console& console) {
  auto progress = console.StartProgress("compare " + options.name);
  Client& client = console.client();
  const TempDir scratch;
  const auto file = scratch.path() / "rows.parquet";
  DownloadPart(client, ParseReference(options.dataset), options.split, options.part, file);
  const FeatureTable table{file, options.label};
  const std::string champion = ResolveModelVersion(client, options.name, options.champion);
  const double before = AucOfVersion(client, options.name, champion, scratch.path(), table);
  const double after =
      AucOfVersion(client, options.name, options.challenger, scratch.path(), table);
  const bool better = after >= before + options.min_gain;
  const std::string summary = fmt::format("AUC {:.4f} against {:.4f} of version {} on {} {}", after,
                                          before, champion, options.split, options.part);
  RecordCheck(client, options.name, options.challenger, "beats_champion", better, summary,
              Json::Of({{"champion", champion},
                        {"champion_auc", before},
                        {"challenger_auc", after},
                        {"min_gain", options.min_gain}}));
  progress->Finish(fmt::format("{}: {}", better ? "better" : "hold", summary));
  console.Answer(Json::Of({{"better", better},
                           {"champion", champion},
                           {"champion_auc", before},
                           {"challenger_auc", after},
                           {"summary", summary}}));
  return better ? 0 : kHold;
}

int ListModels(const LimitOptions& options, Console& console) {
  const Json result = console.client().MlflowGet("registered-models/search",
                                                 {{"max_results", std::to_string(options.limit)}});
  console.Answer(result);
  std::vector<std::vector<std::string>> rows;
  if (const Json* models = result.Find("registered_models"))
    for (const Json& model : models->AsArray()) {
      std::string aliases;
      if (const Json* list = model.Find("aliases"))
        for (const Json& alias : list->AsArray())
          aliases += fmt::format("{}{}={}", aliases.empty() ? "" : " ", alias.GetString("alias"),
                                 alias.GetString("version"));
      rows.push_back({model.GetString("name"), aliases, model.GetString("description")});
    }
  console.PrintTable({"NAME", "ALIASES", "DESCRIPTION"}, rows);
  return 0;
}

int ShowModel(const NameOptions& options, Console& console) {
  const Reference reference = ParseReference(options.name);
  const Json history =
      console.client().Get("/api/v1/models/" + fetch::PercentEncode(reference.name) + "/history");
  Json answer = history;
  if (!reference.version.empty()) {
    const std::string version =
        ResolveModelVersion(console.client(), reference.name, reference.version);
    const Json details = console.client().Get(ModelPath(reference.name, version));
    answer.Set("version", details);
    console.Line(fmt::format("{} version {}", reference.name, version));
    for (const Json& check : details.At("checks").AsArray())
      console.Line(fmt::format("  {} {}: {}", check.GetBool("passed") ? "✓" : "✗",
                               check.GetString("name"), check.GetString("summary")));
  }
  console.Answer(answer);
  std::vector<std::vector<std::string>> rows;
  for (const Json& change : history.At("changes").AsArray())
    rows.push_back({FormatTime(change.GetInt("time_ms")), change.GetString("who"),
                    change.GetString("summary")});
  console.PrintTable({"TIME", "WHO", "WHAT"}, rows);
  return 0;
}

}  // namespace

void RegisterModelName(Client& client, const std::string& name) {
  try {
    client.MlflowPost("registered-models/create", Json::Of({{"name", name}}));
  } catch (const Error& error) {
    if (error.message().find("already exists") == std::string::npos) throw;
  }
}

void AddModelCommands(Commands& commands) {
  AddModelFileCommands(commands);
  AddModelScanCommand(commands);
  commands.push_back(MakeCommand("models register",
                                 "Convert a run's model, check it and register a version",
                                 kRegisterOptions, RegisterModel));
  commands.push_back(MakeCommand("models compare",
                                 "Judge a challenger against the champion; exit 99 to hold",
                                 kCompareOptions, CompareVersions));
  commands.push_back(
      MakeCommand("models list", "List registered models", kLimitOptions, ListModels));
  commands.push_back(MakeCommand("models show", "Show a version's checks and the model's history",
                                 kNameOptions, ShowModel));
}

}  // namespace millwright::cli
