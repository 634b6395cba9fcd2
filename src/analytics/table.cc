#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "analytics/session.h"
#include "base/clock.h"
#include "base/error.h"

namespace millwright::analytics {
namespace {

constexpr int64_t kInfinite = std::numeric_limits<int64_t>::max();

template <typename T>
std::string PrintFloat(T value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  std::string text(buffer, end);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

// Prints as many digits after the point as DECIMAL(width,scale) has.
std::string PrintDecimal(double value, const std::string& sql_type) {
  const size_t comma = sql_type.find(',');
  const int scale = comma == std::string::npos ? 0 : std::atoi(sql_type.c_str() + comma + 1);
  return fmt::format("{:.{}f}", value, scale);
}

std::string PrintDouble(double value, const std::string& sql_type) {
  if (sql_type == "FLOAT") return PrintFloat(static_cast<float>(value));
  if (sql_type.starts_with("DECIMAL")) return PrintDecimal(value, sql_type);
  if (sql_type.ends_with("INT")) return fmt::format("{:.0f}", value);
  return PrintFloat(value);
}

// DuckDB prints "2001-06-01 05:30:00.25", trailing zeros of the fraction cut off.
std::string PrintTime(int64_t time_ms, const Column& column) {
  if (time_ms == kInfinite) return "infinity";
  if (time_ms == -kInfinite) return "-infinity";
  std::string text = FormatTime(time_ms);
  if (column.type == ColumnType::kDate) return text.substr(0, text.find('T'));
  text.pop_back();
  text.replace(text.find('T'), 1, " ");
  while (text.back() == '0') text.pop_back();  // FormatTime always writes a fraction
  if (text.back() == '.') text.pop_back();
  if (column.sql_type == "TIMESTAMP WITH TIME ZONE") text += "+00";
  return text;
}

}  // namespace

std::string_view ColumnTypeName(ColumnType type) {
  switch (type) {
    case ColumnType::kBoolean:
      return "boolean";
    case ColumnType::kInteger:
      return "integer";
    case ColumnType::kDouble:
      return "double";
    case ColumnType::kText:
      return "text";
    case ColumnType::kTimestamp:
      return "timestamp";
    case ColumnType::kDate:
      return "date";
    case ColumnType::kOther:
      return "other";
  }
  return "other";
}

double Table::Double(size_t row, size_t column) const {
  const Cell& cell = At(row, column);
  if (const auto* value = std::get_if<double>(&cell)) return *value;
  if (const auto* value = std::get_if<int64_t>(&cell)) return static_cast<double>(*value);
  if (const auto* value = std::get_if<bool>(&cell)) return *value ? 1 : 0;
  if (IsNull(row, column)) return std::numeric_limits<double>::quiet_NaN();
  throw InvalidArgument("Column holds text where a number is needed: {}", columns_[column].name);
}

int64_t Table::Int(size_t row, size_t column) const {
  const Cell& cell = At(row, column);
  if (const auto* value = std::get_if<int64_t>(&cell)) return *value;
  if (const auto* value = std::get_if<bool>(&cell)) return *value ? 1 : 0;
  if (const auto* value = std::get_if<double>(&cell); value != nullptr && std::abs(*value) < 9.2e18)
    return static_cast<int64_t>(*value);
  throw InvalidArgument("Column holds no integer where one is needed: {}", columns_[column].name);
}

std::string Table::Text(size_t row, size_t column) const {
  const Cell& cell = At(row, column);
  const Column& about = columns_[column];
  if (const auto* value = std::get_if<std::string>(&cell)) return *value;
  if (const auto* value = std::get_if<bool>(&cell)) return *value ? "true" : "false";
  if (const auto* value = std::get_if<double>(&cell)) return PrintDouble(*value, about.sql_type);
  if (const auto* value = std::get_if<int64_t>(&cell)) {
    if (about.type == ColumnType::kTimestamp || about.type == ColumnType::kDate)
      return PrintTime(*value, about);
    return std::to_string(*value);
  }
  return "";
}

Json Table::ToJson(size_t row, size_t column) const {
  const Cell& cell = At(row, column);
  if (IsNull(row, column)) return {};
  if (const auto* value = std::get_if<bool>(&cell)) return *value;
  if (const auto* value = std::get_if<double>(&cell)) return *value;
  const bool is_time =
      columns_[column].type == ColumnType::kTimestamp || columns_[column].type == ColumnType::kDate;
  if (const auto* value = std::get_if<int64_t>(&cell); value != nullptr && !is_time) return *value;
  return Text(row, column);
}

int Table::ColumnIndex(std::string_view name) const {
  for (size_t i = 0; i < columns_.size(); ++i)
    if (columns_[i].name == name) return static_cast<int>(i);
  return -1;
}

}  // namespace millwright::analytics
