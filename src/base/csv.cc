#include "base/csv.h"

#include "base/error.h"
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

CsvReader::CsvReader(std::string_view text) : rest_(text) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (rest_.starts_with(kByteOrderMark)) rest_.remove_prefix(kByteOrderMark.size());
}

void CsvReader::EndLine() {
  if (rest_.starts_with('\r')) rest_.remove_prefix(1);
  if (rest_.starts_with('\n')) rest_.remove_prefix(1);
  ++line_;
}

void CsvReader::SkipEmptyLines() {
  while (rest_.starts_with('\n') || rest_.starts_with("\r\n")) EndLine();
}

std::string_view CsvReader::PlainField() {
  const std::string_view field = rest_.substr(0, rest_.find_first_of(",\r\n\""));
  rest_.remove_prefix(field.size());
  if (rest_.starts_with('"')) {
    throw InvalidArgument("CSV line {}: a quote inside of a field that does not begin with one",
                          line_);
  }
  return field;
}

// Most quoted fields have no quote inside and are given as they stand.
std::string_view CsvReader::QuotedField() {
  rest_.remove_prefix(1);
  std::string* unquoted = nullptr;
  while (true) {
    const size_t quote = rest_.find('"');
    if (quote == std::string_view::npos) {
      throw InvalidArgument("CSV line {}: a quote is not closed", record_line_);
    }
    const std::string_view part = rest_.substr(0, quote);
    for (const char c : part) line_ += c == '\n' ? 1 : 0;
    rest_.remove_prefix(quote + 1);
    const bool is_doubled = rest_.starts_with('"');
    if (!is_doubled && unquoted == nullptr) return part;
    if (unquoted == nullptr) {
      if (unquoted_count_ == unquoted_.size()) unquoted_.emplace_back();
      unquoted = &unquoted_[unquoted_count_++];
      unquoted->clear();
    }
    unquoted->append(part);
    if (!is_doubled) return *unquoted;
    unquoted->push_back('"');
    rest_.remove_prefix(1);
  }
}

bool CsvReader::Next(std::vector<std::string_view>* fields) {
  fields->clear();
  SkipEmptyLines();
  if (rest_.empty()) return false;
  record_line_ = line_;
  unquoted_count_ = 0;
  while (true) {
    if (fields->size() == kCsvFieldsMax) {
      throw InvalidArgument("CSV line {}: more than {} fields", record_line_, kCsvFieldsMax);
    }
    fields->push_back(rest_.starts_with('"') ? QuotedField() : PlainField());
    if (!rest_.starts_with(',')) break;
    rest_.remove_prefix(1);
  }
  if (!rest_.empty() && rest_.front() != '\n' && rest_.front() != '\r') {
    throw InvalidArgument("CSV line {}: text after a closing quote", line_);
  }
  EndLine();
  return true;
}

}  // namespace millwright
