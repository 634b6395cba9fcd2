#include "serving/batch_probe.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/protobuf_reader.h"
#include "inference/mlmodel_file.h"
#include "inference/model_package.h"
#include "serving/cell.h"

namespace millwright::serving {
namespace {

using inference::DataType;
using inference::Engine;
using inference::Tensor;

constexpr int kRepeats = 3;             // the best of them counts
constexpr double kProbeUsMax = 20'000;  // a model whose probe would take longer is not probed
constexpr double kRelativeMax = 1e-3;   // by which a row's outputs may differ in a batch

double NowUs() {
  return std::chrono::duration<double, std::micro>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

size_t RowElements(const Tensor& tensor) {
  size_t count = 1;
  for (size_t i = 1; i < tensor.shape.size(); ++i) count *= static_cast<size_t>(tensor.shape[i]);
  return count;
}

template <typename T>
void Stir(size_t row, size_t begin, size_t count, Tensor* tensor) {
  T* values = tensor->As<T>() + begin;
  for (size_t i = 0; i < count; ++i) {
    values[i] += static_cast<T>(row) * static_cast<T>(0.25) * static_cast<T>(1 + i % 3);
  }
}

// Rows `first` to `first + rows` of a table in which each row is the example's first one, a little
// other where it is of floating numbers.
Tensor MakeRows(const Tensor& example, size_t first, size_t rows) {
  Tensor tensor{.name = example.name, .type = example.type, .shape = example.shape};
  tensor.shape[0] = static_cast<int64_t>(rows);
  const size_t row = RowElements(example);
  ResizeTensor(rows * row, &tensor);
  const size_t width = inference::DataTypeBytes(example.type);
  for (size_t i = 0; i < rows; ++i) {
    if (example.type == DataType::kBytes) {
      std::copy_n(example.strings.begin(), row,
                  tensor.strings.begin() + static_cast<ptrdiff_t>(i * row));
      continue;
    }
    std::copy_n(example.data.begin(), row * width,
                tensor.data.begin() + static_cast<ptrdiff_t>(i * row * width));
    if (example.type == DataType::kFp32) Stir<float>(first + i, i * row, row, &tensor);
    if (example.type == DataType::kFp64) Stir<double>(first + i, i * row, row, &tensor);
  }
  return tensor;
}

std::vector<Tensor> MakeInputs(const std::vector<Tensor>& example, size_t first, size_t rows) {
  std::vector<Tensor> inputs;
  for (const Tensor& tensor : example) inputs.push_back(MakeRows(tensor, first, rows));
  return inputs;
}

// The best of some runs in microseconds; `outputs` are the last one's.
double Measure(Engine& engine, const std::vector<Tensor>& inputs, std::vector<Tensor>* outputs) {
  double best_us = CostCurve::kUnknownUs;
  for (int i = 0; i < kRepeats; ++i) {
    const double start_us = NowUs();
    *outputs = engine.Run(inputs);
    best_us = std::min(best_us, NowUs() - start_us);
  }
  return best_us;
}

template <typename T>
bool AreClose(const Tensor& a, const Tensor& b) {
  const size_t count = a.element_count();
  for (size_t i = 0; i < count; ++i) {
    const double one = a.As<T>()[i];
    const double other = b.As<T>()[i];
    if (std::isnan(one) && std::isnan(other)) continue;
    if (one == other) continue;
    if (!(std::fabs(one - other) <= kRelativeMax * std::max(1.0, std::fabs(one)))) return false;
  }
  return true;
}

bool AreAlike(const Tensor& a, const Tensor& b) {
  if (a.type == DataType::kFp32) return AreClose<float>(a, b);
  if (a.type == DataType::kFp64) return AreClose<double>(a, b);
  return a.data == b.data && a.strings == b.strings;
}

// Whether the last of many rows has the outputs that it has alone.
bool RowIsItsOwn(std::vector<Tensor> many, const std::vector<Tensor>& alone) {
  const auto parts = SplitOutputs(std::move(many), {kProbeRows - 1, 1});
  if (parts[1].size() != alone.size()) return false;
  for (size_t i = 0; i < alone.size(); ++i) {
    if (parts[1][i].shape != alone[i].shape || !AreAlike(parts[1][i], alone[i])) return false;
  }
  return true;
}

// Whether the attributes of a graph's or function's nodes, its fields of this number, hold graphs.
bool NodesHoldGraphs(std::string_view graph, uint32_t node_number) {
  ProtobufReader parts(graph);
  while (const auto part = parts.NextOf({node_number})) {
    ProtobufReader node(part->Bytes());
    while (const auto field = node.NextOf({5})) {
      ProtobufReader attribute(field->Bytes());
      if (attribute.NextOf({6, 11})) return true;
    }
  }
  return false;
}

bool HasRows(const Tensor& tensor) {
  return !tensor.shape.empty() && tensor.shape[0] > 0;
}

}  // namespace

BatchProbe ProbeBatches(Engine& engine, const std::vector<Tensor>& example) {
  BatchProbe probe;
  if (example.empty() || !std::all_of(example.begin(), example.end(), HasRows)) return probe;
  try {
    const auto one = MakeInputs(example, kProbeRows - 1, 1);
    const double start_us = NowUs();
    std::vector<Tensor> alone = engine.Run(one);
    const double first_us = NowUs() - start_us;
    // One that is too slow to be tried here will show with what comes.
    const bool is_slow = first_us * kProbeRows * kRepeats > kProbeUsMax;
    const double one_us = is_slow ? first_us : Measure(engine, one, &alone);
    const bool rows_tell = BatchRules(engine.signature(), true, {}).cost_follows_rows();
    if (rows_tell) probe.costs.Add(1, one_us);
    if (is_slow) {
      probe.rows_are_apart = true;
      return probe;
    }
    std::vector<Tensor> many;
    const auto inputs = MakeInputs(example, 0, kProbeRows);
    const double many_us = Measure(engine, inputs, &many);
    if (rows_tell) {
      probe.costs.Add(kProbeRows, many_us);
      probe.gain.AddAlone(CountElements(one), one_us);
      probe.gain.AddTogether(CountElements(inputs), many_us);
    }
    probe.rows_are_apart = RowIsItsOwn(std::move(many), alone);
  } catch (const Error&) {
    // It takes one row only, or none like these.
  }
  return probe;
}

bool IsBounded(const std::filesystem::path& path) {
  std::filesystem::path file = path;
  if (std::filesystem::exists(path / "MLmodel")) {
    const auto mlmodel = inference::ReadMlmodelFile(path);
    if (inference::RuntimeOf(mlmodel) == inference::ModelRuntime::kPython) return false;
    file = path / inference::ReadModelPackage(path).onnx_file;
  } else if (std::filesystem::exists(path / "model.onnx")) {
    file = path / "model.onnx";
  }
  if (file.extension() != ".onnx") return true;
  const MappedFile model(file);
  ProtobufReader reader(model.bytes());
  while (const auto part = reader.Next()) {
    if (part->number == 7 && NodesHoldGraphs(part->Bytes(), 1)) return false;   // the graph
    if (part->number == 25 && NodesHoldGraphs(part->Bytes(), 7)) return false;  // a function
  }
  return true;
}

std::vector<InputPadding> PaddingOf(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path / "MLmodel")) return {};
  const Json metadata = inference::ReadMlmodelFile(path).metadata;
  const Json* given = metadata.is_object() ? metadata.Find("batch_padding") : nullptr;
  if (given == nullptr || given->is_null()) return {};
  std::vector<InputPadding> padding;
  for (const auto& [input, value] : given->AsObject("batch_padding")) {
    padding.push_back({input, value.AsDouble()});
  }
  return padding;
}

}  // namespace millwright::serving
