#include "serving/table_builder.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/error.h"

namespace millwright::serving {
namespace {

using inference::DataType;
using inference::Signature;
using inference::Tensor;
using inference::TensorSpec;

constexpr size_t kFirstRows = 16;
constexpr size_t kNamesInMessageMax = 32;
constexpr std::string_view kRow = " (row ";

bool IsFloating(DataType type) {
  return type == DataType::kFp16 || type == DataType::kFp32 || type == DataType::kFp64;
}

// Tells whether an input holds one value a row: [N] or [N,1].
bool IsOneColumn(const TensorSpec& spec) {
  if (spec.shape.empty() || spec.shape[0] != -1) return false;
  return spec.shape.size() == 1 || (spec.shape.size() == 2 && spec.shape[1] == 1);
}

bool IsMatrix(const TensorSpec& spec) {
  return spec.shape.size() == 2 && spec.shape[0] == -1 && spec.shape[1] > 0;
}

template <typename Range>
std::string Join(const Range& names) {
  std::string text;
  size_t count = 0;
  for (const auto& name : names) {
    if (count == kNamesInMessageMax) return text + ", …";
    text += (count++ == 0 ? "" : ", ") + name;
  }
  return text;
}

}  // namespace

Error MissingColumns(const std::vector<std::string>& missing,
                     const std::vector<std::string>& unknown) {
  return InvalidArgument("Missing columns: {}{}", Join(missing),
                         unknown.empty() ? "" : "; unknown columns: " + Join(unknown))
      .WithField(missing.at(0));
}

std::optional<size_t> RowIn(const std::string& message) {
  const size_t begin = message.find(kRow);
  if (begin == std::string::npos) return std::nullopt;
  size_t row = 0;
  const char* const from = message.data() + begin + kRow.size();
  const auto read = std::from_chars(from, message.data() + message.size(), row);
  if (read.ec != std::errc() || *read.ptr != ')') return std::nullopt;
  return row;
}

std::string WithoutRow(const std::string& message) {
  const size_t begin = message.find(kRow);
  const size_t end = begin == std::string::npos ? begin : message.find(')', begin);
  if (end == std::string::npos) return message;
  return message.substr(0, begin) + message.substr(end + 1);
}

TableBuilder::TableBuilder(const Signature& signature, ExtraColumns extra) : extra_(extra) {
  const auto& inputs = signature.inputs;
  if (inputs.size() == 1 && !signature.columns.empty()) {
    for (size_t i = 0; i < signature.columns.size(); ++i) {
      const bool optional = signature.columns[i].optional;
      columns_.push_back({signature.columns[i].name, 0, i, optional, optional});
    }
    widths_ = {columns_.size()};
  } else if (!inputs.empty() && std::all_of(inputs.begin(), inputs.end(), IsOneColumn)) {
    // Only the model, which may hold an imputer or trees, knows what null means here and below, so
    // a floating input takes it. A column that is not there at all is most often misspelt.
    for (size_t i = 0; i < inputs.size(); ++i) {
      const bool takes_null = inputs[i].optional || IsFloating(inputs[i].type);
      columns_.push_back({inputs[i].name, i, 0, takes_null, inputs[i].optional});
    }
    widths_.assign(inputs.size(), 1);
  } else if (inputs.size() == 1 && IsMatrix(inputs[0])) {
    named_ = false;
    for (int64_t i = 0; i < inputs[0].shape[1]; ++i) {
      columns_.push_back(
          {std::to_string(i), 0, static_cast<size_t>(i), IsFloating(inputs[0].type), false});
    }
    widths_ = {columns_.size()};
  } else {
    throw InvalidArgument("The model takes tensors, not tables; use \"inputs\" or \"instances\"");
  }
  for (const TensorSpec& spec : inputs) {
    // The shape holds the rank until Finish knows the number of rows.
    tensors_.push_back({.name = spec.name, .type = spec.type, .shape = spec.shape});
  }
  seen_.resize(columns_.size());
}

DataType TableBuilder::TypeOf(size_t column) const {
  return tensors_[columns_[column].input].type;
}

size_t TableBuilder::ColumnOf(std::string_view name, size_t hint) const {
  if (hint < columns_.size() && columns_[hint].name == name) return hint;
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].name == name) return i;
  }
  if (extra_ == ExtraColumns::kIgnore) return kIgnored;
  std::vector<std::string> names;
  for (const Target& target : columns_) names.push_back(target.name);
  throw InvalidArgument("Unknown column: {}; the model takes {}", name, Join(names))
      .WithField(std::string(name));
}

