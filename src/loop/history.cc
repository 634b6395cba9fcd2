#include "loop/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/error.h"

namespace millwright::loop {
namespace {

namespace fs = std::filesystem;
using analytics::Column;
using analytics::ColumnType;
using analytics::QuoteName;
using analytics::QuoteText;
using analytics::Session;

constexpr size_t kFilesMax = 100'000;
constexpr char kPredictions[] = "history_predictions";
constexpr char kOutcomes[] = "history_outcomes";

// What every log has, by its type; a table that lacks some gets these values.
struct Fixed {
  const char* name;
  const char* type;
  const char* fallback;
};
constexpr Fixed kFixed[] = {{"model_version", "VARCHAR", "''"}, {"revision", "VARCHAR", "''"},
                            {"role", "VARCHAR", "'live'"},      {"latency_us", "BIGINT", "NULL"},
                            {"caller", "VARCHAR", "''"},        {"error", "VARCHAR", "''"},
                            {"cached", "BOOLEAN", "FALSE"}};
constexpr const char* kOther[] = {"id",
                                  "endpoint",
                                  "time_ms",
                                  "event_time_ms",
                                  "outcome",
                                  "outcome_text",
                                  "outcome_time_ms",
                                  "feedback",
                                  "feedback_text",
                                  "feedback_comment",
                                  "feedback_time_ms"};

std::vector<std::string> ParquetFiles(const fs::path& folder) {
  std::vector<std::string> files;
  std::error_code absent;
  for (const auto& entry : fs::recursive_directory_iterator(folder, absent)) {
    if (entry.path().extension() == ".parquet") files.push_back(entry.path().string());
    if (files.size() > kFilesMax) throw InvalidArgument("There are more than {} files", kFilesMax);
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string FilesSql(const std::vector<std::string>& files) {
  std::string list;
  for (const std::string& file : files) list += (list.empty() ? "" : ", ") + QuoteText(file);
  return "read_parquet([" + list + "], union_by_name = true)";
}

std::string ReaderOf(const fs::path& file) {
  const std::string extension = file.extension();
  const std::string name = QuoteText(file.string());
  if (extension == ".parquet") return "read_parquet(" + name + ")";
  if (extension == ".csv" || file.string().ends_with(".csv.gz")) return "read_csv(" + name + ")";
  if (extension == ".jsonl" || extension == ".ndjson") return "read_json(" + name + ")";
  throw InvalidArgument("A history is a folder, .parquet, .csv or .jsonl: {}", file.string());
}

const Column* Find(const std::vector<Column>& columns, std::string_view name) {
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const Column& column) { return column.name == name; });
  return found == columns.end() ? nullptr : &*found;
}

const Column& Require(const std::vector<Column>& columns, const std::string& name) {
  const Column* column = Find(columns, name);
  if (column == nullptr) throw InvalidArgument("The history has no column {}", name);
  return *column;
}

// A column as milliseconds since 1970.
std::string TimeSql(const Column& column) {
  const std::string name = QuoteName(column.name);
  switch (column.type) {
    case ColumnType::kInteger:
    case ColumnType::kDouble:
      return "CAST(" + name + " AS BIGINT)";
    case ColumnType::kTimestamp:
    case ColumnType::kDate:
      return "epoch_ms(CAST(" + name + " AS TIMESTAMP))";
    default:  // a text may have an offset
      return "epoch_ms(CAST(" + name + " AS TIMESTAMPTZ))";
  }
}

// The columns of a table as those of the log, and its outcomes beside them.
class Reading {
 public:
  Reading(Session& session, std::string table, const Policy& policy, const HistoryColumns& names)
      : session_(session),
        table_(std::move(table)),
        policy_(policy),
        names_(names),
        columns_(session.Describe("SELECT * FROM " + table_)) {}

  void MakePredictions() {
    const std::string time = Time();
    std::string sql =
        fmt::format("SELECT {} AS id, {} AS endpoint, {} AS time_ms, {} AS event_time_ms", Id(),
                    QuoteText(policy_.endpoint), time, time);
    for (const Fixed& fixed : kFixed) {
      const std::string given =
          std::string_view(fixed.name) == "model_version" ? names_.version : "";
      const Column* column = Find(columns_, given.empty() ? fixed.name : given);
      sql += column == nullptr
                 ? fmt::format(", CAST({} AS {}) AS {}", fixed.fallback, fixed.type, fixed.name)
                 : fmt::format(", coalesce(CAST({} AS {}), {}) AS {}", QuoteName(column->name),
                               fixed.type, fixed.fallback, fixed.name);
    }
    if (!names_.version.empty()) Require(columns_, names_.version);
    for (const Column& column : columns_) {
      if (IsTaken(column.name)) continue;
      const bool named = column.name.starts_with(monitoring::kInputPrefix) ||
                         column.name.starts_with(monitoring::kOutputPrefix);
      sql += fmt::format(", {} AS {}", QuoteName(column.name),
                         QuoteName(named ? column.name : monitoring::kInputPrefix + column.name));
    }
    if (!names_.output.empty()) {
      sql += fmt::format(", CAST({} AS DOUBLE) AS {}",
                         QuoteName(Require(columns_, names_.output).name),
                         QuoteName(monitoring::kOutputPrefix + policy_.label.probability_output));
    }
    session_.Execute(fmt::format("CREATE TEMP TABLE {} AS {} FROM {}", kPredictions, sql, table_));
  }

