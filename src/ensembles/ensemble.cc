#include "ensembles/ensemble.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/file.h"
#include "ensembles/ensemble_file.h"
#include "ensembles/sql_step.h"
#include "inference/input_contract.h"
#include "inference/model_package.h"
#include "scoring/outputs.h"
#include "serving/cell.h"
#include "serving/missing_values.h"
#include "serving/table_builder.h"

namespace millwright::ensembles {
namespace {

using inference::DataType;
using inference::Engine;
using inference::Tensor;

constexpr char kInput[] = "input";

// What there is so far of one request, by step; "input" is what was asked.
using Values = std::map<std::string, std::vector<Tensor>, std::less<>>;

const Tensor& Find(const Values& values, const std::string& reference) {
  const auto [step, output] = SplitReference(reference);
  const auto found = values.find(step);
  if (found == values.end()) throw InvalidArgument("There is no step {}", step);
  for (const Tensor& tensor : found->second) {
    if (tensor.name == output) return tensor;
  }
  throw InvalidArgument("{} has no output {}", step, output);
}

serving::Cell ElementOf(const Tensor& tensor, size_t at) {
  switch (tensor.type) {
    case DataType::kBool:
      return tensor.As<uint8_t>()[at] != 0;
    case DataType::kUint8:
      return uint64_t{tensor.As<uint8_t>()[at]};
    case DataType::kUint16:
      return uint64_t{tensor.As<uint16_t>()[at]};
    case DataType::kUint32:
      return uint64_t{tensor.As<uint32_t>()[at]};
    case DataType::kUint64:
      return tensor.As<uint64_t>()[at];
    case DataType::kInt8:
      return int64_t{tensor.As<int8_t>()[at]};
    case DataType::kInt16:
      return int64_t{tensor.As<int16_t>()[at]};
    case DataType::kInt32:
      return int64_t{tensor.As<int32_t>()[at]};
    case DataType::kInt64:
      return tensor.As<int64_t>()[at];
    case DataType::kFp16:
      return serving::DoubleFromHalf(tensor.As<uint16_t>()[at]);
    case DataType::kFp32:
      return double{tensor.As<float>()[at]};
    case DataType::kFp64:
      return tensor.As<double>()[at];
    case DataType::kBytes:
      return std::string_view(tensor.strings[at]);
  }
  return {};
}

// The columns of a table as a model's inputs: by name, or by place where the model has no names. A
// column too many is refused: most often it is one that is missing, misspelt.
std::vector<Tensor> InputsOf(const inference::Signature& signature,
                             const std::vector<Tensor>& tensors, size_t rows) {
  const auto names = scoring::OutputColumns(tensors, rows, "").names();
  serving::TableBuilder builder(signature);
  const std::vector<size_t> map = builder.MapHeader(names);
  for (size_t row = 0; row < rows; ++row) {
    builder.BeginRow();
    size_t column = 0;
    for (const Tensor& tensor : tensors) {
      const size_t width = tensor.element_count() / rows;
      for (size_t i = 0; i < width; ++i, ++column) {
        builder.Set(map[column], ElementOf(tensor, row * width + i));
      }
    }
    builder.EndRow();
  }
  return builder.Finish();
}

class Ensemble final : public Engine {
 public:
  Ensemble(const std::filesystem::path& folder, const inference::PythonOptions& python)
      : file_(ReadEnsembleFile(folder)) {
    for (const Step& step : file_.steps) {
      InStep(step.name, [&] { Prepare(folder, step, python); });
    }
    signature_.inputs = file_.inputs;
    contract_ = inference::InputContract(file_.inputs, {});
    Try();
  }

  const inference::Signature& signature() const override { return signature_; }

  std::vector<Tensor> Run(const std::vector<Tensor>& inputs) override {
    std::vector<const Tensor*> slots(file_.inputs.size());
    contract_.Match(inputs, &slots);
    Values values;
    auto& given = values[kInput];
    for (const Tensor* slot : slots) given.push_back(*slot);
    return RunSteps(std::move(values));
  }