std::vector<size_t> TableBuilder::MapHeader(const std::vector<std::string>& names) const {
  std::vector<size_t> map;
  if (!named_) {
    if (names.size() != columns_.size()) {
      throw InvalidArgument("Expected {} columns, got {}", columns_.size(), names.size())
          .WithField("columns");
    }
    for (size_t i = 0; i < names.size(); ++i) map.push_back(i);
    return map;
  }
  std::vector<bool> seen(columns_.size());
  std::vector<std::string> ignored;
  for (size_t i = 0; i < names.size(); ++i) {
    const size_t column = ColumnOf(names[i], i);
    map.push_back(column);
    if (column == kIgnored) {
      ignored.push_back(names[i]);
      continue;
    }
    if (seen[column]) throw InvalidArgument("Column given twice: {}", names[i]).WithField(names[i]);
    seen[column] = true;
  }
  std::vector<std::string> missing;
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (!seen[i] && !columns_[i].may_be_absent) missing.push_back(columns_[i].name);
  }
  if (!missing.empty()) throw MissingColumns(missing, ignored);
  return map;
}

std::vector<ColumnPlace> TableBuilder::MapColumns(const std::vector<std::string>& names) const {
  std::vector<ColumnPlace> places;
  const std::vector<size_t> map = MapHeader(names);
  for (size_t i = 0; i < map.size(); ++i) {
    if (map[i] != kIgnored) places.push_back({map[i], i});
  }
  return places;
}

void TableBuilder::Grow() {
  capacity_rows_ = std::max(kFirstRows, capacity_rows_ * 2);
  for (size_t i = 0; i < tensors_.size(); ++i) {
    ResizeTensor(capacity_rows_ * widths_[i], &tensors_[i]);
  }
}

void TableBuilder::BeginRow() {
  if (rows_ == kTableRowsMax) throw InvalidArgument("More than {} rows", kTableRowsMax);
  if (rows_ == capacity_rows_) Grow();
  std::fill(seen_.begin(), seen_.end(), false);
  seen_count_ = 0;
}

void TableBuilder::RefuseMissing(const Target& target) const {
  throw InvalidArgument("Column {} must not be missing (row {})", target.name, rows_)
      .WithField(target.name);
}

void TableBuilder::RefuseAbsent(const Target& target) const {
  if (!target.takes_null) RefuseMissing(target);
  throw InvalidArgument("Column {} must not be missing (row {}); null says that there is no value",
                        target.name, rows_)
      .WithField(target.name);
}

void TableBuilder::Set(size_t column, const Cell& value) {
  const Target& target = columns_[column];
  if (seen_[column]) {
    throw InvalidArgument("Column given twice: {} (row {})", target.name, rows_)
        .WithField(target.name);
  }
  seen_[column] = true;
  ++seen_count_;
  if (std::holds_alternative<std::monostate>(value) && !target.takes_null) RefuseMissing(target);
  try {
    StoreCell(value, rows_ * widths_[target.input] + target.offset, &tensors_[target.input]);
  } catch (const Error& error) {
    throw Error(error.code(),
                fmt::format("Column {} (row {}): {}", target.name, rows_, error.message()))
        .WithField(target.name);
  }
}

void TableBuilder::SetText(size_t column, std::string_view text) {
  Set(column, CellOfText(text, tensors_[columns_[column].input].type));
}

void TableBuilder::EndRow() {
  if (seen_count_ != columns_.size()) {
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (seen_[i]) continue;
      if (!columns_[i].may_be_absent) RefuseAbsent(columns_[i]);
      Set(i, Cell());
    }
  }
  ++rows_;
}

std::vector<Tensor> TableBuilder::Finish() {
  if (rows_ == 0) throw InvalidArgument("The table has no rows");
  for (size_t i = 0; i < tensors_.size(); ++i) {
    ResizeTensor(rows_ * widths_[i], &tensors_[i]);
    auto& shape = tensors_[i].shape;
    const bool is_vector = shape.size() == 1;
    shape = {static_cast<int64_t>(rows_)};
    if (!is_vector) shape.push_back(static_cast<int64_t>(widths_[i]));
  }
  return std::move(tensors_);
}

}  // namespace millwright::serving
