// Commands that work on a model's files, without a server.
#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "base/mapped_file.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/exit_status.h"
#include "cli/model_evaluation.h"
#include "cli/progress.h"
#include "cli/reference.h"
#include "inference/booster.h"
#include "inference/lightgbm_converter.h"
#include "inference/lightgbm_model.h"
#include "inference/mlmodel_file.h"
#include "inference/model_package.h"
#include "inference/parity.h"
#include "inference/sklearn_converter.h"
#include "inference/tree_converter.h"
#include "scan/onnx_check.h"

namespace millwright::cli {
namespace {

// How far the converted model may be from the original on any row.
constexpr double kParityMax = 1e-5;

struct ConvertOptions {
  std::string model, target;
};
constexpr Option<ConvertOptions> kConvertOptions[] = {
    {"", "MODEL",
     "An XGBoost model (.ubj or .json), a LightGBM text model or an export of scikit-learn",
     &ConvertOptions::model, "", 0, 0, Option<ConvertOptions>::Kind::kRequired},
    {"", "TARGET", "The ONNX file to write", &ConvertOptions::target, "", 0, 0,
     Option<ConvertOptions>::Kind::kRequired},
};

// LightGBM's text models are told by their first line, whatever their name.
bool IsLightgbm(const std::string& model) {
  return inference::IsLightgbmText(MappedFile(model).bytes());
}

// Says of what is no model that can be converted what it is, rather than what XGBoost makes of it.
void RequireConvertible(const ConvertOptions& options) {
  namespace fs = std::filesystem;
  if (!fs::is_regular_file(options.model)) {
    throw NotFound("Model file", options.model).WithField("MODEL");
  }
  const fs::path folder = fs::path(options.target).parent_path();
  if (!folder.empty() && !fs::is_directory(folder)) {
    throw NotFound("Folder", folder.string()).WithField("TARGET");
  }
  const MappedFile file(options.model);
  const std::string_view bytes = file.bytes();
  const auto refuse = [&](std::string_view what) {
    throw InvalidArgument("{}: {}", what, options.model).WithField("MODEL");
  };
  if (bytes.starts_with("\x1F\x8B")) refuse("The file is compressed, unpack it first");
  if (bytes.starts_with('\x80') || bytes.starts_with("PK\3\4")) {
    refuse(
        "A pickle or an archive is not converted; examples/sklearn/export.py writes a model of "
        "scikit-learn as JSON, which is");
  }
  if (scan::IsOnnx(bytes)) refuse("This is an ONNX model already");
  const std::string ending = fs::path(options.model).extension().string();
  if (ending != ".ubj" && ending != ".json" && !inference::IsLightgbmText(bytes)) {
    refuse(
        "XGBoost's models end in .ubj or .json, and text models of LightGBM begin with the line "
        "tree; this is neither");
  }
}

int ConvertLightgbm(const ConvertOptions& options, Console& console) {
  const auto converted = inference::ConvertLightgbmToOnnx(ReadFile(options.model));
  WriteFileDurably(options.target, converted.onnx);
  scan::CheckOnnxFile(options.target);
  console.Answer(Json::Of({{"file", options.target},
                           {"bytes", converted.onnx.size()},
                           {"trees", converted.trees},
                           {"features", converted.feature_count}}));
  console.Line(fmt::format("{}: {} trees, {} features, {}", options.target, converted.trees,
                           converted.feature_count, FormatBytes(converted.onnx.size())));
  return 0;
}

std::optional<Json> SklearnExport(const std::string& model) {
  if (std::filesystem::path(model).extension() != ".json") return std::nullopt;
  Json document = ParseJson(ReadFile(model));
  if (!inference::IsSklearnExport(document)) return std::nullopt;
  return document;
}

int ConvertSklearn(const Json& document, const ConvertOptions& options, Console& console) {
  const std::string onnx = inference::ConvertSklearnToOnnx(document);
  WriteFileDurably(options.target, onnx);
  scan::CheckOnnxFile(options.target);
  console.Answer(Json::Of(
      {{"file", options.target}, {"bytes", onnx.size()}, {"features", document.At("features")}}));
  console.Line(fmt::format("{}: {} features, {}", options.target, document.GetInt("features"),
                           FormatBytes(onnx.size())));
  return 0;
}

int Convert(const ConvertOptions& options, Console& console) {
  RequireConvertible(options);
  if (const auto document = SklearnExport(options.model)) {
    return ConvertSklearn(*document, options, console);
  }
  if (IsLightgbm(options.model)) return ConvertLightgbm(options, console);
  const auto booster = inference::Booster::Load(options.model);
  const std::string onnx = inference::ConvertTreesToOnnx(booster, {});
  WriteFileDurably(options.target, onnx);
  scan::CheckOnnxFile(options.target);
  console.Answer(Json::Of({{"file", options.target},
                           {"bytes", onnx.size()},
                           {"rounds", booster.rounds()},
                           {"features", booster.feature_count()}}));
  console.Line(fmt::format("{}: {} rounds, {} features, {}", options.target, booster.rounds(),
                           booster.feature_count(), FormatBytes(onnx.size())));
  // Without names the rows are given by position.
  console.Hint(fmt::format("next: millwright models parity {} {} --data ROWS.parquet{}",
                           options.model, options.target,
                           booster.feature_names().empty() ? " --columns A,B,…" : ""));
  return 0;
}

struct InspectOptions {
  std::string model;
};
constexpr Option<InspectOptions> kInspectOptions[] = {
    {"", "MODEL", "A model file or folder", &InspectOptions::model, "", 0, 0,
     Option<InspectOptions>::Kind::kRequired},
};

void PrintTensors(Console& console, const char* title,
                  const std::vector<inference::TensorSpec>& tensors) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& tensor : tensors) {
    rows.push_back({"  " + tensor.name, std::string(inference::DataTypeName(tensor.type)),
                    fmt::format("[{}]", fmt::join(tensor.shape, ","))});
  }
  if (!rows.empty()) console.PrintTable({title, "TYPE", "SHAPE"}, rows);
}

