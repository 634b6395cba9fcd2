#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace millwright {

// A field as RFC 4180 writes it: in quotes where it needs them.
std::string CsvField(std::string_view text);
// The shortest text that reads back as the same number; NaN and Infinity as words.
std::string CsvNumber(double value);

inline constexpr size_t kCsvFieldsMax = 100'000;  // of one record

// Reads records as RFC 4180 writes them: commas, quotes, lines that end in LF or CRLF. A byte order
// mark in front and empty lines are skipped. Not thread-safe.
class CsvReader {
 public:
  // `text` must outlive the reader.
  explicit CsvReader(std::string_view text);

  // Reads the next record; false at the end. The fields are valid until the next call. Throws
  // kInvalidArgument naming the line for a quote that is not closed or stands inside a field, and
  // for more than kCsvFieldsMax fields.
  bool Next(std::vector<std::string_view>* fields);
  // Of the record that was read last, from 1.
  size_t line() const { return record_line_; }

 private:
  std::string_view QuotedField();
  std::string_view PlainField();
  void SkipEmptyLines();
  void EndLine();

  std::string_view rest_;
  size_t line_ = 1;
  size_t record_line_ = 0;
  std::deque<std::string> unquoted_;  // fields in which a quote was doubled
  size_t unquoted_count_ = 0;
};

}  // namespace millwright
