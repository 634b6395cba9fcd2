#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "inference/tensor.h"

namespace millwright::inference {

// What an `MLmodel` and the files beside it say, whatever the flavor: everything is kept, also of
// models that can only run elsewhere.
struct MlmodelFile {
  std::string model_uuid;
  std::string run_id;
  std::string mlflow_version;
  int64_t created_ms = 0;
  Json flavors = Json::MakeObject();      // by name, as written
  Signature signature;                    // empty when there is none
  Json params = Json::MakeArray();        // of the signature, as MLflow writes them
  Json input_example;                     // of saved_input_example_info; null when there is none
  std::vector<std::string> requirements;  // requirements.txt
  Json python_env;                        // python_env.yaml; null when there is none
  Json metadata;                          // the user's own; null when there is none
  Json conda;                             // conda.yaml; null when there is none
};

// How a folder's model can be run here.
enum class ModelRuntime {
  kOnnx,
  kXgboost,
  kPython,  // the flavor sklearn, or any python_function, in a worker of its own
  kNone,    // only recorded
};
std::string_view ModelRuntimeName(ModelRuntime runtime);  // "onnx", …, "none"

// Reads a folder. Throws kNotFound without an `MLmodel`, kInvalidArgument when it is malformed.
MlmodelFile ReadMlmodelFile(const std::filesystem::path& folder);

// The same of a folder that is elsewhere: `read` gives a file's text by its path in it, "" for one
// that is absent.
MlmodelFile ReadMlmodelFile(const std::function<std::string(const std::string& path)>& read);

// Chooses among the flavors: the fastest runtime first.
ModelRuntime RuntimeOf(const MlmodelFile& mlmodel);

Json MlmodelFileToJson(const MlmodelFile& mlmodel);

}  // namespace millwright::inference
