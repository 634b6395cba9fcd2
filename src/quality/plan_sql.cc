#include "quality/plan_sql.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "base/error.h"
#include "base/option.h"

namespace millwright::quality {

using analytics::Column;
using analytics::ColumnType;
using analytics::QuoteName;
using analytics::QuoteText;

namespace {

constexpr std::ptrdiff_t kExactDigits = 15;  // of a DOUBLE

constexpr char kTypeMismatch[] =
    "Column values, min_value, and max_value must either be None or of the same type.";

// Orders types that cannot be compared with one another.
int Rank(const Json& value) {
  if (value.is_null()) return 0;
  if (value.is_bool() || value.is_number()) return 1;
  if (value.is_string()) return 2;
  return 3;
}

double NumberOf(const Json& value) {
  if (value.is_bool()) return value.AsBool() ? 1 : 0;
  return value.AsDouble();
}

const Json* Bound(const Json& kwargs, std::string_view key) {
  const Json* value = kwargs.Find(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

}  // namespace

bool IsNumeric(const Column& column) {
  return column.type == ColumnType::kInteger || column.type == ColumnType::kDouble;
}

bool IsTemporal(const Column& column) {
  return column.type == ColumnType::kDate || column.type == ColumnType::kTimestamp;
}

std::string MissingSql(const Column& column) {
  const std::string name = QuoteName(column.name);
  if (column.sql_type == "DOUBLE" || column.sql_type == "FLOAT") {
    return "(" + name + " IS NULL OR isnan(" + name + "))";
  }
  return "(" + name + " IS NULL)";
}

std::string PresentSql(const Column& column) {
  return "(NOT " + MissingSql(column) + ")";
}

std::string ValueSql(const Column& column) {
  const std::string name = QuoteName(column.name);
  if (column.sql_type == "DOUBLE" || column.sql_type == "FLOAT") {
    return "(CASE WHEN isnan(" + name + ") THEN NULL ELSE " + name + " END)";
  }
  return name;
}

std::string TextSql(const Column& column) {
  const std::string name = QuoteName(column.name);
  return column.type == ColumnType::kText ? name : "CAST(" + name + " AS VARCHAR)";
}

std::string NumberSql(const Json& number) {
  std::string text = number.Dump();
  const bool is_whole = text.find_first_of(".e") == std::string::npos;
  const auto digits =
      std::count_if(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  if (is_whole || digits <= kExactDigits) return text;
  return "CAST(" + QuoteText(text) + " AS DOUBLE)";
}

std::string LiteralSql(const Json& value) {
  if (value.is_null()) return "NULL";
  if (value.is_bool()) return value.AsBool() ? "TRUE" : "FALSE";
  if (value.is_string()) return QuoteText(value.AsString());
  if (value.is_number()) return NumberSql(value);
  throw InvalidArgument("A value must be null, a boolean, a number or text, not {}",
                        value.type_name());
}

std::optional<std::string> ComparableSql(const Column& column, const Json& value) {
  if (IsNumeric(column)) {
    if (value.is_bool()) return value.AsBool() ? "1" : "0";
    if (value.is_number()) return NumberSql(value);
  } else if (column.type == ColumnType::kBoolean) {
    if (value.is_bool()) return LiteralSql(value);
    if (value.is_number() && (value.AsDouble() == 0 || value.AsDouble() == 1)) {
      return value.AsDouble() == 1 ? "TRUE" : "FALSE";
    }
  } else if (IsTemporal(column)) {
    if (value.is_string()) {
      return "TRY_CAST(" + QuoteText(value.AsString()) + " AS " + column.sql_type + ")";
    }
  } else if (value.is_string()) {
    return QuoteText(value.AsString());
  }
  return std::nullopt;
}

std::string BetweenSql(const std::string& value, const Column& column, const Json& kwargs) {
  const Json* min = Bound(kwargs, "min_value");
  const Json* max = Bound(kwargs, "max_value");
  if (min == nullptr && max == nullptr) {
    throw InvalidArgument("min_value and max_value cannot both be None");
  }
  std::vector<std::string> parts;
  for (const auto& [bound, strict, compare] :
       {std::tuple{min, "strict_min", ">"}, std::tuple{max, "strict_max", "<"}}) {
    if (bound == nullptr) continue;
    std::optional<std::string> sql = ComparableSql(column, *bound);
    if (!sql) throw InvalidArgument(kTypeMismatch);
    // A bound that is no time would make every row unexpected: it fails the expectation instead.
    if (IsTemporal(column))
      sql = "CAST(" + QuoteText(bound->AsString()) + " AS " + column.sql_type + ")";
    parts.push_back(value + " " + compare + (kwargs.GetBool(strict) ? " " : "= ") + *sql);
  }
  return "(" + Join(parts, " AND ") + ")";
}

bool WithinBounds(const Json& observed, const Json& kwargs) {
  if (observed.is_null()) return false;
  const auto holds = [&](const char* key, const char* strict_key, int sign) {
    const Json* bound = Bound(kwargs, key);
    if (bound == nullptr) return true;
    // Of what is no number nothing can be said, as in Python.
    if (observed.is_double() && std::isnan(observed.AsDouble())) return false;
    if (Rank(*bound) != Rank(observed)) {
      throw InvalidArgument("{} is {}, the observed value is {}", key, bound->type_name(),
                            observed.type_name());
    }
    const int order = CompareJson(observed, *bound) * sign;
    return kwargs.GetBool(strict_key) ? order > 0 : order >= 0;
  };
  return holds("min_value", "strict_min", 1) && holds("max_value", "strict_max", -1);
}

int CompareJson(const Json& a, const Json& b) {
  if (Rank(a) != Rank(b)) return Rank(a) < Rank(b) ? -1 : 1;
  if (Rank(a) == 1) {
    const double x = NumberOf(a), y = NumberOf(b);
    // NaN is after all numbers and equal to itself, so that the order is one.
    if (std::isnan(x) || std::isnan(y))
      return static_cast<int>(std::isnan(x)) - static_cast<int>(std::isnan(y));
    return x < y ? -1 : x > y ? 1 : 0;
  }
  if (a.is_string()) return a.AsString().compare(b.AsString());
  if (a.is_array() && b.is_array()) {
    const Json::Array &x = a.AsArray(), &y = b.AsArray();
    for (size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
      if (const int order = CompareJson(x[i], y[i]); order != 0) return order;
    }
    return x.size() < y.size() ? -1 : x.size() > y.size() ? 1 : 0;
  }
  return a.is_null() ? 0 : a.Dump().compare(b.Dump());
}

double Mostly(const Json& kwargs) {
  const double mostly = kwargs.GetDouble("mostly", 1.0);
  if (!(mostly >= 0 && mostly <= 1))
    throw InvalidArgument("mostly must be from 0 to 1: {}", mostly);
  return mostly;
}

const Column& ColumnOf(const Expectation& expectation, const TableShape& shape) {
  return shape.At(expectation.kwargs.At("column").AsString("column"));
}

std::vector<const Column*> ColumnListOf(const Expectation& expectation, const TableShape& shape) {
  std::vector<const Column*> columns;
  for (const Json& name : expectation.kwargs.At("column_list").AsArray("column_list")) {
    columns.push_back(&shape.At(name.AsString("column_list")));
  }
  if (columns.size() < 2) throw InvalidArgument("column_list must name two columns or more");
  return columns;
}

const Json::Array& ValueSet(const Json& kwargs, std::string_view key) {
  static const Json::Array empty;
  const Json* set = kwargs.Find(key);
  if (set == nullptr || set->is_null()) return empty;
  const Json::Array& values = set->AsArray(key);
  if (values.size() > kValueSetMax) {
    throw InvalidArgument("{} may hold {} values; this one has {}", key, kValueSetMax,
                          values.size());
  }
  return values;
}

std::string Join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string joined;
  for (const std::string& part : parts) {
    if (!joined.empty()) joined += separator;
    joined += part;
  }
  return joined;
}

const Column* TableShape::Find(std::string_view name) const {
  for (const Column& column : columns) {
    if (column.name == name) return &column;
  }
  return nullptr;
}

const Column& TableShape::At(std::string_view name) const {
  if (const Column* column = Find(name)) return *column;
  std::vector<std::string_view> known;
  for (const Column& column : columns) known.push_back(column.name);
  const std::string nearest = NearestName(name, known);
  throw InvalidArgument("Error: The column \"{}\" in BatchData does not exist.{}", name,
                        nearest.empty() ? "" : " The nearest is \"" + nearest + "\".")
      .WithField("column");
}

}  // namespace millwright::quality
