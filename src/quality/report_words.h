#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "quality/suite.h"

// Expectations, values and figures in the words of people.
namespace millwright::quality {

// Characters of one value, name or pattern, and values of one list, that a sentence holds.
inline constexpr size_t kWordsTextMax = 120;
inline constexpr size_t kWordsListMax = 12;

// A sentence whose column names and values are told apart from its words, so that a page can set
// them differently.
class Sentence {
 public:
  enum class Kind { kWords, kColumn, kValue };
  struct Part {
    Kind kind;
    std::string text;
  };

  Sentence& Words(std::string_view text);
  Sentence& Column(std::string_view name);
  Sentence& Value(const Json& value);
  // Lists values as "A, B and C"; with `last` instead of "and", and at most kWordsListMax of them.
  Sentence& Values(const Json::Array& values, std::string_view last);
  Sentence& Columns(const Json::Array& names, std::string_view last);

  const std::vector<Part>& parts() const { return parts_; }
  // The sentence as bare text.
  std::string Text() const;

 private:
  void List(Kind kind, const Json::Array& items, std::string_view last);

  std::vector<Part> parts_;
};

// Says what is expected: "distance must be between 0 and 6000, in at least 99 % of values". Kwargs
// that name a suite parameter are read from `parameters`. An unknown type, or kwargs that its type
// cannot have, is told as the type and its kwargs.
Sentence DescribeExpectation(const Expectation& expectation, const Json& parameters);

// Names the columns that an expectation judges, none if it judges the table.
std::vector<std::string> ColumnsOf(const Expectation& expectation);

// Prints a JSON value as people read it: text without quotes, 5 for 5.0, null as "null".
std::string ValueText(const Json& value);
// The same with at most six significant digits of a fraction.
std::string FigureText(const Json& value);
// Groups thousands: 1,234,567.
std::string CountText(int64_t count);
// "1 row", "1,200 rows".
std::string CountOf(int64_t count, std::string_view noun);
// Prints 0.0067 as "0.67 %"; a share that is neither none nor all never reads as such.
std::string PercentText(double share);
// Cuts text to a number of characters with "…" at its end; whole characters of UTF-8 only.
std::string Clip(std::string_view text, size_t characters_max);

}  // namespace millwright::quality
