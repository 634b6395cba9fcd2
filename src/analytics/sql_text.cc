#include <algorithm>
#include <cctype>

#include "analytics/csv_look.h"
#include "analytics/read_files.h"
#include "analytics/session.h"
#include "base/error.h"

namespace millwright::analytics {
namespace {

struct FileFormat {
  std::string_view extension;
  std::string_view function;
  std::string_view options;
};

constexpr std::string_view kReadCsv = "read_csv";
// A number that is no whole one would be rounded where it comes after the rows that were looked at
// for the types, and a word refused.
constexpr std::string_view kWhole = ", sample_size=-1";
constexpr std::string_view kWholeLines = ", format='newline_delimited', sample_size=-1";
constexpr FileFormat kFileFormats[] = {
    {".parquet", "read_parquet", ""},
    {".csv", kReadCsv, ""},
    {".csv.gz", kReadCsv, ""},
    {".tsv", kReadCsv, ", delim='\t'"},
    {".tsv.gz", kReadCsv, ", delim='\t'"},
    {".json", "read_json", kWhole},
    {".json.gz", "read_json", kWhole},
    {".jsonl", "read_json", kWholeLines},
    {".jsonl.gz", "read_json", kWholeLines},
    {".ndjson", "read_json", kWholeLines},
    {".ndjson.gz", "read_json", kWholeLines},
};

std::string Quote(std::string_view text, char quote) {
  if (text.find('\0') != std::string_view::npos)
    throw InvalidArgument("A name or text for SQL must not hold a NUL character");
  std::string quoted(1, quote);
  for (const char c : text) {
    if (c == quote) quoted.push_back(quote);
    quoted.push_back(c);
  }
  quoted.push_back(quote);
  return quoted;
}

std::string TypesOf(const std::vector<std::string>& as_text) {
  std::string types;
  for (const auto& column : as_text) {
    types += fmt::format("{}{}: 'VARCHAR'", types.empty() ? "" : ", ", QuoteText(column));
  }
  return types.empty() ? "" : ", types={" + types + "}";
}

std::string ReadingOf(const TextFileReading& reading) {
  std::string missing;
  for (const auto& word : reading.missing_words) missing += ", " + QuoteText(word);
  return TypesOf(reading.as_text) + (missing.empty() ? "" : ", nullstr=[''" + missing + "]");
}

const FileFormat* FindFormat(const std::string& path) {
  std::string lower = path;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const auto& format : kFileFormats)
    if (lower.ends_with(format.extension)) return &format;
  return nullptr;
}

const FileFormat& FormatOf(const std::string& path) {
  const FileFormat* format = FindFormat(path);
  if (format != nullptr) return *format;
  throw InvalidArgument(
      "Data file has none of the extensions .parquet, .csv, .tsv, .json, .jsonl, .ndjson: {}",
      path);
}

std::string LookAt(const std::string& path, const FileFormat& format) {
  return CsvOptions(path, format.options.empty() ? 0 : '\t');
}

}  // namespace

std::string QuoteName(std::string_view name) {
  return Quote(name, '"');
}

std::string QuoteText(std::string_view text) {
  return Quote(text, '\'');
}

std::string ReadFileSql(const std::string& path, const std::vector<std::string>& as_text) {
  const FileFormat& format = FormatOf(path);
  const bool is_csv = format.function == kReadCsv;
  return fmt::format("{}({}{}{}{})", format.function, QuoteText(path), format.options,
                     is_csv ? LookAt(path, format) : "", is_csv ? TypesOf(as_text) : "");
}

bool IsDataFile(const std::string& path) {
  return FindFormat(path) != nullptr;
}

bool IsTextFile(const std::string& path) {
  return FormatOf(path).function == kReadCsv;
}

std::string ReadFilesSql(const std::vector<std::string>& paths, const TextFileReading& reading) {
  if (paths.empty()) throw InvalidArgument("There is no data file");
  const FileFormat& format = FormatOf(paths[0]);
  const bool is_csv = format.function == kReadCsv;
  const std::string look = is_csv ? LookAt(paths[0], format) : "";
  bool is_alike = true;
  std::string list;
  for (const std::string& path : paths) {
    const FileFormat& own = FormatOf(path);
    if (own.function != format.function || own.options != format.options) {
      throw InvalidArgument("Data files of one table must be of one format: {} and {}", paths[0],
                            path);
    }
    // Files that differ are left to DuckDB, which looks at each.
    if (is_csv && is_alike && &path != &paths[0]) is_alike = LookAt(path, format) == look;
    list += (list.empty() ? "" : ", ") + QuoteText(path);
  }
  const bool is_one = paths.size() == 1;
  return fmt::format("{}({}{}{}{}{})", format.function, is_one ? list : "[" + list + "]",
                     format.options, is_alike ? look : "", is_csv ? ReadingOf(reading) : "",
                     is_one ? "" : ", union_by_name=true");
}

}  // namespace millwright::analytics
