#include "inference/python_engine.h"

#include <cstring>

#include "base/error.h"
#include "base/log.h"
#include "inference/input_contract.h"
#include "inference/mlmodel_file.h"
#include "inference/python_workers.h"

namespace millwright::inference {
namespace {

namespace fs = std::filesystem;

// What the worker is told to load. Paths are confined to the model's folder.
Json LoadSpec(const fs::path& folder, const Json& flavors) {
  Json code = Json::MakeArray();
  const Json* pyfunc = flavors.Find("python_function");
  if (pyfunc != nullptr && pyfunc->is_object() && !pyfunc->GetString("code").empty()) {
    code.Append(ConfinedPath(folder, pyfunc->GetString("code")).string());
  }
  const Json* sklearn = flavors.Find("sklearn");
  if (sklearn != nullptr && sklearn->is_object() && !sklearn->GetString("pickled_model").empty()) {
    return Json::Of({{"kind", "estimator"},
                     {"path", ConfinedPath(folder, sklearn->GetString("pickled_model")).string()},
                     {"code", std::move(code)}});
  }
  Json artifacts = Json::MakeObject();
  if (const Json* named = pyfunc->Find("artifacts"); named != nullptr && named->is_object()) {
    for (const auto& [name, artifact] : named->AsObject()) {
      artifacts.Set(name, ConfinedPath(folder, artifact.GetString("path")).string());
    }
  }
  // A module that loads the model itself: one that came with it, or a flavor of MLflow's.
  if (pyfunc->GetString("python_model").empty()) {
    return Json::Of({{"kind", "loader"},
                     {"module", pyfunc->GetString("loader_module")},
                     {"path", ConfinedPath(folder, pyfunc->GetString("data")).string()},
                     {"code", std::move(code)}});
  }
  return Json::Of({{"kind", "pyfunc"},
                   {"path", ConfinedPath(folder, pyfunc->GetString("python_model")).string()},
                   {"code", std::move(code)},
                   {"artifacts", std::move(artifacts)}});
}

std::string PackTensor(const Tensor& tensor) {
  if (tensor.type != DataType::kBytes) return {tensor.data.data(), tensor.data.size()};
  std::string bytes;
  for (const std::string& text : tensor.strings) {
    const auto length = static_cast<uint32_t>(text.size());
    bytes.append(reinterpret_cast<const char*>(&length), sizeof length);
    bytes += text;
  }
  return bytes;
}

Tensor UnpackTensor(const Json& spec, std::string_view* body) {
  const auto type = ParseDataType(spec.At("datatype").AsString());
  if (!type) throw Internal("The Python worker answered an unknown type");
  Tensor tensor{.name = spec.At("name").AsString(), .type = *type};
  for (const Json& size : spec.At("shape").AsArray()) tensor.shape.push_back(size.AsInt());
  const auto take = [body](size_t count) {
    if (count > body->size()) throw Internal("The Python worker answered less than it announced");
    const std::string_view taken = body->substr(0, count);
    body->remove_prefix(count);
    return taken;
  };
  const size_t count = tensor.element_count();
  if (*type != DataType::kBytes) {
    if (count > kPythonBodyBytesMax) throw Internal("The Python worker answered too much");
    const std::string_view data = take(count * DataTypeBytes(*type));
    tensor.data.assign(data.begin(), data.end());
    return tensor;
  }
  for (size_t i = 0; i < count; ++i) {
    uint32_t length = 0;
    std::memcpy(&length, take(sizeof length).data(), sizeof length);
    tensor.strings.emplace_back(take(length));
  }
  return tensor;
}

class PythonEngine final : public Engine {
 public:
  PythonEngine(const fs::path& folder, const MlmodelFile& mlmodel, const PythonOptions& options)
      : workers_(LoadSpec(folder, mlmodel.flavors), options) {
    const Json& facts = workers_.facts();
    MakeInputs(mlmodel.signature, facts);
    MakeOutputs(mlmodel.signature, facts);
    signature_.params = mlmodel.signature.params;
    contract_ = InputContract(signature_.inputs, {});
    std::string notes;
    for (const std::string& note : facts.GetStrings("warnings")) notes += note + "; ";
    Log(LogLevel::kInfo, "inference", "a Python worker has loaded its model",
        {{"folder", folder.string()},
         {"python", facts.GetString("python")},
         {"offline", facts.GetBool("offline") ? "yes" : "no"},
         {"warnings", notes}});
  }

