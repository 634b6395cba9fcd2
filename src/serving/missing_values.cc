#include "serving/missing_values.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace millwright::serving {
namespace {

using inference::Column;
using inference::DataType;
using inference::Tensor;

template <typename T>
void CheckValues(const std::vector<Column>& columns, const Tensor& input) {
  const T* values = input.As<T>();
  const size_t count = input.data.size() / sizeof(T);
  for (size_t i = 0; i < count; ++i) {
    if (!std::isnan(values[i])) continue;
    const Column& column = columns[i % columns.size()];
    if (column.optional) continue;
    throw InvalidArgument("Column {} must not be missing (row {})", column.name, i / columns.size())
        .WithField(column.name);
  }
}

}  // namespace

void CheckMissingValues(const inference::Signature& signature, const std::vector<Tensor>& inputs) {
  const auto& columns = signature.columns;
  const bool says = std::any_of(columns.begin(), columns.end(),
                                [](const Column& column) { return column.optional; });
  if (!says || inputs.size() != 1) return;
  if (inputs[0].type == DataType::kFp32) CheckValues<float>(columns, inputs[0]);
  if (inputs[0].type == DataType::kFp64) CheckValues<double>(columns, inputs[0]);
}

}  // namespace millwright::serving
