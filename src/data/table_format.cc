#include "data/table_format.h"

#include <algorithm>
#include <cctype>

#include "analytics/csv_look.h"
#include "analytics/session.h"
#include "base/error.h"

namespace millwright::data {
namespace {

struct FormatRow {
  TableFormat format;
  std::string_view name;  // also the file extension
  std::string_view content_type;
};

constexpr FormatRow kFormats[] = {
    {TableFormat::kParquet, "parquet", "application/vnd.apache.parquet"},
    {TableFormat::kCsv, "csv", "text/csv"},
    {TableFormat::kTsv, "tsv", "text/tab-separated-values"},
    {TableFormat::kJson, "json", "application/json"},
    {TableFormat::kJsonLines, "jsonl", "application/jsonl"},
    {TableFormat::kJsonLines, "ndjson", "application/x-ndjson"},
};

enum class OptionType { kText, kTextOrList, kBoolean, kInteger, kTypes };

struct ReaderOption {
  std::string_view name;
  OptionType type;
  bool is_csv;
  bool is_json;
};

constexpr ReaderOption kReaderOptions[] = {
    {"delim", OptionType::kText, true, false},
    {"quote", OptionType::kText, true, false},
    {"escape", OptionType::kText, true, false},
    {"comment", OptionType::kText, true, false},
    {"encoding", OptionType::kText, true, false},
    {"decimal_separator", OptionType::kText, true, false},
    {"nullstr", OptionType::kTextOrList, true, false},
    {"header", OptionType::kBoolean, true, false},
    {"skip", OptionType::kInteger, true, false},
    {"all_varchar", OptionType::kBoolean, true, false},
    {"null_padding", OptionType::kBoolean, true, false},
    {"strict_mode", OptionType::kBoolean, true, false},
    {"normalize_names", OptionType::kBoolean, true, false},
    {"types", OptionType::kTypes, true, false},
    {"dateformat", OptionType::kText, true, true},
    {"timestampformat", OptionType::kText, true, true},
    {"sample_size", OptionType::kInteger, true, true},
    {"ignore_errors", OptionType::kBoolean, true, true},
    {"maximum_object_size", OptionType::kInteger, false, true},
    {"maximum_depth", OptionType::kInteger, false, true},
};

bool IsCsv(TableFormat format) {
  return format == TableFormat::kCsv || format == TableFormat::kTsv;
}

const ReaderOption& FindOption(const std::string& name, TableFormat format) {
  for (const auto& option : kReaderOptions) {
    const bool fits =
        IsCsv(format) ? option.is_csv : option.is_json && format != TableFormat::kParquet;
    if (option.name == name && fits) return option;
  }
  throw InvalidArgument("Unknown option of the {} reader: {}", TableFormatName(format), name)
      .WithField("options." + name);
}

std::string ListSql(const Json& value) {
  std::string sql = "[";
  for (const Json& item : value.AsArray()) {
    if (sql.size() > 1) sql += ", ";
    sql += analytics::QuoteText(item.AsString());
  }
  return sql + "]";
}

std::string TypesSql(const Json& value) {
  std::string sql = "{";
  for (const auto& [column, type] : value.AsObject("types")) {
    if (sql.size() > 1) sql += ", ";
    sql += analytics::QuoteText(column) + ": " + analytics::QuoteText(type.AsString("types"));
  }
  return sql + "}";
}

std::string OptionSql(OptionType type, const Json& value) {
  switch (type) {
    case OptionType::kText:
      return analytics::QuoteText(value.AsString());
    case OptionType::kTextOrList:
      return value.is_array() ? ListSql(value) : analytics::QuoteText(value.AsString());
    case OptionType::kBoolean:
      return value.AsBool() ? "true" : "false";
    case OptionType::kInteger:
      return std::to_string(value.AsInt());
    case OptionType::kTypes:
      return TypesSql(value);
  }
  return "";
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

}  // namespace

std::string_view TableFormatName(TableFormat format) {
  for (const auto& row : kFormats)
    if (row.format == format) return row.name;
  return "";
}

std::string Reader::Fingerprint() const {
  return fmt::format("duckdb {} {}{} {}", analytics::LibraryVersion(), TableFormatName(format),
                     is_gzip ? ".gz" : "", options.Dump());
}

std::optional<Reader> ReaderByName(std::string_view name) {
  std::string lower = Lower(name.substr(0, name.find_first_of("?#")));
  Reader reader;
  reader.is_gzip = lower.ends_with(".gz");
  if (reader.is_gzip) lower.resize(lower.size() - 3);
  for (const auto& row : kFormats) {
    if (!lower.ends_with("." + std::string(row.name))) continue;
    reader.format = row.format;
    return reader;
  }
  return std::nullopt;
}

std::optional<Reader> ReaderByContentType(std::string_view type) {
  const std::string lower = Lower(type.substr(0, type.find(';')));
  for (const auto& row : kFormats)
    if (row.content_type == lower) return Reader{.format = row.format};
  return std::nullopt;
}

Reader MakeReader(const Json& config, std::optional<Reader> found) {
  if (const std::string format = config.GetString("format"); !format.empty()) {
    found = ReaderByName("." + format);
    if (!found)
      throw InvalidArgument("Unknown table format, use parquet, csv, tsv, json or jsonl: {}",
                            format)
          .WithField("format");
  }
  if (!found)
    throw InvalidArgument(
        "Cannot tell the table format by the name, say \"format\": parquet, csv, tsv, json or "
        "jsonl")
        .WithField("format");
  if (const Json* options = config.Find("options"); options != nullptr && !options->is_null()) {
    for (const auto& [name, value] : options->AsObject("options"))
      OptionSql(FindOption(name, found->format).type, value);
    found->options = *options;
  }
  return *found;
}

std::string ReadSql(const Reader& reader, const std::filesystem::path& file) {
  const std::string path = analytics::QuoteText(file.string());
  if (reader.format == TableFormat::kParquet) return fmt::format("read_parquet({})", path);
  // Stored files have no extension that would tell.
  const bool is_csv = IsCsv(reader.format);
  const std::string_view plain = is_csv ? "none" : "uncompressed";
  std::string sql = fmt::format("{}({}, compression='{}'", is_csv ? "read_csv" : "read_json", path,
                                reader.is_gzip ? "gzip" : plain);
  // A reader that is told how the file is written is not second-guessed.
  if (is_csv && !reader.is_gzip && reader.options.AsObject("options").empty())
    sql += analytics::CsvOptions(file.string(), reader.format == TableFormat::kTsv ? '\t' : 0);
  if (reader.format == TableFormat::kTsv && !reader.options.Has("delim")) sql += ", delim='\t'";
  if (reader.format == TableFormat::kJsonLines) sql += ", format='newline_delimited'";
  for (const auto& [name, value] : reader.options.AsObject("options"))
    sql += fmt::format(", {}={}", name, OptionSql(FindOption(name, reader.format).type, value));
  return sql + ")";
}

}  // namespace millwright::data
