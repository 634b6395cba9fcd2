#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millwright::quality {

// What the values of a column are, as far as their looks tell.
struct SemanticType {
  std::string name = "unknown";  // "email", "date", "category", …: see docs/guides
  std::string format;            // of dates and times: "%d/%m/%Y"
  double share = 0;              // of the sampled values that look like it

  bool operator==(const SemanticType&) const = default;
};

// A share of values from which on they are taken for what they look like.
inline constexpr double kSemanticShareMin = 0.8;

struct ValueSample {
  std::string value;
  int64_t count = 0;  // how often it occurs
};

// What is known of a column beside the sample of its distinct values.
struct ColumnFacts {
  std::string_view name;
  int64_t count = 0;  // rows with a value
  int64_t distinct = 0;
  double mean_length = 0;
};

// Judges text by its forms: email, uuid, url, ip, mac, date, time, datetime, coordinates, currency,
// percentage, phone, json, hash, number, boolean; what has none of them is an id where nearly every
// value is another, free text where values are long, else a category.
SemanticType SemanticTypeOfText(const ColumnFacts& facts, const std::vector<ValueSample>& sample);

// Whether a text has the form that a type names ("email", "date" in its format, …); true for types
// that are no forms, as category.
bool HasForm(const SemanticType& type, std::string_view text);

// What a number column's range says: all integers or not.
struct NumberRange {
  double min = 0, max = 0;
  bool is_integer = false;
};

// Judges numbers by their name and range: boolean (0 and 1), latitude, longitude, year, unix time,
// id, category (few integers), count, amount, number.
SemanticType SemanticTypeOfNumbers(const ColumnFacts& facts, const NumberRange& range);

}  // namespace millwright::quality
