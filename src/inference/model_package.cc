#include "inference/model_package.h"

#include <ctime>

#include "base/error.h"
#include "base/file.h"
#include "base/id.h"
#include "base/version.h"
#include "base/yaml.h"
#include "inference/mlmodel_file.h"
#include "inference/mlmodel_signature.h"
#include "inference/python_engine.h"

namespace millwright::inference {
namespace {

constexpr char kMlmodelFile[] = "MLmodel";
constexpr char kSignatureFile[] = "signature.json";
constexpr char kExampleFile[] = "input_example.json";
constexpr char kServingExampleFile[] = "serving_input_example.json";
constexpr char kRequirementsFile[] = "requirements.txt";
constexpr char kPythonEnvFile[] = "python_env.yaml";
constexpr char kCondaFile[] = "conda.yaml";
// The writers of the formats that we write: MLflow's loaders compare them with what is installed.
constexpr char kOnnxVersion[] = "1.15.0";
constexpr char kXgboostVersion[] = "1.7.4";
// The Python for which MLflow builds an environment where it is asked to: Debian 12's.
constexpr char kPythonVersion[] = "3.11.2";
constexpr size_t kMlmodelBytesMax = size_t{1} << 20;

// Quotes for YAML: in single quotes only the quote itself is special.
std::string Quote(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("''") : std::string(1, c);
  return quoted + "'";
}

// MLflow's form: "2026-11-21 07:14:56.028362".
std::string FormatUtc(int64_t time_ms) {
  const std::time_t seconds = time_ms / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
  return fmt::format("{}.{:03}000", text, time_ms % 1000);
}

int64_t ParseUtc(const std::string& text) {
  std::tm parts{};
  const char* rest = strptime(text.c_str(), "%Y-%m-%d %H:%M:%S", &parts);
  if (rest == nullptr) return 0;
  int millis = 0;
  if (*rest == '.') {
    for (int i = 1; i <= 3 && rest[i] >= '0' && rest[i] <= '9'; ++i) {
      millis += (rest[i] - '0') * (i == 1 ? 100 : i == 2 ? 10 : 1);
    }
  }
  return int64_t{timegm(&parts)} * 1000 + millis;
}

std::string Flavors(const ModelPackage& package) {
  std::string text = "flavors:\n";
  if (!package.onnx_file.empty()) {
    text += fmt::format(
        "  onnx:\n    code: null\n    data: {}\n    onnx_version: {}\n"
        "    providers:\n    - CPUExecutionProvider\n",
        Quote(package.onnx_file), kOnnxVersion);
  }
  if (!package.xgboost_file.empty()) {
    text += fmt::format(
        "  xgboost:\n    code: null\n    data: {}\n    model_class: xgboost.core.Booster\n"
        "    model_format: ubj\n    xgb_version: {}\n",
        Quote(package.xgboost_file), kXgboostVersion);
  }
  // What mlflow.pyfunc loads: the booster where there is one. Of an ONNX classifier its predict
  // makes a data frame out of outputs of unequal width, which fails.
  const bool is_onnx = package.xgboost_file.empty();
  text += fmt::format(
      "  python_function:\n    data: {}\n    env:\n      conda: {}\n      virtualenv: {}\n"
      "    loader_module: {}\n    python_version: {}\n",
      Quote(is_onnx ? package.onnx_file : package.xgboost_file), kCondaFile, kPythonEnvFile,
      is_onnx ? "mlflow.onnx" : "mlflow.xgboost", kPythonVersion);
  return text;
}

// How MLflow makes an environment for the model, with pip's venv and with conda.
std::string PythonEnvText() {
  return fmt::format(
      "python: {}\nbuild_dependencies:\n- pip\n- setuptools\n- wheel\ndependencies:\n- -r {}\n",
      kPythonVersion, kRequirementsFile);
}

std::string CondaText(const std::vector<std::string>& requirements) {
  std::string text = fmt::format(
      "channels:\n- conda-forge\ndependencies:\n- python={}\n- pip\n- pip:\n", kPythonVersion);
  for (const std::string& line : requirements) text += "  - " + Quote(line) + "\n";
  return text + "name: mlflow-env\n";
}

std::string MlmodelText(const ModelPackage& package, size_t model_bytes) {
  const MlmodelSignature signature = ToMlmodelSignature(package.signature);
  std::string text = "artifact_path: model\n" + Flavors(package);
  text += fmt::format("millwright_version: {}\n", Version());
  text += fmt::format("model_size_bytes: {}\n", model_bytes);
  text += fmt::format("model_uuid: {}\n", Quote(package.model_uuid));
  if (!package.run_id.empty()) text += fmt::format("run_id: {}\n", Quote(package.run_id));
  if (!package.input_example.is_null()) {
    text += fmt::format(
        "saved_input_example_info:\n  artifact_path: {}\n  pandas_orient: split\n"
        "  serving_input_path: {}\n  type: dataframe\n",
        kExampleFile, kServingExampleFile);
  }
  text += fmt::format("signature:\n  inputs: {}\n  outputs: {}\n  params: {}\n",
                      Quote(signature.inputs), Quote(signature.outputs),
                      signature.params.empty() ? "null" : Quote(signature.params));
  text += fmt::format("utc_time_created: {}\n", Quote(FormatUtc(package.created_ms)));
  return text;
}

// Finds the file of a flavor, or "" when the flavor is absent.
std::string FlavorFile(const std::filesystem::path& folder, const Json& mlmodel,
                       const char* flavor) {
  const Json* found = mlmodel.At("flavors").Find(flavor);
  if (found == nullptr || !found->is_object()) return "";
  std::string file = found->GetString("data");
  if (file.empty()) throw InvalidArgument("MLmodel: the flavor {} names no data", flavor);
  if (!std::filesystem::is_regular_file(ConfinedPath(folder, file))) {
    throw InvalidArgument("MLmodel: the file of the flavor {} is absent: {}", flavor, file);
  }
  return file;
}

std::vector<std::string> ReadLines(const std::filesystem::path& path) {
  std::vector<std::string> lines;
  if (!std::filesystem::exists(path)) return lines;
  const std::string text = ReadFile(path);
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    if (end > begin) lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

// An example is a nicety: one that cannot be read is left out.
Json ReadExample(const std::filesystem::path& folder) {
  if (!std::filesystem::exists(folder / kExampleFile)) return Json();
  try {
    return ParseJson(ReadFile(folder / kExampleFile));
  } catch (const Error&) {
    return Json();
  }
}

// An engine that shows the package's columns and params.
class PackagedEngine final : public Engine {
 public:
  PackagedEngine(std::unique_ptr<Engine> engine, Signature signature)
      : engine_(std::move(engine)), signature_(std::move(signature)) {}
  const Signature& signature() const override { return signature_; }
  std::vector<Tensor> Run(const std::vector<Tensor>& inputs) override {
    return engine_->Run(inputs);
  }

 private:
  std::unique_ptr<Engine> engine_;
  Signature signature_;
};

// Columns describe the last dimension of the single input; anything else would map rows wrongly.
void CheckColumns(const Signature& model, const std::vector<Column>& columns) {
  const bool is_table = model.inputs.size() == 1 && model.inputs[0].shape.size() == 2;
  const int64_t width = is_table ? model.inputs[0].shape[1] : -1;
  if (is_table && (width < 0 || width == static_cast<int64_t>(columns.size()))) return;
  if (!is_table && model.inputs.size() == columns.size()) return;  // one input a column
  throw InvalidArgument("The signature names {} columns, which the model's inputs do not take",
                        columns.size());
}

std::unique_ptr<Engine> LoadPackage(const std::filesystem::path& folder,
                                    const PythonOptions& python) {
  if (RuntimeOf(ReadMlmodelFile(folder)) == ModelRuntime::kPython) {
    return LoadPythonEngine(folder, python);
  }
  ModelPackage package = ReadModelPackage(folder);
  const std::string& file = package.onnx_file.empty() ? package.xgboost_file : package.onnx_file;
  auto engine = LoadEngine(folder / file, package.onnx_options);
  Signature signature = engine->signature();
  if (package.signature.columns.empty() && package.signature.params.empty()) return engine;
  signature.params = std::move(package.signature.params);
  if (!package.signature.columns.empty()) {
    CheckColumns(signature, package.signature.columns);
    // Where each column is an input of its own, the inputs carry the names already.
    if (signature.inputs.size() == 1) signature.columns = std::move(package.signature.columns);
  }
  return std::make_unique<PackagedEngine>(std::move(engine), std::move(signature));
}

}  // namespace

ModelPackage WriteModelPackage(const std::filesystem::path& folder, ModelPackage package,
                               const ModelFiles& files) {
  if (files.onnx.empty() && files.ubj.empty()) {
    throw InvalidArgument("A model package needs an ONNX or an XGBoost model");
  }
  package.onnx_file = files.onnx.empty() ? "" : "model.onnx";
  package.xgboost_file = files.ubj.empty() ? "" : "model.ubj";
  if (package.model_uuid.empty()) package.model_uuid = NewHexId();
  if (package.requirements.empty()) {
    package.requirements.emplace_back("mlflow");
    if (!files.onnx.empty()) {
      package.requirements.insert(package.requirements.end(), {"onnx", "onnxruntime"});
    }
    if (!files.ubj.empty()) package.requirements.emplace_back("xgboost");
  }
  if (!files.onnx.empty()) WriteFileDurably(folder / package.onnx_file, files.onnx);
  if (!files.ubj.empty()) WriteFileDurably(folder / package.xgboost_file, files.ubj);
  WriteFileDurably(folder / kSignatureFile, SignatureToJson(package.signature).Dump(2));
  if (!package.input_example.is_null()) {
    WriteFileDurably(folder / kExampleFile, package.input_example.Dump());
    const Json serving = Json::Of({{"dataframe_split", package.input_example}});
    WriteFileDurably(folder / kServingExampleFile, serving.Dump());
  }
  std::string requirements;
  for (const std::string& line : package.requirements) requirements += line + "\n";
  WriteFileDurably(folder / kRequirementsFile, requirements);
  WriteFileDurably(folder / kPythonEnvFile, PythonEnvText());
  WriteFileDurably(folder / kCondaFile, CondaText(package.requirements));
  WriteFileDurably(folder / kMlmodelFile,
                   MlmodelText(package, files.onnx.size() + files.ubj.size()));
  return package;
}

ModelPackage ReadModelPackage(const std::filesystem::path& folder) {
  const std::string text = ReadFile(folder / kMlmodelFile);
  if (text.size() > kMlmodelBytesMax) throw InvalidArgument("MLmodel is larger than 1 MiB");
  const Json mlmodel = ParseYaml(text);
  ModelPackage package;
  package.onnx_file = FlavorFile(folder, mlmodel, "onnx");
  if (const Json* onnx = mlmodel.At("flavors").Find("onnx")) {
    package.onnx_options = OnnxOptionsOf(*onnx);
  }
  package.xgboost_file = FlavorFile(folder, mlmodel, "xgboost");
  if (package.onnx_file.empty() && package.xgboost_file.empty()) {
    throw InvalidArgument("MLmodel has neither the flavor onnx nor xgboost");
  }
  package.model_uuid = mlmodel.GetString("model_uuid");
  package.run_id = mlmodel.GetString("run_id");
  package.created_ms = ParseUtc(mlmodel.GetString("utc_time_created"));
  if (std::filesystem::exists(folder / kSignatureFile)) {
    package.signature = SignatureFromJson(ParseJson(ReadFile(folder / kSignatureFile)));
  } else if (const Json* signature = mlmodel.Find("signature"); signature != nullptr) {
    package.signature = FromMlmodelSignature(*signature);
  }
  package.input_example = ReadExample(folder);
  package.requirements = ReadLines(folder / kRequirementsFile);
  return package;
}

std::unique_ptr<Engine> LoadModel(const std::filesystem::path& path, const PythonOptions& python) {
  if (!std::filesystem::is_directory(path)) return LoadEngine(path);
  if (std::filesystem::exists(path / kMlmodelFile)) return LoadPackage(path, python);
  for (const char* file : {"model.onnx", "model.ubj", "model.json"}) {
    if (std::filesystem::exists(path / file)) return LoadEngine(path / file);
  }
  throw NotFound("Model in folder", path.string());
}

}  // namespace millwright::inference
