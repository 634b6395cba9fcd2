#include "streaming/rows.h"

#include <algorithm>

#include "base/error.h"
#include "serving/cell.h"

namespace millwright::streaming {
namespace {

serving::Cell CellOf(const Json& value, std::string_view column) {
  if (value.is_null()) return {};
  if (value.is_bool()) return value.AsBool();
  if (value.is_int()) return value.AsInt();
  if (value.is_double()) return value.AsDouble();
  if (value.is_string()) return std::string_view(value.AsString());
  throw InvalidArgument("Column {}: a value is no {}", column, value.type_name());
}

bool IsRow(const Json& value) {
  return value.is_object() || value.is_array();
}

}  // namespace

MessageRows ReadRows(std::string_view value) {
  MessageRows read;
  Json json = ParseJson(value);
  if (json.is_object()) {
    read.rows.push_back(std::move(json));
    return read;
  }
  if (!json.is_array()) throw InvalidArgument("The message is neither a row nor a list of rows");
  auto& items = json.AsArray();
  if (items.empty()) throw InvalidArgument("The message holds no row");
  // A list of plain values is one row by position.
  if (std::none_of(items.begin(), items.end(), IsRow)) {
    read.rows.push_back(std::move(json));
    return read;
  }
  if (items.size() > kMessageRowsMax) {
    throw InvalidArgument("The message holds more than {} rows", kMessageRowsMax);
  }
  read.rows = std::move(items);
  read.is_list = true;
  return read;
}

RowBatch::RowBatch(const inference::Signature& signature, const std::vector<std::string>& features)
    : features_(features), builder_(signature, serving::ExtraColumns::kIgnore) {
  if (!features_.empty() && features_.size() != builder_.column_count()) {
    throw InvalidArgument("The model takes {} columns, --features names {}",
                          builder_.column_count(), features_.size());
  }
}

void RowBatch::Add(const Json& row) {
  builder_.BeginRow();
  if (row.is_object()) {
    SetFields(row);
  } else if (row.is_array()) {
    SetPositions(row);
  } else {
    throw InvalidArgument("A row is an object of columns, not a {}", row.type_name());
  }
  builder_.EndRow();
}

void RowBatch::SetFields(const Json& row) {
  if (!features_.empty()) {
    for (size_t i = 0; i < features_.size(); ++i) {
      const Json* value = row.Find(features_[i]);
      if (value != nullptr) builder_.Set(i, CellOf(*value, features_[i]));
    }
    return;
  }
  if (!builder_.named()) {
    throw InvalidArgument(
        "The model knows its {} columns by position only; send lists or name them by --features",
        builder_.column_count());
  }
  size_t hint = 0;
  for (const auto& [name, value] : row.AsObject()) {
    const size_t column = builder_.ColumnOf(name, hint);
    if (column == serving::TableBuilder::kIgnored) continue;
    builder_.Set(column, CellOf(value, name));
    hint = column + 1;
  }
}

void RowBatch::SetPositions(const Json& row) {
  const auto& values = row.AsArray();
  if (builder_.named() && features_.empty()) {
    throw InvalidArgument("The model knows its columns by name; a row is an object");
  }
  if (values.size() != builder_.column_count()) {
    throw InvalidArgument("Expected {} columns, got {}", builder_.column_count(), values.size());
  }
  for (size_t i = 0; i < values.size(); ++i) {
    builder_.Set(i, CellOf(values[i], std::to_string(i)));
  }
}

}  // namespace millwright::streaming
