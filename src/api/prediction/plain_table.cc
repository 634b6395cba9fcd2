#include "api/prediction/plain_table.h"

#include <algorithm>
#include <cmath>

namespace millwright::api::prediction {
namespace {

using inference::DataType;
using inference::Signature;
using inference::Tensor;
using serving::TableBuilder;

constexpr size_t kFirstRows = 64;
constexpr size_t kColumnsMax = 4096;  // of a table that is read here

// Whether a row holds a missing value where there must be none.
template <typename T>
bool LacksValue(const T* row, const TableBuilder& builder) {
  for (size_t i = 0; i < builder.column_count(); ++i) {
    if (std::isnan(row[i]) && !builder.IsOptional(i)) return true;
  }
  return false;
}

}  // namespace

bool IsPlainTable(const Signature& signature) {
  return signature.inputs.size() == 1 && IsPlain(signature.inputs[0].type);
}

PlainTable::PlainTable(const Signature& signature, serving::ExtraColumns extra)
    : builder_(signature, extra),
      width_(builder_.column_count()),
      is_vector_(signature.inputs[0].shape.size() == 1) {
  tensor_.name = signature.inputs[0].name;
  tensor_.type = row_.type = signature.inputs[0].type;
  for (size_t i = 0; i < width_; ++i) all_optional_ = all_optional_ && builder_.IsOptional(i);
}

bool PlainTable::ReadSplit(PlainJson* json) {
  bool has_columns = false;
  bool has_data = false;
  bool has_index = false;
  const auto read_field = [&](std::string_view key) {
    if (key == "columns") {
      const bool is_first = !has_columns && !has_data;
      has_columns = true;
      return is_first && ReadColumns(json);
    }
    if (key == "index") {
      const bool is_first = !has_index;
      has_index = true;
      return is_first && json->TakeArray([&] { return json->TakeInteger().has_value(); });
    }
    if (key != "data" || has_data || (!has_columns && builder_.named())) return false;
    has_data = true;
    for (size_t i = 0; !has_columns && i < width_; ++i) columns_.push_back(i);
    return CheckColumns() && json->TakeArray([&] { return ReadRow(json); });
  };
  return json->TakeObject(read_field) && rows_ > 0;
}

bool PlainTable::ReadColumns(PlainJson* json) {
  std::vector<std::string> names;
  const bool is_read = json->TakeArray([&] {
    if (names.size() == kColumnsMax) return false;
    // Data frames without a header number their columns.
    if (!json->IsNext('"')) {
      const auto number = json->TakeInteger();
      if (number) names.push_back(std::to_string(*number));
      return number.has_value();
    }
    const auto name = json->TakeText();
    if (name) names.emplace_back(*name);
    return name.has_value();
  });
  if (is_read) columns_ = builder_.MapHeader(names);
  return is_read;
}

bool PlainTable::CheckColumns() {
  std::vector<bool> seen(width_);
  size_t count = 0;
  is_in_order_ = columns_.size() == width_;
  for (size_t i = 0; i < columns_.size(); ++i) {
    is_in_order_ = is_in_order_ && columns_[i] == i;
    if (columns_[i] == TableBuilder::kIgnored) continue;
    if (seen[columns_[i]]) return false;
    seen[columns_[i]] = true;
    ++count;
  }
  if (!is_in_order_) row_.data.resize(columns_.size() * inference::DataTypeBytes(row_.type));
  return count == width_;
}

bool PlainTable::AddRow() {
  if (rows_ == serving::kTableRowsMax) return false;
  if (rows_ == capacity_rows_) {
    capacity_rows_ = std::max(kFirstRows, capacity_rows_ * 2);
    tensor_.data.resize(capacity_rows_ * width_ * inference::DataTypeBytes(tensor_.type));
  }
  ++rows_;
  return true;
}

template <typename T>
void PlainTable::Scatter() {
  T* const to = tensor_.As<T>() + (rows_ - 1) * width_;
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i] != TableBuilder::kIgnored) to[columns_[i]] = row_.As<T>()[i];
  }
}

bool PlainTable::MayBeMissing() const {
  const size_t index = (rows_ - 1) * width_;
  if (all_optional_) return true;
  return tensor_.type == DataType::kFp32 ? !LacksValue(tensor_.As<float>() + index, builder_)
                                         : !LacksValue(tensor_.As<double>() + index, builder_);
}

bool PlainTable::ReadRow(PlainJson* json) {
  if (!AddRow()) return false;
  const auto list = is_in_order_ ? TakeNumbers(json, (rows_ - 1) * width_, width_, &tensor_)
                                 : TakeNumbers(json, 0, columns_.size(), &row_);
  if (!list || list->count != columns_.size()) return false;
  if (!is_in_order_) {
    if (tensor_.type == DataType::kFp32) {
      Scatter<float>();
    } else {
      Scatter<double>();
    }
  }
  return !list->has_null || MayBeMissing();
}

bool PlainTable::ReadRecords(PlainJson* json) {
  const auto read_one = [&] { return rows_ == 0 ? ReadFirstRecord(json) : ReadRecord(json); };
  return json->TakeArray(read_one) && rows_ > 0;
}

bool PlainTable::AddColumn(std::string_view name) {
  const size_t position = names_.size();
  if (position == kColumnsMax) return false;
  if (builder_.named()) {
    columns_.push_back(builder_.ColumnOf(name, position));
  } else {
    // Its names stand for positions.
    const bool is_new = std::find(names_.begin(), names_.end(), name) == names_.end();
    if (!is_new || position == width_) return false;
    columns_.push_back(position);
  }
  names_.emplace_back(name);
  return true;
}

// The first record names the columns, so its values are stored when all are known to be right.
bool PlainTable::ReadFirstRecord(PlainJson* json) {
  PlainJson ahead = *json;
  const bool is_named = ahead.TakeObject(
      [&](std::string_view key) { return AddColumn(key) && ahead.TakeNumber().has_value(); });
  return is_named && CheckColumns() && ReadRecord(json);
}

bool PlainTable::ReadRecord(PlainJson* json) {
  if (!AddRow()) return false;
  size_t at = 0;
  bool has_null = false;
  const bool is_read = json->TakeObject([&](std::string_view key) {
    if (at == names_.size() || key != names_[at]) return false;
    const auto value = json->TakeNumber();
    if (!value) return false;
    has_null = has_null || std::isnan(*value);
    return Store(columns_[at++], *value);
  });
  return is_read && at == names_.size() && (!has_null || MayBeMissing());
}

bool PlainTable::Store(size_t column, double value) {
  if (column == TableBuilder::kIgnored) return true;
  const size_t index = (rows_ - 1) * width_ + column;
  if (tensor_.type == DataType::kFp64) {
    tensor_.As<double>()[index] = value;
    return true;
  }
  tensor_.As<float>()[index] = static_cast<float>(value);
  return !std::isinf(tensor_.As<float>()[index]);
}

Tensor PlainTable::Finish() {
  tensor_.data.resize(rows_ * width_ * inference::DataTypeBytes(tensor_.type));
  tensor_.shape = {static_cast<int64_t>(rows_)};
  if (!is_vector_) tensor_.shape.push_back(static_cast<int64_t>(width_));
  return std::move(tensor_);
}

}  // namespace millwright::api::prediction
