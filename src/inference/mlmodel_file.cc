#include "inference/mlmodel_file.h"

#include <ctime>

#include "base/error.h"
#include "base/file.h"
#include "base/yaml.h"
#include "inference/mlmodel_signature.h"

namespace millwright::inference {
namespace {

namespace fs = std::filesystem;

constexpr size_t kTextBytesMax = size_t{16} << 20;  // of each file beside the model

using ReadText = std::function<std::string(const std::string& path)>;

// Reads a small file of the folder, "" when it is absent.
std::string ReadBeside(const fs::path& folder, std::string_view name) {
  const fs::path path = ConfinedPath(folder, name);
  if (!fs::is_regular_file(path)) return "";
  if (fs::file_size(path) > kTextBytesMax) {
    throw InvalidArgument("{} is larger than {} MiB", name, kTextBytesMax >> 20);
  }
  return ReadFile(path);
}

// MLflow's form: "2026-11-21 07:14:56.028362".
int64_t ParseUtc(const std::string& text) {
  std::tm parts{};
  const char* rest = strptime(text.c_str(), "%Y-%m-%d %H:%M:%S", &parts);
  if (rest == nullptr) return 0;
  int64_t millis = 0;
  int64_t scale = 100;
  if (*rest == '.') {
    for (++rest; scale > 0 && *rest >= '0' && *rest <= '9'; ++rest, scale /= 10) {
      millis += (*rest - '0') * scale;
    }
  }
  return int64_t{timegm(&parts)} * 1000 + millis;
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    std::string line = text.substr(begin, end - begin);
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) lines.push_back(std::move(line));
    begin = end + 1;
  }
  return lines;
}

// An example is a nicety: one that cannot be read is left out.
Json ReadExample(const ReadText& read, const Json& mlmodel) {
  const Json* info = mlmodel.Find("saved_input_example_info");
  if (info == nullptr || !info->is_object()) return Json();
  const std::string text = read(info->GetString("artifact_path"));
  try {
    return text.empty() ? Json() : ParseJson(text);
  } catch (const Error&) {
    return Json();
  }
}

bool HasText(const Json& flavors, std::string_view flavor, std::string_view key) {
  const Json* found = flavors.Find(flavor);
  if (found == nullptr || !found->is_object()) return false;
  const Json* value = found->Find(key);
  return value != nullptr && value->is_string() && !value->AsString().empty();
}

}  // namespace

std::string_view ModelRuntimeName(ModelRuntime runtime) {
  switch (runtime) {
    case ModelRuntime::kOnnx:
      return "onnx";
    case ModelRuntime::kXgboost:
      return "xgboost";
    case ModelRuntime::kPython:
      return "python";
    case ModelRuntime::kNone:
      return "none";
  }
  return "none";
}

MlmodelFile ReadMlmodelFile(const fs::path& folder) {
  if (!fs::exists(folder / "MLmodel")) throw NotFound("MLmodel in", folder.string());
  return ReadMlmodelFile([&](const std::string& path) { return ReadBeside(folder, path); });
}

MlmodelFile ReadMlmodelFile(const ReadText& read) {
  const Json json = ParseYaml(read("MLmodel"));
  MlmodelFile mlmodel;
  mlmodel.model_uuid = json.GetString("model_uuid");
  mlmodel.run_id = json.GetString("run_id");
  mlmodel.mlflow_version = json.GetString("mlflow_version");
  mlmodel.created_ms = ParseUtc(json.GetString("utc_time_created"));
  mlmodel.flavors = json.At("flavors");
  mlmodel.flavors.AsObject("flavors");
  if (const Json* signature = json.Find("signature"); signature && signature->is_object()) {
    try {
      mlmodel.signature = FromMlmodelSignature(*signature);
      const Json* params = signature->Find("params");
      if (params != nullptr && params->is_string()) mlmodel.params = ParseJson(params->AsString());
    } catch (const Error&) {
      // One that cannot be read is none: newer releases may write what this one does not know.
      mlmodel.signature = {};
    }
  }
  if (const Json* metadata = json.Find("metadata")) mlmodel.metadata = *metadata;
  mlmodel.input_example = ReadExample(read, json);
  mlmodel.requirements = Lines(read("requirements.txt"));
  const std::string python_env = read("python_env.yaml");
  if (!python_env.empty()) mlmodel.python_env = ParseYaml(python_env);
  const std::string conda = read("conda.yaml");
  if (!conda.empty()) mlmodel.conda = ParseYaml(conda);
  return mlmodel;
}

ModelRuntime RuntimeOf(const MlmodelFile& mlmodel) {
  if (HasText(mlmodel.flavors, "onnx", "data")) return ModelRuntime::kOnnx;
  if (HasText(mlmodel.flavors, "xgboost", "data")) return ModelRuntime::kXgboost;
  if (HasText(mlmodel.flavors, "sklearn", "pickled_model") ||
      HasText(mlmodel.flavors, "python_function", "python_model") ||
      HasText(mlmodel.flavors, "python_function", "loader_module")) {
    return ModelRuntime::kPython;
  }
  return ModelRuntime::kNone;
}

Json MlmodelFileToJson(const MlmodelFile& mlmodel) {
  Json requirements = Json::MakeArray();
  for (const std::string& line : mlmodel.requirements) requirements.Append(line);
  Json signature = SignatureToJson(mlmodel.signature);
  if (!mlmodel.params.AsArray("params").empty()) signature.Set("params", mlmodel.params);
  return Json::Of({{"model_uuid", mlmodel.model_uuid},
                   {"run_id", mlmodel.run_id},
                   {"mlflow_version", mlmodel.mlflow_version},
                   {"created_ms", mlmodel.created_ms},
                   {"runtime", ModelRuntimeName(RuntimeOf(mlmodel))},
                   {"flavors", mlmodel.flavors},
                   {"signature", std::move(signature)},
                   {"input_example", mlmodel.input_example},
                   {"requirements", std::move(requirements)},
                   {"python_env", mlmodel.python_env},
                   {"conda", mlmodel.conda}});
}

}  // namespace millwright::inference
