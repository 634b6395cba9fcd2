#include "scoring/scorer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <numeric>
#include <optional>

#include "analytics/session.h"
#include "base/error.h"
#include "base/id.h"
#include "scoring/outputs.h"
#include "scoring/text_among_numbers.h"
#include "serving/missing_values.h"
#include "serving/table_builder.h"

namespace millwright::scoring {
namespace {

using analytics::QuoteName;
using analytics::QuoteText;
using analytics::Table;
using serving::Cell;

struct Format {
  std::string_view extension;
  std::string_view copy;  // options of COPY
};
constexpr Format kFormats[] = {
    {".parquet", "FORMAT parquet"},
    {".csv", "FORMAT csv, HEADER"},
    {".tsv", "FORMAT csv, HEADER, DELIMITER '\t'"},
    {".json", "FORMAT json, ARRAY true"},
    {".jsonl", "FORMAT json"},
    {".ndjson", "FORMAT json"},
};

const Format& FormatOf(const std::filesystem::path& output) {
  const std::string extension = output.extension().string();
  for (const Format& format : kFormats)
    if (format.extension == extension) return format;
  throw InvalidArgument(
      "The output has none of the extensions .parquet, .csv, .tsv, .json, .jsonl, .ndjson: {}",
      output.string());
}

analytics::SessionOptions SessionFor(const std::filesystem::path& scratch, int threads) {
  return {.threads = threads, .temp_dir = scratch.string()};
}

std::string ListOf(const std::vector<std::string>& columns) {
  std::string list;
  for (const auto& column : columns) list += (list.empty() ? "" : ", ") + QuoteName(column);
  return list;
}

// The rows of a range, in the order of the file.
std::string SliceSql(const std::vector<std::string>& columns,
                     const std::vector<std::string>& as_text, const Plan& plan,
                     const RowRange& range) {
  return fmt::format("SELECT {} FROM {} LIMIT {} OFFSET {}", ListOf(columns),
                     analytics::ReadFileSql(plan.input, as_text), range.count, range.first);
}

Cell CellOf(const Table::Cell& cell) {
  struct Convert {
    Cell operator()(std::monostate) const { return {}; }
    Cell operator()(bool value) const { return value; }
    Cell operator()(int64_t value) const { return value; }
    Cell operator()(double value) const { return value; }
    Cell operator()(const std::string& value) const { return std::string_view(value); }
  };
  return std::visit(Convert(), cell);
}

// Puts a finished file in its place: what has the name is whole and survives a power cut.
void Publish(const std::filesystem::path& made, const std::filesystem::path& target) {
  const auto sync = [](const std::filesystem::path& path, int flags) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | flags);
    const bool done = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) close(fd);
    if (!done) throw Internal("Cannot write {} to disk", path.string());
  };
  sync(made, 0);
  std::filesystem::rename(made, target);
  sync(std::filesystem::absolute(target).parent_path(), O_DIRECTORY);
}

