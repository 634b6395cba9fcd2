#include "scoring/outputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/error.h"
#include "inference/class_keys.h"
#include "serving/cell.h"

namespace millwright::scoring {
namespace {

using inference::DataType;
using inference::Tensor;

constexpr size_t kColumnsMax = 10'000;

const char* SqlType(DataType type) {
  switch (type) {
    case DataType::kBool:
      return "BOOLEAN";
    case DataType::kUint8:
      return "UTINYINT";
    case DataType::kUint16:
      return "USMALLINT";
    case DataType::kUint32:
      return "UINTEGER";
    case DataType::kUint64:
      return "UBIGINT";
    case DataType::kInt8:
      return "TINYINT";
    case DataType::kInt16:
      return "SMALLINT";
    case DataType::kInt32:
      return "INTEGER";
    case DataType::kInt64:
      return "BIGINT";
    case DataType::kFp16:
    case DataType::kFp32:
      return "FLOAT";
    case DataType::kFp64:
      return "DOUBLE";
    case DataType::kBytes:
      return "VARCHAR";
  }
  return "VARCHAR";
}

void AppendValue(const Tensor& tensor, size_t at, analytics::Session::Appender* table) {
  switch (tensor.type) {
    case DataType::kBool:
      return table->Add(tensor.As<uint8_t>()[at] != 0);
    case DataType::kUint8:
      return table->Add(uint64_t{tensor.As<uint8_t>()[at]});
    case DataType::kUint16:
      return table->Add(uint64_t{tensor.As<uint16_t>()[at]});
    case DataType::kUint32:
      return table->Add(uint64_t{tensor.As<uint32_t>()[at]});
    case DataType::kUint64:
      return table->Add(tensor.As<uint64_t>()[at]);
    case DataType::kInt8:
      return table->Add(int64_t{tensor.As<int8_t>()[at]});
    case DataType::kInt16:
      return table->Add(int64_t{tensor.As<int16_t>()[at]});
    case DataType::kInt32:
      return table->Add(int64_t{tensor.As<int32_t>()[at]});
    case DataType::kInt64:
      return table->Add(tensor.As<int64_t>()[at]);
    case DataType::kFp16:
      return table->Add(serving::DoubleFromHalf(tensor.As<uint16_t>()[at]));
    case DataType::kFp32:
      return table->Add(tensor.As<float>()[at]);
    case DataType::kFp64:
      return table->Add(tensor.As<double>()[at]);
    case DataType::kBytes:
      return table->Add(std::string_view(tensor.strings[at]));
  }
}

// The shortest text that reads back as the same number of the tensor's own type.
template <typename T>
void WriteNumber(T value, JsonWriter* writer) {
  if (std::isnan(value)) {
    writer->Null();
  } else if (std::isinf(value)) {
    writer->String(value > 0 ? "Infinity" : "-Infinity");
  } else {
    char text[64];
    const auto end = std::to_chars(text, text + sizeof text, value).ptr;
    writer->Raw(std::string_view(text, static_cast<size_t>(end - text)));
  }
}

void WriteValue(const Tensor& tensor, size_t at, JsonWriter* writer) {
  switch (tensor.type) {
    case DataType::kBool:
      writer->Bool(tensor.As<uint8_t>()[at] != 0);
      return;
    case DataType::kUint8:
      writer->Int(tensor.As<uint8_t>()[at]);
      return;
    case DataType::kUint16:
      writer->Int(tensor.As<uint16_t>()[at]);
      return;
    case DataType::kUint32:
      writer->Int(tensor.As<uint32_t>()[at]);
      return;
    case DataType::kUint64:
      writer->Raw(std::to_string(tensor.As<uint64_t>()[at]));
      return;
    case DataType::kInt8:
      writer->Int(tensor.As<int8_t>()[at]);
      return;
    case DataType::kInt16:
      writer->Int(tensor.As<int16_t>()[at]);
      return;
    case DataType::kInt32:
      writer->Int(tensor.As<int32_t>()[at]);
      return;
    case DataType::kInt64:
      writer->Int(tensor.As<int64_t>()[at]);
      return;
    case DataType::kFp16:
      return WriteNumber(static_cast<float>(serving::DoubleFromHalf(tensor.As<uint16_t>()[at])),
                         writer);
    case DataType::kFp32:
      return WriteNumber(tensor.As<float>()[at], writer);
    case DataType::kFp64:
      return WriteNumber(tensor.As<double>()[at], writer);
    case DataType::kBytes:
      writer->String(tensor.strings[at]);
  }
}

bool HasRows(const Tensor& tensor, size_t rows) {
  return !tensor.shape.empty() && tensor.shape[0] == static_cast<int64_t>(rows);
}

std::string KeyText(const Tensor& keys, size_t at) {
  if (keys.type == DataType::kBytes) return keys.strings[at];
  if (keys.type == DataType::kInt64) return std::to_string(keys.As<int64_t>()[at]);
  return std::to_string(at);
}

}  // namespace

OutputColumns::OutputColumns(const std::vector<Tensor>& outputs, size_t rows,
                             const std::string& prefix) {
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Tensor& output = outputs[i];
    if (inference::AreKeys(outputs, output)) continue;
    if (!HasRows(output, rows)) {
      throw InvalidArgument("Output {} has no value for each row, so it cannot be a column",
                            output.name);
    }
    const size_t width = output.element_count() / rows;
    sources_.push_back({i, width, output.type});
    const Tensor* keys = inference::FindKeys(outputs, output);
    for (size_t k = 0; k < width; ++k) {
      std::string name = prefix + output.name;
      if (keys != nullptr) {
        name += fmt::format("_{}", KeyText(*keys, k));
      } else if (width > 1) {
        name += fmt::format("_{}", k);
      }
      names_.push_back(std::move(name));
      types_.emplace_back(SqlType(output.type));
    }
    if (names_.size() > kColumnsMax) {
      throw InvalidArgument("The model gives more than {} values a row", kColumnsMax);
    }
  }
  if (names_.empty()) throw InvalidArgument("The model has no output");
}

