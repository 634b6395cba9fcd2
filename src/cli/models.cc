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
#include "cli/model_registry.h"
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
  std::string name, run, folder, path = "model", dataset, split, test_part = "test";
  std::string reference_part = "train", suite_dataset;
};
constexpr Option<RegisterOptions> kRegisterOptions[] = {
    {"", "NAME", "The registered model's name", &RegisterOptions::name, "", 0, 0,
     Option<RegisterOptions>::Kind::kRequired},
    {"", "--run", "The run that trained it", &RegisterOptions::run, "RUN"},
    {"", "--path", "Where the model is among the run's artifacts", &RegisterOptions::path, "PATH"},
    {"", "--folder",
     "A model's folder on this machine, such as one of MLflow's; it is stored at --path of the "
     "run, or of a run made for it",
     &RegisterOptions::folder, "FOLDER"},
    {"", "--dataset",
     "The dataset it was trained on, NAME@VERSION: convert the run's model.ubj, and check it on "
     "the split",
     &RegisterOptions::dataset, "DATASET"},
    {"", "--split", "The split it was trained on", &RegisterOptions::split, "NAME"},
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
                {"source", fmt::format("{}/{}", run.At("run").At("info").GetString("artifact_uri"),
                                       options.path)},
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

std::string NewRun(Client& client, const RegisterOptions& options) {
  const Json run =
      client.MlflowPost("runs/create", Json::Of({{"experiment_id", "0"},
                                                 {"start_time", SystemClock().NowMs()},
                                                 {"run_name", "register " + options.name}}));
  return run.At("run").At("info").GetString("run_id");
}

// Registers a model as it is, without looking at what it was trained on.
int RegisterAsItIs(RegisterOptions options, Console& console) {
  Client& client = console.client();
  if (options.folder.empty() && options.run.empty()) {
    throw InvalidArgument("Say which run's model it is, or the folder that holds it")
        .WithField("--run");
  }
  if (!options.folder.empty()) {
    if (!std::filesystem::is_directory(options.folder)) {
      throw NotFound("Folder", options.folder).WithField("--folder");
    }
    const bool is_new = options.run.empty();
    if (is_new) options.run = NewRun(client, options);
    UploadFolder(client, ArtifactFolder(client, options.run), options.path, options.folder);
    if (is_new) {
      client.MlflowPost("runs/update", Json::Of({{"run_id", options.run},
                                                 {"status", "FINISHED"},
                                                 {"end_time", SystemClock().NowMs()}}));
    }
  }
  const std::string version = CreateVersion(client, options);
  console.Answer(
      Json::Of({{"model", options.name}, {"version", version}, {"run_id", options.run}}));
  console.Line(fmt::format("{} version {}, of run {}", options.name, version, options.run));
  console.Hint(fmt::format("next: millwright models show {}@{}", options.name, version));
  return 0;
}

int RegisterModel(const RegisterOptions& options, Console& console) {
  if (options.dataset.empty() != options.split.empty()) {
    throw InvalidArgument("--dataset and --split belong together")
        .WithField(options.dataset.empty() ? "--dataset" : "--split");
  }
  if (options.dataset.empty()) return RegisterAsItIs(options, console);
  if (options.run.empty()) throw InvalidArgument("--run is required").WithField("--run");
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
  UploadFolder(client, artifacts, options.path, folder);
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
  AddModelRegistryCommands(commands);
  commands.push_back(MakeCommand("models register",
                                 "Register a run's model or a folder as a version; with --dataset "
                                 "convert and check it first",
                                 kRegisterOptions, RegisterModel));
  commands.push_back(MakeCommand("models compare",
                                 "Judge a challenger against the champion; exit 99 to hold",
                                 kCompareOptions, CompareVersions));
}

}  // namespace millwright::cli
