#include "data/table_writer.h"

#include <system_error>

#include "base/error.h"

namespace millwright::data {
namespace {

using analytics::QuoteName;
using analytics::QuoteText;
using analytics::Session;

// A file that DuckDB writes; removed unless it was kept.
class TempFile {
 public:
  explicit TempFile(std::filesystem::path path) : path_(std::move(path)) {}
  ~TempFile() {
    std::error_code gone;
    std::filesystem::remove(path_, gone);
  }
  TempFile(const TempFile&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::string CopySql(const std::string& query, const std::filesystem::path& target) {
  // The line break ends a comment at the end of a query from outside.
  return fmt::format("COPY ({}\n) TO {} (FORMAT parquet, COMPRESSION zstd)", query,
                     QuoteText(target.string()));
}

void RequireColumns(const std::vector<analytics::Column>& columns) {
  if (columns.empty()) throw InvalidArgument("Table has no columns");
  if (columns.size() > kColumnsMax)
    throw InvalidArgument("Table has {} columns, {} are allowed", columns.size(), kColumnsMax);
}

// Reads every page of every column, so that a damaged file is found now and not while training.
void ReadWholly(Session& session, const std::string& table,
                const std::vector<analytics::Column>& columns) {
  std::string hashes = "count(*)";  // counts alone would be answered from the file's statistics
  for (const auto& column : columns)
    hashes += fmt::format(", bit_xor(hash({}))", QuoteName(column.name));
  session.Query(fmt::format("SELECT {} FROM {}", hashes, table));
}

uint64_t SizeOf(const std::filesystem::path& file) {
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  return error ? 0 : size;
}

}  // namespace

std::string ReadTableSql(const std::filesystem::path& file) {
  return fmt::format("read_parquet({})", QuoteText(file.string()));
}

Session TableWriter::Open(const std::vector<std::filesystem::path>& files,
                          analytics::SessionHost* host,
                          const std::function<bool()>& is_wanted) const {
  analytics::SessionOptions options;
  options.host = host;
  options.is_wanted = is_wanted;
  options.threads = options_.threads;
  options.memory_bytes_max = options_.memory_bytes_max;
  options.temp_dir = store_.temp_folder().string();
  options.time_limit_ms = options_.time_limit_ms;
  for (const auto& file : files) options.allowed_files.push_back(file.string());
  return Session(options);
}

StoredTable TableWriter::Store(Session& session, const std::filesystem::path& parquet) const {
  StoredTable table;
  const std::string from = ReadTableSql(parquet);
  table.columns = session.Describe("FROM " + from);
  table.row_count = session.Query("SELECT count(*) FROM " + from).Int(0, 0);
  table.hash = ContentStore::HashDurably(parquet);
  store_.KeepTable(parquet, table.hash);
  return table;
}

StoredTable TableWriter::FromRaw(const Reader& reader, const std::filesystem::path& raw,
                                 const ProgressFunction& progress) const {
  const auto tell = [&](Progress::Stage stage, uint64_t done) {
    if (progress) progress({stage, done, SizeOf(raw)});
  };
  if (SizeOf(raw) == 0) throw InvalidArgument("File is empty");
  const TempFile parquet(store_.NewTempPath());
  Session session = Open({raw, parquet.path()});
  tell(Progress::Stage::kParsing, 0);
  const auto parse = [&](const auto& step) {
    try {
      return step();
    } catch (const Error& error) {
      // Nobody knows the file by the name under which it lies here.
      const std::string name = raw.filename().string();
      if (!error.message().starts_with(name)) throw;
      throw Error(error.code(), "The file" + error.message().substr(name.size()));
    }
  };
  const std::string table = parse([&] { return ReadSql(reader, raw); });
  const auto columns = parse([&] { return session.Describe("FROM " + table); });
  RequireColumns(columns);
  if (reader.format == TableFormat::kParquet) {
    ReadWholly(session, table, columns);
    std::error_code error;
    std::filesystem::create_hard_link(raw, parquet.path(), error);
    if (error) std::filesystem::copy_file(raw, parquet.path());
  } else {
    parse([&] { session.Execute(CopySql("FROM " + table, parquet.path())); });
  }
  tell(Progress::Stage::kStoring, SizeOf(raw));
  return Store(session, parquet.path());
}

StoredTable TableWriter::FromQuery(const std::string& sql, const std::vector<View>& views,
                                   const std::function<bool()>& is_wanted) const {
  if (sql.size() > kSqlBytesMax)
    throw InvalidArgument("SQL is longer than {} bytes", kSqlBytesMax).WithField("sql");
  const TempFile parquet(store_.NewTempPath());
  std::vector<std::filesystem::path> files = {parquet.path()};
  for (const auto& view : views) files.push_back(view.file);
  Session session = Open(files, options_.sql_host, is_wanted);
  for (const auto& view : views)
    session.Execute(
        fmt::format("CREATE VIEW {} AS FROM {}", QuoteName(view.name), ReadTableSql(view.file)));
  session.RequireOneSelect(sql);
  RequireColumns(session.Describe(sql));
  session.Execute(CopySql(sql, parquet.path()));
  return Store(session, parquet.path());
}

void TableWriter::Export(const std::string& sql, const std::vector<std::filesystem::path>& files,
                         const std::filesystem::path& target) const {
  const auto folder = std::filesystem::absolute(target).parent_path();
  std::filesystem::create_directories(folder);
  const TempFile parquet(folder / store_.NewTempPath().filename());
  auto allowed = files;
  allowed.push_back(parquet.path());
  Open(allowed).Execute(CopySql(sql, parquet.path()));
  std::filesystem::rename(parquet.path(), target);
}

}  // namespace millwright::data
