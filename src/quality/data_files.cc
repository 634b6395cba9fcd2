#include "quality/data_files.h"

#include <fnmatch.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/error.h"

namespace millwright::quality {
namespace {

namespace fs = std::filesystem;

// A table in memory takes some 20 KB a column before it has rows.
constexpr size_t kTableColumnsMax = 20'000;
constexpr size_t kFirstLineBytesMax = 16 << 20;

// ".csv.gz" is one extension.
std::string FormatOf(const fs::path& path) {
  std::string extension = path.extension().string();
  if (extension == ".gz") extension = path.stem().extension().string() + extension;
  return extension;
}

bool HasPattern(std::string_view text) {
  return text.find_first_of("*?[") != std::string_view::npos;
}

// The part of a pattern that is a folder without any pattern in it.
fs::path FixedFolder(const std::string& pattern) {
  const size_t first = pattern.find_first_of("*?[");
  const size_t slash = pattern.rfind('/', first);
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : pattern.substr(0, slash);
}

// `**/` stands for any folders, also none; other stars stay within a name.
bool Matches(const std::string& pattern, const std::string& path) {
  const size_t any = pattern.find("**/");
  if (any == std::string::npos) {
    return fnmatch(pattern.c_str(), path.c_str(), FNM_PATHNAME | FNM_PERIOD) == 0;
  }
  const std::string start = pattern.substr(0, any), rest = pattern.substr(any + 3);
  if (!path.starts_with(start)) return false;
  for (size_t at = start.size();; ++at) {
    if (Matches(rest, path.substr(at))) return true;
    at = path.find('/', at);
    if (at == std::string::npos) return false;
  }
}

template <typename F>
std::vector<std::string> FilesBelow(const fs::path& folder, F&& wanted) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    if (!at->is_regular_file()) continue;
    const std::string path = at->path().string();
    if (!analytics::IsDataFile(path) || !wanted(path)) continue;
    files.push_back(path);
    if (files.size() > kDataFilesMax) {
      throw InvalidArgument("A table may have {} files; {} has more", kDataFilesMax,
                            folder.string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

void RequireNarrowCsv(const std::string& file) {
  if (!analytics::IsTextFile(file) || file.ends_with(".gz")) return;
  std::ifstream in(file, std::ios::binary);
  size_t columns = 1, bytes = 0;
  for (char c = 0; in.get(c) && c != '\n' && ++bytes < kFirstLineBytesMax;) {
    columns += c == ',' || c == ';' || c == '\t' || c == '|' ? 1 : 0;
  }
  if (columns > kCsvColumnsMax) {
    throw InvalidArgument("A CSV file may have {} columns, Parquet any number; {} has about {}",
                          kCsvColumnsMax, file, columns);
  }
}

std::vector<std::string> FindDataFiles(const std::string& data) {
  if (fs::is_regular_file(data)) return {fs::canonical(data).string()};
  std::vector<std::string> files;
  if (fs::is_directory(data)) {
    files = FilesBelow(data, [](const std::string&) { return true; });
  } else if (HasPattern(data)) {
    const fs::path folder = FixedFolder(data);
    const std::string prefix = folder == "." && !data.starts_with("./") ? "./" : "";
    files =
        FilesBelow(folder, [&](const std::string& path) { return Matches(prefix + data, path); });
  }
  if (files.empty()) throw NotFound("Data file", data);
  std::set<std::string> formats;
  for (const std::string& file : files) formats.insert(FormatOf(file));
  if (formats.size() > 1) {
    throw InvalidArgument("{} has files of different formats: {} and {}", data, *formats.begin(),
                          *formats.rbegin());
  }
  // A session that is confined to files looks behind links.
  for (std::string& file : files) file = fs::canonical(file).string();
  return files;
}

std::string PlainReader(analytics::Session& session, const std::string& reader,
                        const std::string& file) {
  if (!reader.starts_with("read_json")) return reader;
  const std::vector<analytics::Column> columns = session.Describe("SELECT * FROM " + reader);
  if (columns.size() == 1 && columns[0].name == "json" && columns[0].sql_type.starts_with("MAP(")) {
    throw InvalidArgument("{} has too many different keys to be a table", file);
  }
  std::string replaced;
  for (const analytics::Column& column : columns) {
    if (column.sql_type != "JSON") continue;
    const std::string name = analytics::QuoteName(column.name);
    replaced += (replaced.empty() ? "" : ", ") + name + "->>'$' AS " + name;
  }
  if (replaced.empty()) return reader;
  return "(SELECT * REPLACE (" + replaced + ") FROM " + reader + ")";
}

std::string OpenDataFiles(analytics::Session& session, const std::vector<std::string>& files,
                          const std::string& name, const analytics::TextFileReading& reading) {
  for (const std::string& file : files) {
    if (!fs::exists(file)) throw NotFound("Data file", file);
    if (fs::file_size(file) == 0) throw InvalidArgument("The data file is empty: {}", file);
    RequireNarrowCsv(file);
  }
  const std::string reader =
      PlainReader(session, analytics::ReadFilesSql(files, reading), files.front());
  const std::string quoted = analytics::QuoteName(name);
  const bool parsed_once = FormatOf(files.front()) != ".parquet" &&
                           session.Describe("SELECT * FROM " + reader).size() <= kTableColumnsMax;
  if (!parsed_once && name == kDataTable) return reader;
  session.Execute(std::string("CREATE TEMP ") + (parsed_once ? "TABLE " : "VIEW ") + quoted +
                  " AS SELECT * FROM " + reader);
  return quoted;
}

}  // namespace millwright::quality