// A file in the scratch folder that is removed unless it was published.
class Unfinished {
 public:
  Unfinished(const std::filesystem::path& folder, const std::filesystem::path& target)
      : path_(folder / (NewHexId() + target.extension().string())) {}
  ~Unfinished() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// The columns that the model takes, as they are read from the file: those that were named, else
// those of its own names, else, where a model knows only positions, all.
std::vector<std::string> InputColumns(const Plan& plan, const serving::TableBuilder& builder,
                                      const inference::Signature& signature) {
  if (!plan.features.empty()) return plan.features;
  const std::vector<std::string> columns = ColumnsOf(plan.input);
  if (!builder.named()) {
    if (columns.size() == builder.column_count()) return columns;
    throw InvalidArgument(
        "The model knows its {} columns by position only and the input has {}; name them by "
        "--features",
        builder.column_count(), columns.size());
  }
  // What is missing is told together with the columns that the model does not know.
  serving::TableBuilder(signature, serving::ExtraColumns::kIgnore).MapHeader(columns);
  std::vector<std::string> names;
  const auto add = [&](const std::string& name) {
    if (std::find(columns.begin(), columns.end(), name) != columns.end()) names.push_back(name);
  };
  for (const auto& column : signature.columns) add(column.name);
  if (signature.columns.empty()) {
    for (const auto& input : signature.inputs) add(input.name);
  }
  return names;
}

// The model's columns for those of the file. Features that were named stand in the model's order,
// whatever their names are.
std::vector<size_t> MapOf(const Plan& plan, const serving::TableBuilder& builder,
                          const std::vector<std::string>& names) {
  if (plan.features.empty()) return builder.MapHeader(names);
  if (names.size() != builder.column_count()) {
    throw InvalidArgument("The model takes {} columns, --features names {}", builder.column_count(),
                          names.size());
  }
  std::vector<size_t> map(names.size());
  std::iota(map.begin(), map.end(), size_t{0});
  return map;
}

// The columns of the file that the model takes as text.
std::vector<std::string> TextsOf(const serving::TableBuilder& builder,
                                 const std::vector<std::string>& names,
                                 const std::vector<size_t>& map) {
  std::vector<std::string> texts;
  for (size_t i = 0; i < names.size(); ++i) {
    if (builder.TypeOf(map[i]) == inference::DataType::kBytes) texts.push_back(names[i]);
  }
  return texts;
}

// Runs the model over rows as they come and keeps what it answers.
class Scoring {
 public:
  Scoring(const Plan& plan, inference::Engine& engine, analytics::Session& session,
          const ScorerOptions& options)
      : plan_(plan), engine_(engine), session_(session), options_(options) {}

  // Takes a piece of the slice; `first` is the number of its first row in the file.
  void Take(const Table& piece, const std::vector<size_t>& map, int64_t first) {
    const auto batch = static_cast<size_t>(options_.batch_rows);
    for (size_t row = 0; row < piece.row_count(); row += batch) {
      const size_t end = std::min(row + batch, piece.row_count());
      RunRows(piece, map, row, end, first);
    }
  }

  void Close() {
    if (table_) table_->Close();
  }
  bool has_rows() const { return table_.has_value(); }
  const OutputColumns& columns() const { return *columns_; }

 private:
  void RunRows(const Table& piece, const std::vector<size_t>& map, size_t begin, size_t end,
               int64_t first) {
    serving::TableBuilder builder(engine_.signature());
    size_t row = begin;
    const auto number = [&](size_t at) { return first + static_cast<int64_t>(at) + 1; };
    try {
      for (; row < end; ++row) {
        builder.BeginRow();
        for (size_t i = 0; i < map.size(); ++i) builder.Set(map[i], CellOf(piece.At(row, i)));
        builder.EndRow();
      }
    } catch (const Error& error) {
      throw Error(error.code(), fmt::format("Row {} of {}: {}", number(row), plan_.input,
                                            serving::WithoutRow(error.message())));
    }
    const std::vector<inference::Tensor> inputs = builder.Finish();
    const size_t rows = end - begin;
    std::vector<inference::Tensor> outputs;
    try {
      serving::CheckMissingValues(engine_.signature(), inputs);
      outputs = engine_.Run(inputs);
    } catch (const Error& error) {
      throw Error(error.code(), fmt::format("Rows {} to {} of {}: {}", number(begin),
                                            number(end - 1), plan_.input, error.message()));
    }
    if (!table_) Open(outputs, rows);
    columns_->Append(outputs, rows, &*table_);
  }

  void Open(const std::vector<inference::Tensor>& outputs, size_t rows) {
    columns_.emplace(outputs, rows, plan_.prefix);
    for (const auto& name : columns_->names()) {
      if (std::find(plan_.columns.begin(), plan_.columns.end(), name) == plan_.columns.end())
        continue;
      throw InvalidArgument(
          "Column {} is in the input and among the model's outputs; give --prefix", name);
    }
    session_.Execute("CREATE TEMP TABLE predictions (" + columns_->TableSql() + ")");
    table_.emplace(session_.Append("predictions"));
  }

  const Plan& plan_;
  inference::Engine& engine_;
  analytics::Session& session_;
  const ScorerOptions options_;
  std::optional<OutputColumns> columns_;
  std::optional<analytics::Session::Appender> table_;
};

}  // namespace

