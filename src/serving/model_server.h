#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "inference/engine.h"
#include "inference/python_options.h"
#include "serving/predictor.h"

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

// The models of this process. All are loaded and have run once when the constructor returns, so a
// model server that exists is ready. Immutable and so thread-safe.
class ModelServer : public Predictor {
 public:
  // Throws what LoadModel throws, with the model's name in front; kInvalidArgument when a model
  // fails its warm-up run although its signature leaves only the number of rows open. A model that
  // refuses the zeros of that run as its input is served.
  explicit ModelServer(const std::vector<ModelSource>& sources,
                       const inference::PythonOptions& python = {});

  std::vector<std::string> Models() const override;
  ModelInfoPtr Describe(const std::string& model, const std::string& version) const override;
  bool Ready(const std::string& model, const std::string& version) const override;
  void Infer(InferRequest request, const InferDone& done) override;

  // The same without a callback: throws what Infer gives as an error.
  InferAnswer Run(const InferRequest& request) const;

 private:
  struct Loaded {
    std::unique_ptr<inference::Engine> engine;
    ModelInfoPtr info;
  };
  const Loaded& Find(const std::string& model, const std::string& version) const;

  // By name, then versions in the order in which they were given; the last one is the default.
  std::map<std::string, std::vector<Loaded>, std::less<>> models_;
};

}  // namespace millwright::serving
