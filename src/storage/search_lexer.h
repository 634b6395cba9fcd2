#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace millwright::storage {

// One word of the search language. `text` is as written.
struct SearchToken {
  enum class Kind { kName, kString, kNumber, kOperator, kOpen, kClose, kComma, kOther };
  Kind kind = Kind::kOther;
  std::string_view text;
};

// Splits a filter or an order clause into words. Never fails: what it does not know is kOther.
// A double-quoted word is a kString; the parser takes it as a name where a name must stand.
std::vector<SearchToken> SplitSearch(std::string_view text);

// Compares a word with a keyword given in capitals, minding no case.
bool IsKeyword(std::string_view word, std::string_view keyword);

// Removes one pair of equal quotes (', " or `) around a word.
std::string_view Unquote(std::string_view text);

}  // namespace millwright::storage
