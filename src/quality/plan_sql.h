#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quality/plan.h"

// SQL fragments that the planners of all families share.
namespace millwright::quality {

// Missing as pandas means it: NULL, and NaN in a column of floating point. Never NULL.
std::string MissingSql(const analytics::Column& column);
std::string PresentSql(const analytics::Column& column);
// The column, with NaN turned into NULL, as aggregates take it.
std::string ValueSql(const analytics::Column& column);
// The column as text.
std::string TextSql(const analytics::Column& column);
bool IsNumeric(const analytics::Column& column);
bool IsTemporal(const analytics::Column& column);

// Prints a number as SQL. One with a point and more digits than a DOUBLE holds exactly is cast from
// text: as a literal it would be a DECIMAL first, which DuckDB rounds on the way to a DOUBLE, and
// 0.9999999999999999 become 1.
std::string NumberSql(const Json& number);
// Prints a JSON scalar as SQL: numbers, text, booleans, NULL.
std::string LiteralSql(const Json& value);
// The same if the value can be compared with the column (a number with numbers, text with text or,
// read as a time, with times), else nothing.
std::optional<std::string> ComparableSql(const analytics::Column& column, const Json& value);

// Writes "value within the bounds of kwargs" (min_value, max_value, strict_min, strict_max) over an
// SQL expression of the column's type. Throws kInvalidArgument when both are absent or a bound
// cannot be compared with the column.
std::string BetweenSql(const std::string& value, const analytics::Column& column,
                       const Json& kwargs);
// Judges an observed value against the same kwargs; a null is outside. Texts compare bytewise.
bool WithinBounds(const Json& observed, const Json& kwargs);

// Orders JSON scalars and arrays as Python does within a type: null, booleans and numbers by value,
// then text bytewise.
int CompareJson(const Json& a, const Json& b);

double Mostly(const Json& kwargs);
const analytics::Column& ColumnOf(const Expectation& expectation, const TableShape& shape);
std::vector<const analytics::Column*> ColumnListOf(const Expectation& expectation,
                                                   const TableShape& shape);
// The value_set of kwargs, at most kValueSetMax; absent or null is an empty set.
const Json::Array& ValueSet(const Json& kwargs, std::string_view key);

// Joins with a separator.
std::string Join(const std::vector<std::string>& parts, std::string_view separator);

}  // namespace millwright::quality
