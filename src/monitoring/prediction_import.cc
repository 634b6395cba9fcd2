#include "monitoring/prediction_import.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <unordered_set>

#include "base/error.h"
#include "base/id.h"
#include "monitoring/import_columns.h"
#include "monitoring/json_lines.h"

namespace millwright::monitoring {

using analytics::Column;
using analytics::ColumnType;
using analytics::QuoteName;
using analytics::Table;

namespace {

constexpr char kIncoming[] = "incoming";
constexpr char kNumberColumn[] = "millwright_row_number";  // of a row of the file, from 1
// Rows that are read and written together: so many, or fewer where each has many values, of which
// one takes some 100 bytes.
constexpr int64_t kRowsPerWrite = 5'000;
constexpr int64_t kValuesPerWrite = 1'000'000;

// Where the columns of FileTable::Sql are; those of values come after them.
enum Place {
  kNumber,
  kId,
  kTime,
  kTimeGiven,
  kEventTime,
  kVersion,
  kLatency,
  kCaller,
  kTrace,
  kFailure,
  kOutcomeValue,
  kOutcomeText,
  kPlaces
};

Value ValueAt(const Table& table, size_t row, size_t column) {
  const Table::Cell& cell = table.At(row, column);
  if (const auto* number = std::get_if<double>(&cell)) return *number;
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  return ToValue(table.ToJson(row, column));
}

std::optional<int64_t> IntegerAt(const Table& table, size_t row, size_t column) {
  return table.IsNull(row, column) ? std::nullopt : std::optional(table.Int(row, column));
}

std::optional<std::string> TextAt(const Table& table, size_t row, size_t column) {
  return table.IsNull(row, column) ? std::nullopt : std::optional(table.Text(row, column));
}

// What SQL says of a file, without its own statement and where the file is here.
Error Unreadable(const Error& error, const std::filesystem::path& file) {
  std::string message = error.message().substr(0, error.message().find("\n\nLINE "));
  while (!message.empty() && (message.back() == ' ' || message.back() == '\n')) message.pop_back();
  const size_t path = message.find(file.string());
  if (path != std::string::npos) {
    message.replace(path, file.string().size(), file.filename().string());
  }
  return InvalidArgument("{}", message);
}

// A file of any kind that SQL reads.
class FileTable {
 public:
  // Reads it as a whole, so that a file that cannot be read to its end leaves nothing behind, and
  // once: to find out what columns a wide file has takes longer than to read it.
  FileTable(const std::string& file, const ImportRules& rules)
      : session_(OptionsFor(file)), has_types_(!analytics::IsTextFile(file)) {
    try {
      session_.Execute(fmt::format(
          "CREATE TEMP TABLE {} AS SELECT row_number() OVER () AS {}, * FROM {} LIMIT {}",
          kIncoming, kNumberColumn, ReadSql(file, rules), kImportRowsMax + 1));
    } catch (const Error& error) {
      if (error.code() != Code::kInvalidArgument) throw;
      throw Unreadable(error, file);
    }
    row_count_ = session_.Query(fmt::format("SELECT count(*) FROM {}", kIncoming)).Int(0, 0);
    if (row_count_ > kImportRowsMax) {
      throw InvalidArgument("A file may have {} predictions; send this one in pieces",
                            kImportRowsMax);
    }
    columns_ =
        session_.Describe(fmt::format("SELECT * EXCLUDE ({}) FROM {}", kNumberColumn, kIncoming));
    std::vector<ImportColumn> columns;
    for (const Column& column : columns_) {
      columns.push_back({column.name, column.sql_type.starts_with("STRUCT") ||
                                          column.sql_type.starts_with("MAP") ||
                                          column.sql_type == "JSON"});
    }
    roles_ = RolesOf(columns, rules);
  }

  int64_t row_count() const { return row_count_; }

  std::vector<std::optional<std::string>> Ids() {
    std::vector<std::optional<std::string>> ids(static_cast<size_t>(row_count_));
    session_.Stream(
        fmt::format("SELECT {} - 1, {} FROM {}", kNumberColumn, Text(roles_.id), kIncoming),
        [&](const Table& part) {
          for (size_t row = 0; row < part.row_count(); ++row) {
            if (!part.IsNull(row, 1))
              ids[static_cast<size_t>(part.Int(row, 0))] = part.Text(row, 1);
          }
          return true;
        });
    return ids;
  }

