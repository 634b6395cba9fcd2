#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "inference/engine.h"
#include "inference/model_package.h"
#include "inference/python_options.h"
#include "serving/batch_probe.h"
#include "serving/batch_rules.h"
#include "serving/version_counters.h"

namespace millwright::serving {

// A model to load: `NAME=PATH` or `NAME@VERSION=PATH`; the version is "1" when it is not given. The
// path is a model's file or folder, as inference::LoadModel takes it.
struct ModelSource {
  std::string name;
  std::string version = "1";
  std::filesystem::path path;
};
// Throws kInvalidArgument for text of another form.
ModelSource ParseModelSource(const std::string& text);

// A version of a model in memory that has run once, so that it can be published at any time.
struct LoadedVersion {
  std::string version;
  std::string platform;  // as ModelInfo's
  std::shared_ptr<inference::Engine> engine;
  std::shared_ptr<VersionCounters> counters;
  BatchRules rules;  // of its requests
  std::shared_ptr<const BatchProbe> probe;
};
// Makes an engine of a model's file or folder.
using ModelLoader = std::function<std::unique_ptr<inference::Engine>(
    const std::filesystem::path& path, const inference::PythonOptions& python)>;

// Throws what `load` throws, with the model's name in front; kInvalidArgument when the model
// fails its warm-up run (WarmUp).
LoadedVersion LoadVersion(const ModelSource& source, const inference::PythonOptions& python,
                          const ModelLoader& load = inference::LoadModel);

}  // namespace millwright::serving
