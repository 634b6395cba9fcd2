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

// Whether an input is one column of rows, [N] or [N,1].
bool IsColumn(const TensorSpec& spec) {
  return spec.shape.size() == 1 || (spec.shape.size() == 2 && spec.shape[1] == 1);
}

// Whether every column is an input of its own; else there is one table.
bool IsByColumn(const Signature& signature) {
  return signature.columns.empty() &&
         std::all_of(signature.inputs.begin(), signature.inputs.end(), IsColumn);
}

// Which columns an engine takes, in its order.
class ColumnFeed {
 public:
  ColumnFeed(const Engine& engine, const std::vector<ParityColumn>& columns)
      : inputs_(engine.signature().inputs), by_column_(IsByColumn(engine.signature())) {
    auto names = ColumnNamesOf(engine.signature());
    if (inputs_.size() != 1 || by_column_) {
      // Of an input that is a column only the name tells which.
      if (names.empty()) throw InvalidArgument("The engine takes tensors and not columns");
    }
    const bool named = std::any_of(columns.begin(), columns.end(),
                                   [](const ParityColumn& column) { return !column.name.empty(); });
    if (names.empty() || !named) {
      for (const ParityColumn& column : columns) columns_.push_back(&column);
      const size_t wanted = by_column_ ? inputs_.size() : static_cast<size_t>(TableWidth());
      if (columns_.size() != wanted) {
        throw InvalidArgument("The engine takes {} columns, not {}", wanted, columns_.size());
      }
    }
    for (size_t i = columns_.size(); i < names.size(); ++i) {
      columns_.push_back(&Find(columns, names[i]));
    }
    Check();
  }

  std::vector<Tensor> Batch(size_t first, size_t rows) const {
    if (by_column_) {
      std::vector<Tensor> tensors;
      for (size_t i = 0; i < inputs_.size(); ++i) {
        tensors.push_back(MakeTensor(inputs_[i], rows, 1));
        Fill(*columns_[i], first, rows, 0, 1, &tensors.back());
      }
      return tensors;
    }
    std::vector<Tensor> tensors = {MakeTensor(inputs_[0], rows, columns_.size())};
    for (size_t i = 0; i < columns_.size(); ++i) {
      Fill(*columns_[i], first, rows, i, columns_.size(), tensors.data());
    }
    return tensors;
  }

 private:
  static const ParityColumn& Find(const std::vector<ParityColumn>& columns,
                                  const std::string& name) {
    for (const ParityColumn& column : columns) {
      if (column.name == name) return column;
    }
    throw InvalidArgument("The rows have no column {}", name);
  }

  int64_t TableWidth() const {
    const auto& shape = inputs_.at(0).shape;
    return shape.size() == 2 ? shape[1] : -1;
  }

  void Check() const {
    if (by_column_) {
      for (size_t i = 0; i < inputs_.size(); ++i) {
        const bool is_text = inputs_[i].type == DataType::kBytes;
        if (inputs_[i].type == DataType::kFp16 || is_text != !columns_[i]->texts.empty()) {
          throw InvalidArgument("The column {} is not {}", inputs_[i].name,
                                DataTypeName(inputs_[i].type));
        }
      }
      return;
    }
    if (!IsFloat(inputs_[0].type) || TableWidth() != static_cast<int64_t>(columns_.size())) {
      throw InvalidArgument(
          "The engine takes neither one input FP32 or FP64 [-1,{0}] nor {0} "
          "columns",
          columns_.size());
    }
  }

  static Tensor MakeTensor(const TensorSpec& spec, size_t rows, size_t width) {
    Tensor tensor{.name = spec.name, .type = spec.type, .shape = spec.shape};
    tensor.shape[0] = static_cast<int64_t>(rows);
    if (spec.type == DataType::kBytes) {
      tensor.strings.resize(rows * width);
    } else {
      tensor.data.resize(rows * width * DataTypeBytes(spec.type));
    }
    return tensor;
  }

  // Puts rows of a column at `offset` of each row of a tensor.
  static void Fill(const ParityColumn& column, size_t first, size_t rows, size_t offset,
                   size_t width, Tensor* tensor) {
    for (size_t row = 0; row < rows; ++row) {
      const size_t at = row * width + offset;
      if (tensor->type == DataType::kBytes) {
        tensor->strings[at] = column.texts[first + row];
      } else {
        PutNumber(column.numbers[first + row], column.name, at, tensor);
      }
    }
  }

