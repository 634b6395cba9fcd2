#include "api/tfserving/predict_answer.h"

#include <optional>

#include "api/prediction/output_column.h"
#include "base/error.h"
#include "base/json.h"

namespace millwright::api::tfserving {
namespace {

using inference::DataType;
using inference::Tensor;
using prediction::JsonStyle;
using prediction::OutputColumn;

JsonStyle StyleOf(const Tensor& tensor) {
  return {.floats = JsonStyle::Floats::kWithPoint,
          .bytes = tensor.name.ends_with("_bytes") ? JsonStyle::Bytes::kBase64
                                                   : JsonStyle::Bytes::kTextOrBase64};
}

bool IsFloating(const Tensor& tensor) {
  return tensor.type == DataType::kFp16 || tensor.type == DataType::kFp32 ||
         tensor.type == DataType::kFp64;
}

size_t RowCount(const std::vector<OutputColumn>& columns) {
  std::optional<int64_t> rows;
  for (const OutputColumn& column : columns) {
    const auto& shape = column.values->shape;
    if (shape.empty()) {
      throw InvalidArgument("Tensor name: {} has no shape information", column.name);
    }
    if (rows.value_or(shape[0]) != shape[0]) {
      throw InvalidArgument("Tensor name: {} has inconsistent batch size: {} expecting: {}",
                            column.name, shape[0], *rows);
    }
    rows = shape[0];
  }
  return static_cast<size_t>(rows.value_or(0));
}

void AppendRows(const std::vector<Tensor>& outputs, std::string* out) {
  const auto columns = prediction::OutputColumns(outputs);
  const size_t rows = RowCount(columns);
  out->append("{\"predictions\":[");
  for (size_t row = 0; row < rows; ++row) {
    if (row > 0) out->push_back(',');
    if (columns.size() == 1) {
      prediction::AppendRow(columns[0], row, StyleOf(*columns[0].values), out);
      continue;
    }
    for (size_t i = 0; i < columns.size(); ++i) {
      out->push_back(i == 0 ? '{' : ',');
      AppendJsonString(columns[i].name, out);
      out->push_back(':');
      prediction::AppendRow(columns[i], row, StyleOf(*columns[i].values), out);
    }
    out->push_back('}');
  }
  out->append("]}");
}

void AppendColumns(const std::vector<Tensor>& outputs, std::string* out) {
  out->append("{\"outputs\":");
  if (outputs.size() == 1) {
    prediction::AppendNested(outputs[0], StyleOf(outputs[0]), out);
  } else {
    for (size_t i = 0; i < outputs.size(); ++i) {
      out->push_back(i == 0 ? '{' : ',');
      AppendJsonString(outputs[i].name, out);
      out->push_back(':');
      prediction::AppendNested(outputs[i], StyleOf(outputs[i]), out);
    }
    out->push_back('}');
  }
  out->push_back('}');
}

}  // namespace

void AppendPredictions(const std::vector<Tensor>& outputs, Format format, std::string* out) {
  if (format == Format::kRow) return AppendRows(outputs, out);
  AppendColumns(outputs, out);
}

void AppendClassifications(const std::vector<Tensor>& outputs, std::string* out) {
  for (const OutputColumn& column : prediction::OutputColumns(outputs)) {
    const Tensor& scores = *column.values;
    if (!IsFloating(scores) || scores.shape.size() != 2 || scores.shape[1] < 2) continue;
    const auto width = static_cast<size_t>(scores.shape[1]);
    const size_t count = scores.element_count();
    out->append("{\"results\":[");
    for (size_t i = 0; i < count; ++i) {
      const size_t place = i % width;
      if (place == 0) out->append(i == 0 ? "[" : "],[");
      out->append(place == 0 ? "[" : ",[");
      if (column.keys != nullptr) {
        prediction::AppendKey(*column.keys, place, out);
      } else {
        AppendJsonString(std::to_string(place), out);
      }
      out->push_back(',');
      prediction::AppendElement(scores, i, StyleOf(scores), out);
      out->push_back(']');
    }
    out->append(count == 0 ? "]}" : "]]}");
    return;
  }
  throw InvalidArgument("The model gives no scores by class; ask it by :predict");
}

void AppendRegressions(const std::vector<Tensor>& outputs, std::string* out) {
  for (const Tensor& values : outputs) {
    const bool is_column =
        values.shape.size() == 1 || (values.shape.size() == 2 && values.shape[1] == 1);
    if (!IsFloating(values) || !is_column) continue;
    out->append("{\"results\":");
    prediction::AppendFlat(values, StyleOf(values), out);
    out->push_back('}');
    return;
  }
  throw InvalidArgument("The model gives no single number a row; ask it by :predict");
}

}  // namespace millwright::api::tfserving