  // Of a table that has them beside the predictions.
  std::string OutcomesSql() const {
    const std::string name = names_.outcome.empty() ? "outcome" : names_.outcome;
    if (!names_.outcome.empty()) Require(columns_, name);
    const Column* outcome = Find(columns_, name);
    const Column* text = Find(columns_, "outcome_text");
    if (outcome == nullptr && text == nullptr) return "";
    const bool is_text = outcome != nullptr && outcome->type == ColumnType::kText;
    const std::string quoted = outcome == nullptr ? "NULL" : QuoteName(outcome->name);
    const std::string words = text == nullptr ? "NULL" : "outcome_text";
    const Column* known = Find(columns_, "outcome_time_ms");
    const std::string when =
        known == nullptr ? Time() : "coalesce(outcome_time_ms, " + Time() + ")";
    return fmt::format(
        "SELECT {} AS prediction_id, CAST({} AS DOUBLE) AS number, CAST({} AS VARCHAR) AS text, {} "
        "AS time_ms FROM {} WHERE {} IS NOT NULL OR {} IS NOT NULL",
        Id(), is_text ? "NULL" : quoted, is_text ? quoted : words, when, table_, quoted, words);
  }

 private:
  std::string Time() const {
    if (!names_.time.empty()) return TimeSql(Require(columns_, names_.time));
    const Column* event = Find(columns_, "event_time_ms");
    if (event == nullptr) event = Find(columns_, "time_ms");
    if (event == nullptr)
      throw InvalidArgument("The history has no column event_time_ms or time_ms: name its time");
    return TimeSql(*event);
  }

  // A row without an id is its place in the table.
  std::string Id() const {
    const std::string name = names_.id.empty() ? "id" : names_.id;
    if (!names_.id.empty()) Require(columns_, name);
    if (Find(columns_, name) == nullptr)
      throw InvalidArgument("The history has no column id: name that of the predictions' ids");
    return "CAST(" + QuoteName(name) + " AS VARCHAR)";
  }

  bool IsTaken(const std::string& name) const {
    for (const Fixed& fixed : kFixed) {
      if (name == fixed.name) return true;
    }
    for (const char* other : kOther) {
      if (name == other) return true;
    }
    return name == names_.id || name == names_.time || name == names_.version ||
           name == names_.output || name == names_.outcome;
  }

  Session& session_;
  const std::string table_;
  const Policy& policy_;
  const HistoryColumns& names_;
  const std::vector<Column> columns_;
};

void MakeOutcomes(Session& session, const std::string& select) {
  session.Execute(fmt::format(
      "CREATE TEMP TABLE {} (prediction_id VARCHAR, number DOUBLE, text VARCHAR, comment VARCHAR, "
      "time_ms BIGINT, sequence BIGINT DEFAULT 0, kind VARCHAR, key_input VARCHAR, key_value "
      "VARCHAR, "
      "within_ms BIGINT)",
      kOutcomes));
  if (!select.empty()) session.Execute(fmt::format("INSERT INTO {} BY NAME {}", kOutcomes, select));
}

}  // namespace

History OpenHistory(Session& session, const fs::path& path, const Policy& policy,
                    const HistoryColumns& columns) {
  const std::string endpoint = monitoring::EndpointFolder(policy.endpoint);
  const fs::path logged = path / "predictions" / endpoint;
  if (fs::is_directory(logged)) {
    const auto files = ParquetFiles(logged);
    if (files.empty()) throw InvalidArgument("No Parquet files: {}", logged.string());
    Reading(session, FilesSql(files), policy, {}).MakePredictions();
    const auto outcome_files = ParquetFiles(path / "outcomes" / endpoint);
    std::string select;
    if (!outcome_files.empty()) {
      const std::string table = FilesSql(outcome_files);
      const auto known = session.Describe("SELECT * FROM " + table);
      std::string list;
      for (const char* name : {"prediction_id", "number", "text", "time_ms", "sequence", "kind"}) {
        if (Find(known, name) != nullptr) list += (list.empty() ? "" : ", ") + std::string(name);
      }
      // Those by a key are joined by the server only.
      select = "SELECT " + list + " FROM " + table + " WHERE prediction_id <> ''";
    }
    MakeOutcomes(session, select);
  } else {
    std::string table;
    if (fs::is_directory(path)) {
      const auto files = ParquetFiles(path);
      if (files.empty()) throw InvalidArgument("No Parquet files: {}", path.string());
      table = FilesSql(files);
    } else {
      if (!fs::exists(path)) throw NotFound("History", path.string());
      table = ReaderOf(path);
    }
    Reading reading(session, table, policy, columns);
    reading.MakePredictions();
    MakeOutcomes(session, reading.OutcomesSql());
  }
  session.Execute(
      fmt::format("DELETE FROM {} WHERE event_time_ms < {}", kPredictions, columns.from_ms));
  session.Execute(fmt::format("DELETE FROM {} WHERE prediction_id NOT IN (SELECT id FROM {})",
                              kOutcomes, kPredictions));
  History history;
  history.snapshot.predictions = kPredictions;
  history.snapshot.outcomes = kOutcomes;
  const auto span = session.Query(
      std::string("SELECT count(*), min(event_time_ms), max(event_time_ms) FROM ") + kPredictions);
  history.predictions = span.Int(0, 0);
  if (history.predictions == 0) throw InvalidArgument("The history holds no prediction");
  history.from_ms = span.Int(0, 1);
  history.to_ms = span.Int(0, 2) + 1;
  history.outcomes = session.Query(std::string("SELECT count(*) FROM ") + kOutcomes).Int(0, 0);
  return history;
}

}  // namespace millwright::loop