  template <typename T>
  static void PutInteger(double number, const std::string& column, size_t at, Tensor* tensor) {
    // Written so that NaN fails it as well.
    if (!(number >= static_cast<double>(std::numeric_limits<T>::min()) &&
          number <= static_cast<double>(std::numeric_limits<T>::max()))) {
      throw InvalidArgument("Column {}: {} is no {}", column, number, DataTypeName(tensor->type));
    }
    tensor->As<T>()[at] = static_cast<T>(number);
  }

  static void PutNumber(double number, const std::string& column, size_t at, Tensor* tensor) {
    switch (tensor->type) {
      case DataType::kFp32:
        tensor->As<float>()[at] = static_cast<float>(number);
        return;
      case DataType::kFp64:
        tensor->As<double>()[at] = number;
        return;
      case DataType::kBool:
        tensor->As<char>()[at] = number != 0 ? 1 : 0;
        return;
      case DataType::kUint8:
        return PutInteger<uint8_t>(number, column, at, tensor);
      case DataType::kUint16:
        return PutInteger<uint16_t>(number, column, at, tensor);
      case DataType::kUint32:
        return PutInteger<uint32_t>(number, column, at, tensor);
      case DataType::kUint64:
        return PutInteger<uint64_t>(number, column, at, tensor);
      case DataType::kInt8:
        return PutInteger<int8_t>(number, column, at, tensor);
      case DataType::kInt16:
        return PutInteger<int16_t>(number, column, at, tensor);
      case DataType::kInt32:
        return PutInteger<int32_t>(number, column, at, tensor);
      case DataType::kInt64:
        return PutInteger<int64_t>(number, column, at, tensor);
      case DataType::kFp16:
      case DataType::kBytes:
        break;
    }
    throw Internal("A column of this type holds no numbers");
  }

  const std::vector<TensorSpec>& inputs_;
  bool by_column_;
  std::vector<const ParityColumn*> columns_;
};

size_t RowsOf(const std::vector<ParityColumn>& columns) {
  if (columns.empty()) throw InvalidArgument("There are no columns to compare by");
  const auto rows = [](const ParityColumn& column) {
    return std::max(column.numbers.size(), column.texts.size());
  };
  for (const ParityColumn& column : columns) {
    if (rows(column) != rows(columns[0])) throw InvalidArgument("The columns differ in length");
  }
  return rows(columns[0]);
}

}  // namespace

std::vector<std::string> ColumnNamesOf(const Signature& signature) {
  std::vector<std::string> names;
  for (const Column& column : signature.columns) names.push_back(column.name);
  if (!names.empty() || !IsByColumn(signature)) return names;
  for (const TensorSpec& input : signature.inputs) names.push_back(input.name);
  return names;
}

ParityReport Parity(Engine& original, Engine& converted, const std::vector<ParityColumn>& columns) {
  ParityReport report{.row_count = RowsOf(columns)};
  if (report.row_count == 0) throw InvalidArgument("There are no rows to compare the models on");
  const ColumnFeed first(original, columns);
  const ColumnFeed second(converted, columns);
  std::vector<Differences> differences(original.signature().outputs.size());
  for (size_t row = 0; row < report.row_count; row += kBatchRows) {
    const size_t rows = std::min<size_t>(kBatchRows, report.row_count - row);
    const auto expected = original.Run(first.Batch(row, rows));
    const auto actual = converted.Run(second.Batch(row, rows));
    if (differences.size() < expected.size()) differences.resize(expected.size());
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
    if (one.is_float) {
      report.max = std::max(report.max, one.summary.max);
    } else {
      report.differing += static_cast<uint64_t>(one.sum);
    }
    report.outputs.push_back(std::move(one.summary));
  }
  return report;
}

ParityReport Parity(Engine& original, Engine& converted, std::span<const float> values,
                    size_t column_count) {
  if (column_count == 0 || values.size() % column_count != 0) {
    throw InvalidArgument("{} values are not whole rows of {} columns", values.size(),
                          column_count);
  }
  std::vector<ParityColumn> columns(column_count);
  for (size_t i = 0; i < values.size(); ++i) {
    columns[i % column_count].numbers.push_back(static_cast<double>(values[i]));
  }
  return Parity(original, converted, columns);
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
                   {"differing_labels", static_cast<int64_t>(report.differing)},
                   {"outputs", outputs}});
}

}  // namespace millwright::inference