// Shows what an MLmodel says. What this program itself can run is loaded, to see that it loads; a
// pickle is not, for that would run it.
int Inspect(const InspectOptions& options, Console& console) {
  using inference::ModelRuntime;
  Json answer = Json::MakeObject();
  inference::Signature signature;
  std::vector<std::vector<std::string>> params;
  ModelRuntime runtime = ModelRuntime::kOnnx;
  if (std::filesystem::exists(std::filesystem::path(options.model) / "MLmodel")) {
    const auto mlmodel = inference::ReadMlmodelFile(options.model);
    answer = inference::MlmodelFileToJson(mlmodel);
    runtime = inference::RuntimeOf(mlmodel);
    signature = mlmodel.signature;
    for (const Json& param : mlmodel.params.AsArray("params")) {
      params.push_back({"  " + param.GetString("name"),
                        param.GetString("type", param.GetString("dtype")),
                        param.Find("default") != nullptr ? param.At("default").Dump() : ""});
    }
    std::vector<std::string> names;
    for (const auto& [name, flavor] : mlmodel.flavors.AsObject()) names.push_back(name);
    console.Line(fmt::format("flavors: {}; runs here: {}", fmt::join(names, ", "),
                             inference::ModelRuntimeName(runtime)));
    if (!mlmodel.requirements.empty()) {
      console.Line(fmt::format("requirements: {}", fmt::join(mlmodel.requirements, ", ")));
    }
  }
  if (runtime == ModelRuntime::kOnnx || runtime == ModelRuntime::kXgboost) {
    signature = inference::LoadModel(options.model)->signature();
    answer.Set("signature", inference::SignatureToJson(signature));
  }
  console.Answer(answer);
  std::vector<std::vector<std::string>> columns;
  for (const auto& column : signature.columns) {
    columns.push_back({"  " + column.name, std::string(inference::DataTypeName(column.type)),
                       column.optional ? "optional" : "required"});
  }
  if (!columns.empty()) console.PrintTable({"COLUMN", "TYPE", ""}, columns);
  if (params.size() > 0) console.PrintTable({"PARAM", "TYPE", "DEFAULT"}, params);
  PrintTensors(console, "INPUT", signature.inputs);
  PrintTensors(console, "OUTPUT", signature.outputs);
  return 0;
}