std::string OutputColumns::TableSql() const {
  std::string sql;
  for (size_t i = 0; i < names_.size(); ++i) {
    sql += (i == 0 ? "" : ", ") + analytics::QuoteName(names_[i]) + " " + types_[i];
  }
  return sql;
}

void OutputColumns::CheckShapes(const std::vector<Tensor>& outputs, size_t rows) const {
  for (const Source& source : sources_) {
    if (source.output >= outputs.size() || !HasRows(outputs[source.output], rows) ||
        outputs[source.output].type != source.type ||
        outputs[source.output].element_count() != rows * source.width) {
      throw FailedPrecondition("The model's outputs are not of one shape over all rows");
    }
  }
}

void OutputColumns::WriteRow(const std::vector<Tensor>& outputs, size_t row,
                             JsonWriter* writer) const {
  const Tensor& first = outputs.at(sources_[0].output);
  CheckShapes(outputs, first.shape.empty() ? 0 : static_cast<size_t>(first.shape[0]));
  size_t column = 0;
  for (const Source& source : sources_) {
    for (size_t k = 0; k < source.width; ++k) {
      writer->Key(names_[column++]);
      WriteValue(outputs[source.output], row * source.width + k, writer);
    }
  }
}

void OutputColumns::Append(const std::vector<Tensor>& outputs, size_t rows,
                           analytics::Session::Appender* table) const {
  CheckShapes(outputs, rows);
  for (size_t row = 0; row < rows; ++row) {
    for (const Source& source : sources_) {
      for (size_t k = 0; k < source.width; ++k) {
        AppendValue(outputs[source.output], row * source.width + k, table);
      }
    }
    table->EndRow();
  }
}

}  // namespace millwright::scoring
