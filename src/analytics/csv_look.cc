#include "analytics/csv_look.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace millwright::analytics {
namespace {

constexpr size_t kReadBytes = 1 << 20;
constexpr size_t kLookedBytes = 8 << 20;     // for lines of another length
constexpr size_t kDelimiterBytes = 1 << 16;  // to tell the delimiter
constexpr std::string_view kDelimiters = ",;\t|";
constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";

// Tells UTF-8 piece by piece.
class Utf8Check {
 public:
  bool Add(std::string_view piece) {
    size_t i = 0;
    while (i < piece.size()) {
      if (more_ == 0 && i + sizeof(uint64_t) <= piece.size()) {
        uint64_t eight;
        std::memcpy(&eight, piece.data() + i, sizeof eight);
        if ((eight & 0x8080808080808080ULL) == 0) {
          i += sizeof eight;
          continue;
        }
      }
      if (!AddByte(static_cast<unsigned char>(piece[i++]))) return false;
    }
    return true;
  }
  bool at_end() const { return more_ == 0; }

 private:
  bool AddByte(unsigned char byte) {
    if (more_ > 0) {
      if (byte < low_ || byte > high_) return false;
      low_ = 0x80;
      high_ = 0xBF;
      --more_;
      return true;
    }
    if (byte < 0x80) return true;
    if (byte < 0xC2 || byte > 0xF4) return false;
    more_ = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
    // Neither longer than need be, nor half of a UTF-16 pair, nor beyond the last character.
    low_ = byte == 0xE0 ? 0xA0 : byte == 0xF0 ? 0x90 : 0x80;
    high_ = byte == 0xED ? 0x9F : byte == 0xF4 ? 0x8F : 0xBF;
    return true;
  }

  int more_ = 0;
  unsigned char low_ = 0x80, high_ = 0xBF;
};

// The records of a text, of those that are whole in it: where each begins and its fields.
struct Record {
  size_t line = 0;
  size_t fields = 0;
};

struct Records {
  std::vector<Record> all;
  bool is_torn = false;  // the last quote is not closed
};

// Splits as RFC 4180 does. Empty lines are none; `is_end` says that nothing follows the text.
Records Split(std::string_view text, char delimiter, bool is_end) {
  Records records;
  Record record{.line = 1, .fields = 1};
  size_t line = 1;
  bool in_quotes = false, at_start = true, is_blank = true;
  const auto finish = [&] {
    if (!is_blank) records.all.push_back(record);
    record = {.line = line, .fields = 1};
    at_start = is_blank = true;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') ++line;
    if (in_quotes) {
      if (c != '"') continue;
      if (i + 1 < text.size() && text[i + 1] == '"') {
        ++i;
      } else {
        in_quotes = false;
      }
    } else if (c == '\n') {
      finish();
    } else if (c == delimiter) {
      ++record.fields;
      at_start = true;
      is_blank = false;
    } else if (c == '"' && at_start) {
      in_quotes = true;
      at_start = is_blank = false;
    } else if (c != '\r') {
      at_start = is_blank = false;
    }
  }
  records.is_torn = in_quotes;
  if (is_end && !in_quotes) finish();
  return records;
}

// The share of records that have as many fields as the first; nothing where another number of
// fields is more frequent, or where there is but one field.
std::optional<double> Agreement(const Records& records) {
  if (records.all.empty() || records.all.front().fields < 2) return std::nullopt;
  std::map<size_t, size_t> counts;
  for (const Record& record : records.all) ++counts[record.fields];
  const size_t same = counts[records.all.front().fields];
  for (const auto& [fields, count] : counts) {
    if (count > same) return std::nullopt;
  }
  return static_cast<double>(same) / static_cast<double>(records.all.size());
}

char FindDelimiter(std::string_view text, bool is_end) {
  char best = 0;
  double agreement = 0;
  size_t fields = 0;
  for (const char delimiter : kDelimiters) {
    const Records records = Split(text, delimiter, is_end);
    const auto share = Agreement(records);
    if (!share) continue;
    const size_t own = records.all.front().fields;
    if (*share < agreement || (*share == agreement && own <= fields)) continue;
    best = delimiter;
    agreement = *share;
    fields = own;
  }
  return best;
}

// Quotes and remarks that DuckDB knows and Split does not.
bool IsPlain(std::string_view text, char delimiter) {
  if (text.empty() || text.front() == '\n' || text.front() == '\r' || text.front() == '#')
    return false;
  const std::string single = std::string(1, delimiter) + "'";
  return text.front() != '\'' && text.find("\\\"") == std::string_view::npos &&
         text.find("\n#") == std::string_view::npos && text.find("\n'") == std::string_view::npos &&
         text.find(single) == std::string_view::npos;
}

std::string NameOf(const std::string& path) {
  return std::filesystem::path(path).filename().string();
}

std::string DialectOf(const std::string& path, std::string_view text, bool is_end, char delimiter) {
  if (text.starts_with(kUtf8Mark)) text.remove_prefix(kUtf8Mark.size());
  const bool is_known = delimiter != 0;
  const bool is_short = text.size() <= kDelimiterBytes;
  if (!is_known) delimiter = FindDelimiter(text.substr(0, kDelimiterBytes), is_end && is_short);
  if (delimiter == 0 || !IsPlain(text, delimiter)) return "";
  const Records records = Split(text, delimiter, is_end);
  if ((records.is_torn && is_end) || !Agreement(records)) return "";
  const size_t expected = records.all.front().fields;
  for (const Record& record : records.all) {
    if (record.fields == expected) continue;
    throw InvalidArgument("{} line {} has {} {}, its first line has {}", NameOf(path), record.line,
                          record.fields, record.fields == 1 ? "field" : "fields", expected);
  }
  const std::string chosen = is_known ? "" : std::string(", delim='") + delimiter + "'";
  return chosen + ", skip=0";
}

}  // namespace

TextEncoding TextEncodingOf(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  Utf8Check check;
  std::string piece(kReadBytes, '\0');
  bool is_first = true;
  while (in) {
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    const std::string_view read(piece.data(), static_cast<size_t>(in.gcount()));
    if (is_first && read.starts_with("\xFF\xFE")) return TextEncoding::kUtf16;
    if (is_first && read.starts_with("\xFE\xFF")) {
      throw InvalidArgument("{} is UTF-16 with the high byte first; write it as UTF-8",
                            NameOf(path));
    }
    is_first = false;
    if (!check.Add(read)) return TextEncoding::kLatin1;
  }
  return check.at_end() ? TextEncoding::kUtf8 : TextEncoding::kLatin1;
}

std::string CsvOptions(const std::string& path, char delimiter) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error) || path.ends_with(".gz")) return "";
  const TextEncoding encoding = TextEncodingOf(path);
  if (encoding == TextEncoding::kUtf16) return ", encoding='utf-16'";
  std::ifstream in(path, std::ios::binary);
  std::string text(kLookedBytes, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(in.gcount()));
  const bool is_end = in.peek() == std::ifstream::traits_type::eof();
  const std::string dialect = DialectOf(path, text, is_end, delimiter);
  return dialect + (encoding == TextEncoding::kLatin1 ? ", encoding='latin-1'" : "");
}

}  // namespace millwright::analytics