  void ForEach(const std::function<void(ImportedRow)>& each) {
    const int64_t step = std::clamp<int64_t>(
        kValuesPerWrite / static_cast<int64_t>(columns_.size() + 1), 1, kRowsPerWrite);
    for (int64_t first = 1; first <= row_count_; first += step) {
      session_.Stream(Sql(first, first + step - 1), [&](const Table& part) {
        for (size_t row = 0; row < part.row_count(); ++row) each(RowAt(part, row));
        return true;
      });
    }
  }

 private:
  static analytics::SessionOptions OptionsFor(const std::string& file) {
    analytics::SessionOptions options;
    options.allowed_files = {file};
    options.time_limit_ms = kImportMsMax;
    return options;
  }

  // In a file without types "007" is an id and "yes" an outcome, whatever they look like.
  std::string ReadSql(const std::string& file, const ImportRules& rules) {
    if (has_types_) return analytics::ReadFileSql(file);
    std::vector<std::string> as_text;
    for (const Column& column :
         session_.Describe("SELECT * FROM " + analytics::ReadFileSql(file))) {
      const bool is_id = column.name == (rules.id.empty() ? "id" : rules.id);
      const bool is_outcome = column.name == (rules.outcome.empty() ? "outcome" : rules.outcome);
      if (is_id || is_outcome) as_text.push_back(column.name);
    }
    return analytics::ReadFileSql(file, as_text);
  }

  // The rows from a number to another.
  std::string Sql(int64_t first, int64_t last) const {
    std::string sql =
        "SELECT " + std::string(kNumberColumn) + ", " + Text(roles_.id) + " AS id, " +
        Milliseconds(roles_.asked()) + " AS time, " + IsThere(roles_.asked()) + " AS time_given, " +
        Milliseconds(roles_.event_time) + " AS event_time, " + Text(roles_.version) +
        " AS version, " +
        (roles_.latency_us ? "TRY_CAST(" + Name(*roles_.latency_us) + " AS BIGINT)" : "NULL") +
        " AS latency, " + Text(roles_.caller) + " AS caller, " + Text(roles_.trace_id) +
        " AS trace, " + Text(roles_.error) + " AS failure, " +
        (roles_.outcome ? Name(*roles_.outcome) : "NULL") + " AS outcome, " +
        Text(roles_.outcome_text) + " AS outcome_text";
    size_t next = 0;
    for (const ImportRoles::Value& value : roles_.values) {
      const bool is_nested = columns_[value.column].type == ColumnType::kOther;
      const std::string name = Name(value.column);
      sql += ", " + (is_nested ? "CAST(to_json(" + name + ") AS VARCHAR)" : name) + " AS value_" +
             std::to_string(next++);
    }
    return sql + fmt::format(" FROM {} WHERE {} BETWEEN {} AND {}", kIncoming, kNumberColumn, first,
                             last);
  }

  ImportedRow RowAt(const Table& table, size_t row) const {
    ImportedRow one{.number = table.Int(row, kNumber),
                    .id = TextAt(table, row, kId),
                    .time_ms = IntegerAt(table, row, kTime),
                    .has_time = table.At(row, kTimeGiven) == Table::Cell(true),
                    .event_time_ms = IntegerAt(table, row, kEventTime),
                    .version = table.Text(row, kVersion),
                    .trace_id = table.Text(row, kTrace),
                    .error = table.Text(row, kFailure),
                    .caller = TextAt(table, row, kCaller),
                    .latency_us = IntegerAt(table, row, kLatency),
                    .outcome = {},
                    .inputs = {},
                    .outputs = {},
                    .refusal = {}};
    const Place outcome = table.IsNull(row, kOutcomeValue) ? kOutcomeText : kOutcomeValue;
    if (!table.IsNull(row, outcome)) {
      one.outcome = has_types_ ? ValueAt(table, row, outcome) : ReadField(table.Text(row, outcome));
    }
    try {
      AddValues(table, row, &one);
    } catch (const Error& error) {
      one.refusal = error.message();
    }
    return one;
  }