 private:
  template <typename Work>
  static void InStep(const std::string& step, const Work& work) {
    try {
      work();
    } catch (const Error& error) {
      throw Error(error.code(), fmt::format("Step {}: {}", step, error.message()));
    }
  }

  void Prepare(const std::filesystem::path& folder, const Step& step,
               const inference::PythonOptions& python) {
    if (!step.sql.empty()) {
      selects_[step.name] = std::make_unique<SqlStep>(step.sql);
      return;
    }
    const auto path = ConfinedPath(folder, step.model);
    if (path == folder.lexically_normal() || HoldsEnsemble(path)) {
      throw InvalidArgument("An ensemble is no step of another: {}", step.model);
    }
    engines_[step.name] = inference::LoadModel(path, python);
  }

  std::vector<Tensor> RunSteps(Values values) {
    const auto& shape = values.at(kInput)[0].shape;
    const auto rows = static_cast<size_t>(shape[0]);
    for (const Tensor& tensor : values.at(kInput)) {
      if (tensor.shape[0] != shape[0]) {
        throw InvalidArgument("The inputs have other numbers of rows: {} and {}",
                              values.at(kInput)[0].name, tensor.name);
      }
    }
    if (rows == 0) throw InvalidArgument("There are no rows");
    for (const Step& step : file_.steps) {
      InStep(step.name, [&] { values[step.name] = RunStep(step, values, rows); });
    }
    std::vector<Tensor> outputs;
    for (const auto& [name, reference] : file_.outputs) {
      outputs.push_back(Find(values, reference));
      outputs.back().name = name;
    }
    return outputs;
  }

  std::vector<Tensor> RunStep(const Step& step, const Values& values, size_t rows) {
    if (!step.sql.empty()) {
      std::vector<NamedTable> tables;
      for (const std::string& name : step.from) tables.push_back({name, &values.at(name)});
      return selects_.at(step.name)->Run(tables, rows);
    }
    Engine& engine = *engines_.at(step.name);
    std::vector<Tensor> inputs;
    if (!step.from.empty()) {
      inputs = InputsOf(engine.signature(), values.at(step.from[0]), rows);
    } else {
      for (const auto& [input, reference] : step.tensors) {
        inputs.push_back(Find(values, reference));
        inputs.back().name = input;
      }
    }
    serving::CheckMissingValues(engine.signature(), inputs);
    return engine.Run(inputs);
  }

  // One row of zeros says which outputs there are, of which types and widths.
  void Try() {
    Values values;
    for (const inference::TensorSpec& spec : file_.inputs) {
      Tensor zeros{.name = spec.name, .type = spec.type, .shape = spec.shape};
      zeros.shape[0] = 1;
      serving::ResizeTensor(static_cast<size_t>(spec.shape.size() > 1 ? spec.shape[1] : 1), &zeros);
      values[kInput].push_back(std::move(zeros));
    }
    for (const Tensor& output : RunSteps(std::move(values))) {
      inference::TensorSpec spec{.name = output.name, .type = output.type, .shape = output.shape};
      if (!spec.shape.empty()) spec.shape[0] = -1;
      signature_.outputs.push_back(std::move(spec));
    }
  }

  const EnsembleFile file_;
  std::map<std::string, std::unique_ptr<Engine>, std::less<>> engines_;
  std::map<std::string, std::unique_ptr<SqlStep>, std::less<>> selects_;
  inference::Signature signature_;
  inference::InputContract contract_;
};

}  // namespace

std::unique_ptr<Engine> LoadModel(const std::filesystem::path& path,
                                  const inference::PythonOptions& python) {
  if (HoldsEnsemble(path)) return std::make_unique<Ensemble>(path, python);
  return inference::LoadModel(path, python);
}

}  // namespace millwright::ensembles