struct ParityOptions {
  std::string original, converted, data, where = "true", columns, record;
  double max = kParityMax;
  int64_t labels_max = 0;
};
constexpr Option<ParityOptions> kParityOptions[] = {
    {"", "ORIGINAL", "A model file or folder", &ParityOptions::original, "", 0, 0,
     Option<ParityOptions>::Kind::kRequired},
    {"", "CONVERTED", "The model that should answer the same", &ParityOptions::converted, "", 0, 0,
     Option<ParityOptions>::Kind::kRequired},
    {"", "--data", "Rows to ask both for: Parquet, CSV or JSON lines", &ParityOptions::data, "FILE",
     0, 0, Option<ParityOptions>::Kind::kRequired},
    {"", "--where", "Which rows, as a SQL condition", &ParityOptions::where, "SQL"},
    {"", "--columns", "What models that name no columns take, in their order, as A,B,…; else all",
     &ParityOptions::columns, "NAMES"},
    {"", "--max", "The largest difference that passes", &ParityOptions::max, "X", 0, 1e9},
    {"", "--labels-max", "How many labels may differ", &ParityOptions::labels_max, "N", 0, 1e12},
    {"", "--record", "The version that gets the result as its check parity, NAME@VERSION",
     &ParityOptions::record, "VERSION"},
};

std::vector<std::string> SplitNames(const std::string& text) {
  std::vector<std::string> names;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    if (end > begin) names.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return names;
}

void RecordParity(Console& console, const ParityOptions& options, const Json& answer,
                  const std::string& summary) {
  const Reference version = ParseReference(options.record);
  if (version.version.empty()) {
    throw InvalidArgument("--record names a model and a version: NAME@VERSION");
  }
  console.client().Post(
      fmt::format("/api/v1/models/{}/versions/{}/checks", fetch::PercentEncode(version.name),
                  fetch::PercentEncode(version.version)),
      Json::Of({{"name", "parity"},
                {"passed", answer.GetBool("passed")},
                {"summary", summary},
                {"details", answer}}));
}

int CompareFiles(const ParityOptions& options, Console& console) {
  // Loading a model takes longer than seeing that there are no rows.
  const bool is_pattern = options.data.find_first_of("*?[") != std::string::npos;
  if (!is_pattern && options.data.find("://") == std::string::npos &&
      !std::filesystem::exists(options.data)) {
    throw NotFound("Data file", options.data).WithField("--data");
  }
  auto progress = console.StartProgress("parity");
  const auto first = inference::LoadModel(options.original);
  const auto second = inference::LoadModel(options.converted);
  const auto columns = LoadParityColumns({options.data, options.where, SplitNames(options.columns)},
                                         first->signature(), second->signature());
  const auto report = inference::Parity(*first, *second, columns);
  const bool passed =
      report.max <= options.max && report.differing <= static_cast<uint64_t>(options.labels_max);
  std::string summary =
      fmt::format("{} rows, largest difference {:.3g}",
                  FormatCount(static_cast<int64_t>(report.row_count)), report.max);
  if (report.differing > 0) summary += fmt::format(", {} labels differ", report.differing);
  progress->Finish(fmt::format("{}: {}", summary, passed ? "the same" : "NOT the same"));
  Json answer = inference::ParityToJson(report);
  answer.Set("passed", passed);
  if (!options.record.empty()) RecordParity(console, options, answer, summary);
  console.Answer(answer);
  return passed ? 0 : kHold;
}

}  // namespace

void AddModelFileCommands(Commands& commands) {
  commands.push_back(MakeCommand("models convert",
                                 "Convert an XGBoost, LightGBM or scikit-learn model to ONNX",
                                 kConvertOptions, Convert));
  commands.push_back(MakeCommand("models inspect",
                                 "Show a model's flavors and what it takes and gives",
                                 kInspectOptions, Inspect));
  commands.push_back(MakeCommand("models parity",
                                 "Check that two models answer the same; exit 99 if not",
                                 kParityOptions, CompareFiles));
}

}  // namespace millwright::cli