  void AddValues(const Table& table, size_t row, ImportedRow* one) const {
    for (size_t i = 0; i < roles_.values.size(); ++i) {
      const ImportRoles::Value& role = roles_.values[i];
      const size_t place = kPlaces + i;
      if (table.IsNull(row, place)) continue;
      switch (role.part) {
        case ImportPart::kInputs:
          AddObject(ParseJson(table.Text(row, place)), &one->inputs);
          break;
        case ImportPart::kOutputs:
          AddObject(ParseJson(table.Text(row, place)), &one->outputs);
          break;
        case ImportPart::kInput:
          one->inputs.emplace_back(role.name, ValueAt(table, row, place));
          break;
        case ImportPart::kOutput:
          one->outputs.emplace_back(role.name, ValueAt(table, row, place));
          break;
      }
    }
  }

  std::string Name(size_t column) const { return QuoteName(columns_[column].name); }
  std::string Text(std::optional<size_t> column) const {
    return "CAST(" + (column ? Name(*column) : "NULL") + " AS VARCHAR)";
  }
  std::string IsThere(std::optional<size_t> column) const {
    return column ? Name(*column) + " IS NOT NULL" : "FALSE";
  }
  std::string Milliseconds(std::optional<size_t> column) const {
    if (!column) return "NULL";
    const std::string name = Name(*column);
    switch (columns_[*column].type) {
      case ColumnType::kInteger:
      case ColumnType::kDouble:
        return "TRY_CAST(" + name + " AS BIGINT)";
      case ColumnType::kTimestamp:
      case ColumnType::kDate:
        return "epoch_ms(TRY_CAST(" + name + " AS TIMESTAMP))";
      default:
        return "coalesce(TRY_CAST(" + name + " AS BIGINT), epoch_ms(TRY_CAST(" + name +
               " AS TIMESTAMPTZ)))";  // a text may have an offset
    }
  }

  analytics::Session session_;
  const bool has_types_;  // the file says of each value what it is
  std::vector<Column> columns_;
  ImportRoles roles_;
  int64_t row_count_ = 0;
};

// Most rows are small enough by far, which is told without writing them.
bool IsTooLarge(const Prediction& prediction) {
  constexpr size_t kValueBytesMax = 64, kOwnFields = 16;  // a number and all around it
  constexpr size_t kEscapeBytesMax = 6;                   // of one byte of a text
  size_t bytes = kOwnFields * kValueBytesMax;
  size_t text = prediction.id.size() + prediction.endpoint.size() +
                prediction.model_version.size() + prediction.caller.size() +
                prediction.trace_id.size() + prediction.error.size();
  for (const NamedValues* values : {&prediction.inputs, &prediction.outputs}) {
    for (const auto& [name, value] : *values) {
      bytes += kValueBytesMax;
      text += name.size();
      if (const auto* own = std::get_if<std::string>(&value)) text += own->size();
    }
  }
  return bytes + kEscapeBytesMax * text > kRecordBytesMax &&
         EncodePrediction(prediction).size() > kRecordBytesMax;
}

// Tells of each row whether it is new: neither the log nor an earlier row has its id.
std::vector<bool> FindNew(const PredictionLog& log, const std::string& endpoint,
                          const std::vector<std::optional<std::string>>& ids) {
  std::vector<uint64_t> hashes;
  for (const auto& id : ids) {
    if (id) hashes.push_back(HashId(*id));
  }
  std::sort(hashes.begin(), hashes.end());
  // Files that have none of the ids are not read: a large log costs no more than a small one.
  const LogSnapshot snapshot = log.Open(endpoint, {.ids = hashes});
  analytics::SessionOptions options;
  options.allowed_files = snapshot.files;
  options.allowed_folders = {snapshot.tail->path().string()};
  options.time_limit_ms = kImportMsMax;
  analytics::Session session(options);
  std::unordered_set<std::string> known;
  session.Stream("SELECT id FROM " + snapshot.predictions, [&](const Table& part) {
    for (size_t row = 0; row < part.row_count(); ++row) {
      std::string id = part.Text(row, 0);
      if (std::binary_search(hashes.begin(), hashes.end(), HashId(id))) known.insert(std::move(id));
    }
    return true;
  });
  std::unordered_set<std::string_view> seen(known.begin(), known.end());
  std::vector<bool> is_new;
  is_new.reserve(ids.size());
  for (const auto& id : ids) is_new.push_back(!id || seen.insert(*id).second);
  return is_new;
}

// Writes rows in pieces.
class Writing {
 public:
  Writing(PredictionLog& log, const Clock& clock, std::string endpoint, std::string who)
      : log_(log), now_ms_(clock.NowMs()), endpoint_(std::move(endpoint)), who_(std::move(who)) {}

