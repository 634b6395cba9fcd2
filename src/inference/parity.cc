#include "inference/parity.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace millwright::inference {
namespace {

constexpr size_t kBatchRows = 4096;

struct Differences {
  OutputParity summary;
  bool is_float = false;
  std::vector<float> all;
  double sum = 0;
};

bool IsFloat(DataType type) {
  return type == DataType::kFp32 || type == DataType::kFp64;
}

double NumberAt(const Tensor& tensor, size_t index) {
  return tensor.type == DataType::kFp32 ? static_cast<double>(tensor.As<float>()[index])
                                        : tensor.As<double>()[index];
}

double NumberDifference(double x, double y) {
  if (std::isnan(x) || std::isnan(y)) {
    return std::isnan(x) == std::isnan(y) ? 0 : std::numeric_limits<double>::infinity();
  }
  return x == y ? 0 : std::fabs(x - y);
}

double DifferenceAt(const Tensor& a, const Tensor& b, size_t index) {
  if (IsFloat(a.type)) return NumberDifference(NumberAt(a, index), NumberAt(b, index));
  if (a.type == DataType::kBytes) return a.strings[index] == b.strings[index] ? 0 : 1;
  const size_t width = DataTypeBytes(a.type);
  return std::equal(a.data.begin() + static_cast<std::ptrdiff_t>(index * width),
                    a.data.begin() + static_cast<std::ptrdiff_t>((index + 1) * width),
                    b.data.begin() + static_cast<std::ptrdiff_t>(index * width))
             ? 0
             : 1;
}

void Compare(const Tensor& a, const Tensor& b, size_t first_row, Differences* out) {
  // One may count in double where the other counts in float, and [N] holds what [N,1] does.
  const bool types_fit = a.type == b.type || (IsFloat(a.type) && IsFloat(b.type));
  if (!types_fit || a.shape.empty() || b.shape.empty() || a.shape[0] != b.shape[0] ||
      a.element_count() != b.element_count()) {
    throw InvalidArgument("The engines differ in the type or shape of the output {}", a.name);
  }
  const size_t count = a.element_count();
  const size_t rows = a.shape.empty() || a.shape[0] == 0 ? 1 : static_cast<size_t>(a.shape[0]);
  const size_t width = std::max<size_t>(1, count / rows);
  out->is_float = IsFloat(a.type);
  for (size_t i = 0; i < count; ++i) {
    const double difference = DifferenceAt(a, b, i);
    out->all.push_back(static_cast<float>(difference));
    out->sum += difference;
    if (difference > out->summary.max) {
      out->summary.max = difference;
      out->summary.worst_row = static_cast<int64_t>(first_row + i / width);
    }
  }
}

double Quantile(std::vector<float>* values, double share) {
  if (values->empty()) return 0;
  const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(values->size() - 1));
  std::nth_element(values->begin(), values->begin() + at, values->end());
  return (*values)[static_cast<size_t>(at)];
}

const Tensor& FindOutput(const std::vector<Tensor>& outputs, const std::string& name) {
  for (const Tensor& output : outputs) {
    if (output.name == name) return output;
  }
  throw InvalidArgument("The converted model lacks the output {}", name);
}

// Whether every column is an input of its own, [N] or [N,1]; else there is one [N,columns].
bool IsByColumn(const std::vector<TensorSpec>& inputs, size_t column_count) {
  if (inputs.size() != column_count) return false;
  return std::all_of(inputs.begin(), inputs.end(), [](const TensorSpec& spec) {
    return spec.shape.size() == 1 || (spec.shape.size() == 2 && spec.shape[1] == 1);
  });
}

void CheckInputs(const Engine& engine, size_t column_count) {
  const auto& inputs = engine.signature().inputs;
  const bool fits = IsByColumn(inputs, column_count) ||
                    (inputs.size() == 1 && inputs[0].shape.size() == 2 &&
                     inputs[0].shape[1] == static_cast<int64_t>(column_count));
  const bool floats = std::all_of(inputs.begin(), inputs.end(),
                                  [](const TensorSpec& spec) { return IsFloat(spec.type); });
  if (fits && floats) return;
  throw InvalidArgument("The engine takes neither one input FP32 or FP64 [-1,{0}] nor {0} columns",
                        column_count);
}

// Takes every `stride`-th value from `first` on.
Tensor Take(const TensorSpec& spec, std::span<const float> values, size_t first, size_t stride) {
  Tensor tensor{.name = spec.name, .type = spec.type, .shape = spec.shape};
  const size_t count = (values.size() - first + stride - 1) / stride;
  tensor.data.resize(count * DataTypeBytes(spec.type));
  for (size_t i = 0; i < count; ++i) {
    const float value = values[first + i * stride];
    if (spec.type == DataType::kFp32) tensor.As<float>()[i] = value;
    if (spec.type == DataType::kFp64) tensor.As<double>()[i] = value;
  }
  return tensor;
}

std::vector<Tensor> Batch(const Engine& engine, std::span<const float> values,
                          size_t column_count) {
  const auto& inputs = engine.signature().inputs;
  const bool by_column = IsByColumn(inputs, column_count);
  std::vector<Tensor> tensors;
  for (size_t i = 0; i < inputs.size(); ++i) {
    tensors.push_back(Take(inputs[i], values, by_column ? i : 0, by_column ? column_count : 1));
    tensors.back().shape[0] = static_cast<int64_t>(values.size() / column_count);
  }
  return tensors;
}

}  // namespace

ParityReport Parity(Engine& original, Engine& converted, std::span<const float> values,
                    size_t column_count) {
  if (column_count == 0 || values.size() % column_count != 0) {
    throw InvalidArgument("{} values are not whole rows of {} columns", values.size(),
                          column_count);
  }
  CheckInputs(original, column_count);
  CheckInputs(converted, column_count);
  ParityReport report{.row_count = values.size() / column_count};
  std::vector<Differences> differences(original.signature().outputs.size());
  for (size_t row = 0; row < report.row_count; row += kBatchRows) {
    const size_t rows = std::min<size_t>(kBatchRows, report.row_count - row);
    const auto part = values.subspan(row * column_count, rows * column_count);
    const auto expected = original.Run(Batch(original, part, column_count));
    const auto actual = converted.Run(Batch(converted, part, column_count));
    for (size_t i = 0; i < expected.size(); ++i) {
      differences[i].summary.output = expected[i].name;
      Compare(expected[i], FindOutput(actual, expected[i].name), row, &differences[i]);
    }
  }
  for (Differences& one : differences) {
    one.summary.element_count = one.all.size();
    if (!one.all.empty()) one.summary.mean = one.sum / static_cast<double>(one.all.size());
    one.summary.p50 = Quantile(&one.all, 0.5);
    one.summary.p99 = Quantile(&one.all, 0.99);
    if (one.is_float) report.max = std::max(report.max, one.summary.max);
    report.outputs.push_back(std::move(one.summary));
  }
  return report;
}

Json ParityToJson(const ParityReport& report) {
  Json outputs = Json::MakeArray();
  for (const OutputParity& one : report.outputs) {
    outputs.Append(Json::Of({{"output", one.output},
                             {"max_abs_difference", one.max},
                             {"mean_abs_difference", one.mean},
                             {"p50", one.p50},
                             {"p99", one.p99},
                             {"elements", static_cast<int64_t>(one.element_count)},
                             {"worst_row", one.worst_row}}));
  }
  return Json::Of({{"rows", static_cast<int64_t>(report.row_count)},
                   {"max_abs_difference", report.max},
                   {"outputs", outputs}});
}

}  // namespace millwright::inference