  const Signature& signature() const override { return signature_; }

  std::vector<Tensor> Run(const std::vector<Tensor>& inputs) override {
    return RunWithParams(inputs, CompleteParams(signature_.params, Json()));
  }

  std::vector<Tensor> RunWithParams(const std::vector<Tensor>& inputs,
                                    const Json& params) override {
    std::vector<const Tensor*> slots;
    contract_.Match(inputs, &slots);
    PythonFrame request;
    Json specs = Json::MakeArray();
    for (const Tensor* tensor : slots) {
      if (tensor == nullptr) continue;
      Json shape = Json::MakeArray();
      for (const int64_t size : tensor->shape) shape.Append(size);
      specs.Append(Json::Of({{"name", tensor->name},
                             {"datatype", DataTypeName(tensor->type)},
                             {"shape", std::move(shape)}}));
      request.body += PackTensor(*tensor);
    }
    request.header = Json::Of({{"inputs", std::move(specs)}, {"columns", columns_}});
    if (!signature_.params.empty()) request.header.Set("params", params);
    const PythonFrame answer = workers_.Call(request);
    std::vector<Tensor> outputs;
    std::string_view body = answer.body;
    for (const Json& spec : answer.header.At("outputs").AsArray()) {
      outputs.push_back(UnpackTensor(spec, &body));
    }
    return outputs;
  }

 private:
  void MakeInputs(const Signature& declared, const Json& facts) {
    if (!declared.inputs.empty()) {
      signature_.inputs = {declared.inputs.front()};
      if (signature_.inputs[0].name.empty()) signature_.inputs[0].name = "X";
      return;
    }
    std::vector<Column> columns = declared.columns;
    // Columns without names are positions of one table.
    const bool named = !columns.empty() && !columns.front().name.empty();
    if (columns.empty()) {
      for (const std::string& name : facts.GetStrings("columns")) {
        columns.push_back({.name = name, .type = DataType::kFp64, .optional = true});
      }
    }
    if (!columns.empty() && (named || declared.columns.empty())) {
      for (const Column& column : columns) {
        signature_.inputs.push_back(
            {.name = column.name, .type = column.type, .shape = {-1, 1}, .optional = false});
        columns_.Append(column.name);
      }
      return;
    }
    const int64_t width =
        columns.empty() ? facts.GetInt("features", -1) : static_cast<int64_t>(columns.size());
    signature_.inputs = {{.name = "X", .type = DataType::kFp64, .shape = {-1, width}}};
  }

  void MakeOutputs(const Signature& declared, const Json& facts) {
    const std::string classes = facts.GetString("classes");
    if (!classes.empty()) {
      signature_.outputs = {{.name = "label",
                             .type = ParseDataType(classes).value_or(DataType::kBytes),
                             .shape = {-1}}};
      if (const int64_t count = facts.GetInt("probabilities"); count > 0) {
        signature_.outputs.push_back(
            {.name = "probabilities", .type = DataType::kFp64, .shape = {-1, count}});
      }
    } else if (!declared.outputs.empty()) {
      signature_.outputs = declared.outputs;
    } else {
      signature_.outputs = {{.name = "variable", .type = DataType::kFp64, .shape = {-1}}};
    }
  }

  Signature signature_;
  Json columns_ = Json::MakeArray();  // in the order of the model's table; empty: one tensor
  InputContract contract_;
  PythonWorkers workers_;
};

}  // namespace

std::unique_ptr<Engine> LoadPythonEngine(const fs::path& folder, const PythonOptions& options) {
  const MlmodelFile mlmodel = ReadMlmodelFile(folder);
  if (RuntimeOf(mlmodel) != ModelRuntime::kPython) {
    throw InvalidArgument("MLmodel has neither the flavor sklearn nor python_function");
  }
  // The worker runs in a folder of its own.
  return std::make_unique<PythonEngine>(fs::absolute(folder), mlmodel, options);
}

}  // namespace millwright::inference
