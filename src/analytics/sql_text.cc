#include <algorithm>
#include <cctype>

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
constexpr FileFormat kFileFormats[] = {
    {".parquet", "read_parquet", ""},
    {".csv", kReadCsv, ""},
    {".csv.gz", kReadCsv, ""},
    {".tsv", kReadCsv, ", delim='\t'"},
    {".tsv.gz", kReadCsv, ", delim='\t'"},
    {".json", "read_json", ""},
    {".json.gz", "read_json", ""},
    {".jsonl", "read_json", ", format='newline_delimited'"},
    {".jsonl.gz", "read_json", ", format='newline_delimited'"},
    {".ndjson", "read_json", ", format='newline_delimited'"},
    {".ndjson.gz", "read_json", ", format='newline_delimited'"},
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

const FileFormat& FormatOf(const std::string& path) {
  std::string lower = path;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const auto& format : kFileFormats)
    if (lower.ends_with(format.extension)) return format;
  throw InvalidArgument(
      "Data file has none of the extensions .parquet, .csv, .tsv, .json, .jsonl, .ndjson: {}",
      path);
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
  return fmt::format("{}({}{}{})", format.function, QuoteText(path), format.options,
                     format.function == kReadCsv ? TypesOf(as_text) : "");
}

bool IsTextFile(const std::string& path) {
  return FormatOf(path).function == kReadCsv;
}

std::string ReadFilesSql(const std::vector<std::string>& paths) {
  if (paths.empty()) throw InvalidArgument("There is no data file");
  if (paths.size() == 1) return ReadFileSql(paths[0]);
  const FileFormat& format = FormatOf(paths[0]);
  std::string list;
  for (const std::string& path : paths) {
    const FileFormat& own = FormatOf(path);
    if (own.function != format.function || own.options != format.options) {
      throw InvalidArgument("Data files of one table must be of one format: {} and {}", paths[0],
                            path);
    }
    list += (list.empty() ? "" : ", ") + QuoteText(path);
  }
  return fmt::format("{}([{}]{}, union_by_name=true)", format.function, list, format.options);
}

}  // namespace millwright::analytics
