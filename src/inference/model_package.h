#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "inference/engine.h"
#include "inference/python_options.h"

namespace millwright::inference {

// A model version's folder, laid out as MLflow's clients expect it: `MLmodel` (YAML) names the
// files and the signature in MLflow's own schema; `signature.json` is the whole signature in ours;
// `input_example.json` (a table: columns and data), `serving_input_example.json`,
// `requirements.txt`, `python_env.yaml` and `conda.yaml` stand beside them. Beside onnx and xgboost
// there is the flavor python_function, by which mlflow.pyfunc loads the booster, or else the ONNX
// model.
struct ModelPackage {
  std::string onnx_file;     // within the folder, "model.onnx"; empty when there is none
  std::string xgboost_file;  // "model.ubj"; empty when there is none
  std::string model_uuid;    // 32 hex digits; made when written empty
  std::string run_id;        // of the run that made it; may be empty
  int64_t created_ms = 0;
  OnnxOptions onnx_options;  // as read; not written
  Signature signature;
  Json input_example;  // {"columns": […], "data": [[…]]}; null when there is none
  std::vector<std::string> requirements;
};

// What the files of a new package hold; an empty one is not written.
struct ModelFiles {
  std::string_view onnx;
  std::string_view ubj;
};

// Writes the folder (made at need), `MLmodel` last, so that a folder with an `MLmodel` is whole.
// Fills the file names and, where they are empty, uuid and requirements of the returned package.
// Throws kInvalidArgument when there is neither file.
ModelPackage WriteModelPackage(const std::filesystem::path& folder, ModelPackage package,
                               const ModelFiles& files);

// Reads a folder as WriteModelPackage or an MLflow client wrote it. Where `signature.json` is
// absent, columns and tensors come from MLmodel. Throws kNotFound without an `MLmodel`,
// kInvalidArgument when it is malformed or names a file outside of the folder or one that is
// absent, or has neither flavor.
ModelPackage ReadModelPackage(const std::filesystem::path& folder);

// Loads what there is to serve: a model's file, or a folder's ONNX model before its XGBoost one
// before its pickle, which a Python worker runs (inference/python_engine.h). A folder without an
// `MLmodel` is searched for model.onnx, model.ubj, model.json. The engine's signature carries the
// package's columns. Throws as LoadEngine and ReadModelPackage do, and kInvalidArgument when the
// package's signature contradicts the model.
std::unique_ptr<Engine> LoadModel(const std::filesystem::path& path,
                                  const PythonOptions& python = {});

}  // namespace millwright::inference
