#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace millwright::data {

// How raw bytes hold a table.
enum class TableFormat { kParquet, kCsv, kTsv, kJson, kJsonLines };
std::string_view TableFormatName(TableFormat format);

// What is needed to read raw bytes as a table. `options` are those of DuckDB's CSV or JSON reader
// that kReaderOptions lists: {"delim": ";", "nullstr": ["NA"], "types": {"zip": "VARCHAR"}}.
struct Reader {
  TableFormat format = TableFormat::kCsv;
  bool is_gzip = false;
  Json options = Json::MakeObject();

  // Writes the reader and the version of what parses, so that a change of either parses anew.
  std::string Fingerprint() const;
};

// Finds the format by a file name or URL ("…/flights.csv.gz?x=1"); nothing when it has no known
// extension.
std::optional<Reader> ReaderByName(std::string_view name);
// Finds the format by a Content-Type; nothing for another one.
std::optional<Reader> ReaderByContentType(std::string_view type);
// Reads "format" ("csv", "csv.gz", "jsonl", …) and "options" of a source's configuration over what
// was found otherwise. Throws kInvalidArgument when nothing says the format or for an option that
// is not listed.
Reader MakeReader(const Json& config, std::optional<Reader> found);

// Writes the table expression that reads `file`: "read_csv('…', delim=';')".
std::string ReadSql(const Reader& reader, const std::filesystem::path& file);

}  // namespace millwright::data
