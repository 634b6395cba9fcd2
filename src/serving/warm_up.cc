#include "serving/warm_up.h"

#include "base/error.h"
#include "base/log.h"
#include "inference/mlmodel_file.h"
#include "serving/cell.h"
#include "serving/table_builder.h"

namespace millwright::serving {
namespace {

using inference::Engine;
using inference::Signature;
using inference::Tensor;
using inference::TensorSpec;

constexpr size_t kExampleRankMax = 16;

// The text lives as long as the JSON.
Cell CellOf(const Json& value) {
  if (value.is_null()) return Cell();
  if (value.is_bool()) return value.AsBool();
  if (value.is_int()) return value.AsInt();
  if (value.is_double()) return value.AsDouble();
  return std::string_view(value.AsString("example"));
}

std::vector<Tensor> TableInputs(const Json& example, const Signature& signature) {
  TableBuilder table(signature, ExtraColumns::kIgnore);
  std::vector<size_t> map;
  if (const Json* columns = example.Find("columns")) {
    std::vector<std::string> names;
    for (const Json& name : columns->AsArray("columns")) {
      names.push_back(name.is_string() ? name.AsString() : name.Dump());
    }
    map = table.MapHeader(names);
  } else {
    for (size_t i = 0; i < table.column_count(); ++i) map.push_back(i);
  }
  for (const Json& row : example.At("data").AsArray("data")) {
    if (table.rows() == kExampleRowsMax) break;
    const auto& values = row.AsArray("data[]");
    if (values.size() != map.size()) throw InvalidArgument("a row of another length");
    table.BeginRow();
    for (size_t i = 0; i < map.size(); ++i) {
      if (map[i] != TableBuilder::kIgnored) table.Set(map[i], CellOf(values[i]));
    }
    table.EndRow();
  }
  return table.Finish();
}

// Appends the values of nested lists; the first ones on the way say the shape.
void Flatten(const Json& value, size_t depth, Tensor* tensor, std::vector<const Json*>* leaves) {
  if (!value.is_array()) {
    leaves->push_back(&value);
    return;
  }
  const auto& items = value.AsArray();
  if (depth == kExampleRankMax) throw InvalidArgument("nested too deeply");
  if (depth == tensor->shape.size()) tensor->shape.push_back(static_cast<int64_t>(items.size()));
  for (const Json& item : items) Flatten(item, depth + 1, tensor, leaves);
}

std::vector<Tensor> TensorInputs(const Json& value, const Signature& signature) {
  if (signature.inputs.size() != 1) throw InvalidArgument("the model has several inputs");
  const TensorSpec& spec = signature.inputs[0];
  Tensor tensor{.name = spec.name, .type = spec.type};
  std::vector<const Json*> leaves;
  Flatten(value, 0, &tensor, &leaves);
  if (leaves.size() != tensor.element_count()) throw InvalidArgument("lists of unequal length");
  ResizeTensor(leaves.size(), &tensor);
  for (size_t i = 0; i < leaves.size(); ++i) StoreCell(CellOf(*leaves[i]), i, &tensor);
  std::vector<Tensor> inputs;
  inputs.push_back(std::move(tensor));
  return inputs;
}

// One row of zeros for every input; open dimensions are 1.
std::vector<Tensor> ZeroInputs(const Signature& signature) {
  std::vector<Tensor> inputs;
  for (const TensorSpec& spec : signature.inputs) {
    if (spec.optional) continue;
    Tensor tensor{.name = spec.name, .type = spec.type, .shape = spec.shape};
    for (int64_t& size : tensor.shape) size = size < 0 ? 1 : size;
    ResizeTensor(tensor.element_count(), &tensor);
    inputs.push_back(std::move(tensor));
  }
  return inputs;
}

bool OnlyRowsAreOpen(const Signature& signature) {
  for (const TensorSpec& spec : signature.inputs) {
    for (size_t i = 1; i < spec.shape.size(); ++i) {
      if (spec.shape[i] < 0) return false;
    }
  }
  return true;
}

Json ExampleOf(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path / "MLmodel")) return Json();
  return inference::ReadMlmodelFile(path).input_example;
}

}  // namespace

std::vector<Tensor> ExampleInputs(const Json& example, const Signature& signature) {
  try {
    if (example.Has("data")) return TableInputs(example, signature);
    if (const Json* inputs = example.Find("inputs")) return TensorInputs(*inputs, signature);
  } catch (const Error&) {
    // An example is a nicety that may be of another shape than what is served.
  }
  return {};
}

std::vector<Tensor> WarmUp(const std::filesystem::path& path, Engine& engine) {
  std::vector<Tensor> inputs = ExampleInputs(ExampleOf(path), engine.signature());
  const bool is_example = !inputs.empty();
  if (!is_example) inputs = ZeroInputs(engine.signature());
  try {
    engine.Run(inputs);
  } catch (const Error& error) {
    if (is_example) {
      throw InvalidArgument("the warm-up run with the model's own example failed: {}",
                            error.message());
    }
    if (error.code() != Code::kInvalidArgument && OnlyRowsAreOpen(engine.signature())) {
      throw InvalidArgument("the warm-up run failed: {}", error.message());
    }
    Log(LogLevel::kWarning, "serving", "the warm-up run failed",
        {{"model", path.string()}, {"reason", error.message()}});
    inputs.clear();
  }
  return inputs;
}

}  // namespace millwright::serving
