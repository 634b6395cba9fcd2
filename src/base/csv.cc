#include "base/csv.h"

#include "base/json.h"

namespace millwright {

std::string CsvField(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string field = "\"";
  for (const char c : text) {
    if (c == '"') field += '"';
    field += c;
  }
  return field + '"';
}

std::string CsvNumber(double value) {
  std::string text;
  AppendJsonDouble(value, &text);
  if (text.front() == '"') text = text.substr(1, text.size() - 2);
  return text;
}

}  // namespace millwright