std::vector<std::string> ColumnsOf(const std::string& input) {
  analytics::Session session;
  std::vector<std::string> names;
  for (const auto& column : session.Describe("SELECT * FROM " + analytics::ReadFileSql(input)))
    names.push_back(column.name);
  return names;
}

std::vector<std::string> NamedColumns(const std::vector<std::string>& columns,
                                      const std::string& list) {
  std::vector<std::string> named;
  for (size_t at = 0; at <= list.size();) {
    const size_t comma = std::min(list.find(',', at), list.size());
    named.push_back(list.substr(at, comma - at));
    at = comma + 1;
    if (std::find(columns.begin(), columns.end(), named.back()) == columns.end()) {
      throw InvalidArgument("The input has no column {}; it has {}", named.back(),
                            fmt::join(columns, ", "));
    }
  }
  return named;
}

int64_t CountRows(const std::string& input) {
  analytics::Session session;
  return session.Query("SELECT count(*) FROM " + analytics::ReadFileSql(input)).Int(0, 0);
}

void ScoreShard(const Plan& plan, int shard, inference::Engine& engine,
                const std::filesystem::path& scratch, const std::filesystem::path& part,
                const ScorerOptions& options, const std::function<void(int64_t)>& on_rows,
                const std::stop_token& stop) {
  CheckInput(plan);
  const RowRange range = RowsOf(plan, shard);
  analytics::Session reader(SessionFor(scratch, options.threads));
  analytics::Session session(SessionFor(scratch, options.threads));
  const serving::TableBuilder builder(engine.signature());
  const auto names = InputColumns(plan, builder, engine.signature());
  const auto map = MapOf(plan, builder, names);
  Scoring scoring(plan, engine, session, options);
  int64_t done = 0;
  const auto take = [&](const Table& piece) {
    if (stop.stop_requested()) throw Aborted("The scoring was stopped");
    scoring.Take(piece, map, range.first + done);
    done += static_cast<int64_t>(piece.row_count());
    on_rows(done);
    return true;
  };
  try {
    reader.Stream(SliceSql(names, TextsOf(builder, names, map), plan, range), take);
  } catch (const Error& error) {
    if (error.message().find("got string") == std::string::npos) throw;
    throw Error(error.code(), error.message() + TextAmongNumbers(plan.input, names));
  }
  scoring.Close();
  CheckInput(plan);  // while it was read
  if (done != range.count || !scoring.has_rows()) {
    throw FailedPrecondition("The input has fewer rows than it had: {}", plan.input);
  }
  const Unfinished file(scratch, part);
  std::string rows = "SELECT * FROM predictions";
  if (!plan.columns.empty()) {
    // Both sides keep their order, so that the rows meet again.
    const auto as_text = plan.columns_as_text ? plan.columns : TextsOf(builder, names, map);
    rows = fmt::format("SELECT * FROM ({}) input POSITIONAL JOIN predictions",
                       SliceSql(plan.columns, as_text, plan, range));
  }
  session.Execute(
      fmt::format("COPY ({}) TO {} (FORMAT parquet)", rows, QuoteText(file.path().string())));
  Publish(file.path(), part);
}

void CheckOutputName(const std::filesystem::path& output) {
  FormatOf(output);
}

bool IsTextOutput(const std::filesystem::path& output) {
  return output.extension() == ".csv" || output.extension() == ".tsv";
}

void JoinParts(const Plan& plan, const std::filesystem::path& parts,
               const std::filesystem::path& scratch, const std::filesystem::path& output) {
  const Format& format = FormatOf(output);
  std::string files;
  for (int shard = 0; shard < plan.shards; ++shard) {
    files += (files.empty() ? "" : ", ") + QuoteText((parts / PartName(plan, shard)).string());
  }
  std::string copy(format.copy);
  if (format.extension == ".parquet") {
    copy += fmt::format(", KV_METADATA {{millwright: {}}}", QuoteText(PlanToJson(plan).Dump()));
  }
  analytics::Session session(SessionFor(scratch, 2));
  const Unfinished file(scratch, output);
  session.Execute(fmt::format("COPY (SELECT * FROM read_parquet([{}])) TO {} ({})", files,
                              QuoteText(file.path().string()), copy));
  Publish(file.path(), output);
}

}  // namespace millwright::scoring
