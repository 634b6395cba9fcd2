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

template <typename T>
double NumberDifference(const Tensor& a, const Tensor& b, size_t index) {
  const double x = static_cast<double>(a.As<T>()[index]);
  const double y = static_cast<double>(b.As<T>()[index]);
  if (std::isnan(x) || std::isnan(y)) {
    return std::isnan(x) == std::isnan(y) ? 0 : std::numeric_limits<double>::infinity();
  }
  return x == y ? 0 : std::fabs(x - y);
}

double DifferenceAt(const Tensor& a, const Tensor& b, size_t index) {
  if (a.type == DataType::kFp32) return NumberDifference<float>(a, b, index);
  if (a.type == DataType::kFp64) return NumberDifference<double>(a, b, index);
  if (a.type == DataType::kBytes) return a.strings[index] == b.strings[index] ? 0 : 1;
  const size_t width = DataTypeBytes(a.type);
  return std::equal(a.data.begin() + static_cast<std::ptrdiff_t>(index * width),
                    a.data.begin() + static_cast<std::ptrdiff_t>((index + 1) * width),
                    b.data.begin() + static_cast<std::ptrdiff_t>(index * width))
             ? 0
             : 1;
}

void Compare(const Tensor& a, const Tensor& b, size_t first_row, Differences* out) {
  if (a.type != b.type || a.shape != b.shape) {
    throw InvalidArgument("The engines differ in the type or shape of the output {}", a.name);
  }
  const size_t count = a.element_count();
  const size_t rows = a.shape.empty() || a.shape[0] == 0 ? 1 : static_cast<size_t>(a.shape[0]);
  const size_t width = std::max<size_t>(1, count / rows);
  out->is_float = a.type == DataType::kFp32 || a.type == DataType::kFp64;
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

void CheckInput(const Engine& engine, size_t column_count) {
  const auto& inputs = engine.signature().inputs;
  const bool fits = inputs.size() == 1 && inputs[0].type == DataType::kFp32 &&
                    inputs[0].shape.size() == 2 &&
                    inputs[0].shape[1] == static_cast<int64_t>(column_count);
  if (!fits) throw InvalidArgument("The engine does not take one FP32 input [-1,{}]", column_count);
}

Tensor Batch(const Engine& engine, std::span<const float> values, size_t column_count) {
  const int64_t rows = static_cast<int64_t>(values.size() / column_count);
  return Tensor::OfFloats(engine.signature().inputs[0].name,
                          {rows, static_cast<int64_t>(column_count)},
                          std::vector<float>(values.begin(), values.end()));
}

}  // namespace

ParityReport Parity(Engine& original, Engine& converted, std::span<const float> values,
                    size_t column_count) {
  if (column_count == 0 || values.size() % column_count != 0) {
    throw InvalidArgument("{} values are not whole rows of {} columns", values.size(),
                          column_count);
  }
  CheckInput(original, column_count);
  CheckInput(converted, column_count);
  ParityReport report{.row_count = values.size() / column_count};
  std::vector<Differences> differences(original.signature().outputs.size());
  for (size_t row = 0; row < report.row_count; row += kBatchRows) {
    const size_t rows = std::min<size_t>(kBatchRows, report.row_count - row);
    const auto part = values.subspan(row * column_count, rows * column_count);
    const auto expected = original.Run({Batch(original, part, column_count)});
    const auto actual = converted.Run({Batch(converted, part, column_count)});
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
