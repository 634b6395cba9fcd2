#pragma once

#include <string>
#include <string_view>

namespace millwright {

// A field as RFC 4180 writes it: in quotes where it needs them.
std::string CsvField(std::string_view text);
// The shortest text that reads back as the same number; NaN and Infinity as words.
std::string CsvNumber(double value);

}  // namespace millwright