  void Add(ImportedRow row) {
    if (row.has_time && !row.time_ms) return Refuse(row, "its time cannot be read");
    // When it happened may be earlier.
    if (row.time_ms && *row.time_ms < 0) return Refuse(row, "its time is before 1970");
    if (!row.refusal.empty()) return Refuse(row, row.refusal);
    Prediction prediction{.id = row.id ? *std::move(row.id) : NewHexId(),
                          .endpoint = endpoint_,
                          .model_version = std::move(row.version),
                          .time_ms = row.time_ms.value_or(now_ms_),
                          .event_time_ms = row.event_time_ms.value_or(0),
                          .latency_us = row.latency_us.value_or(kLatencyUnknown),
                          .caller = row.caller ? *std::move(row.caller) : who_,
                          .trace_id = std::move(row.trace_id),
                          .error = std::move(row.error),
                          .inputs = std::move(row.inputs),
                          .outputs = std::move(row.outputs)};
    if (IsTooLarge(prediction)) return Refuse(row, "it is too large");
    if (!std::holds_alternative<std::monostate>(row.outcome)) {
      outcomes_.push_back(
          {.prediction_id = prediction.id, .value = std::move(row.outcome), .time_ms = now_ms_});
    }
    values_ += static_cast<int64_t>(prediction.inputs.size() + prediction.outputs.size());
    predictions_.push_back(std::move(prediction));
    if (static_cast<int64_t>(predictions_.size()) == kRowsPerWrite || values_ >= kValuesPerWrite)
      Write();
  }

  ImportResult Finish() {
    Write();
    return result_;
  }

 private:
  void Refuse(const ImportedRow& row, std::string_view why) {
    if (++result_.refused == 1) result_.refusal = fmt::format("Row {}: {}", row.number, why);
  }
  void Write() {
    log_.RecordPredictions(predictions_);
    result_.predictions += static_cast<int64_t>(predictions_.size());
    predictions_.clear();
    values_ = 0;
    result_.outcomes += static_cast<int64_t>(outcomes_.size());
    log_.RecordOutcomes(endpoint_, std::exchange(outcomes_, {}), who_);
  }

  PredictionLog& log_;
  const int64_t now_ms_;
  const std::string endpoint_, who_;
  std::vector<Prediction> predictions_;
  int64_t values_ = 0;  // of predictions_
  std::vector<Outcome> outcomes_;
  ImportResult result_;
};

}  // namespace

ImportResult PredictionImport::Import(const std::string& endpoint,
                                      const std::filesystem::path& file, const ImportRules& rules,
                                      const std::string& who) {
  std::lock_guard lock(mutex_);
  log_.Flush();  // what a request just before wrote is known
  const auto import = [&](auto& table) {
    const std::vector<bool> is_new = FindNew(log_, endpoint, table.Ids());
    Writing writing(log_, clock_, endpoint, who);
    table.ForEach([&](ImportedRow row) {
      if (is_new[static_cast<size_t>(row.number - 1)]) writing.Add(std::move(row));
    });
    ImportResult result = writing.Finish();
    result.known = std::count(is_new.begin(), is_new.end(), false);
    return result;
  };
  if (auto lines = JsonLines::Open(file, rules)) return import(*lines);
  FileTable table(file.string(), rules);
  return import(table);
}

}  // namespace millwright::monitoring
