#include "monitoring/prediction_import.h"

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/id.h"

namespace millwright::monitoring {

using analytics::Column;
using analytics::ColumnType;
using analytics::QuoteName;
using analytics::Table;

namespace {

constexpr char kIncoming[] = "incoming";
constexpr size_t kRowsPerWrite = 5'000;

// Fields of the log that say nothing of a prediction that was made elsewhere.
constexpr std::string_view kPassedOver[] = {
    "endpoint",        "revision", "role",          "cached",           "outcome_text",
    "outcome_time_ms", "feedback", "feedback_text", "feedback_comment", "feedback_time_ms"};

// Where the columns of kIncoming are; those of values come after them.
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

enum class Part { kInput, kOutput, kInputs, kOutputs };  // the latter two are objects
struct ValueColumn {
  Part part = Part::kInput;
  std::string name;  // without prefix
};

class Plan {
 public:
  Plan(const std::vector<Column>& columns, const ImportRules& rules)
      : columns_(columns), rules_(rules) {
    for (const std::string& output : rules.outputs) Require(output);
    id_ = Take(rules.id, "id");
    time_ = Take(rules.time, "time_ms");
    event_time_ = Take(rules.event_time, "event_time_ms");
    version_ = Take(rules.version, "model_version");
    latency_ = Take(rules.latency_us, "latency_us");
    caller_ = Take("", "caller");
    trace_ = Take("", "trace_id");
    failure_ = Take("", "error");
    outcome_ = Take(rules.outcome, "outcome");
    if (rules.outcome.empty()) outcome_text_ = Find("outcome_text");
    for (const Column& column : columns_) AddValue(column);
  }

  const std::vector<ValueColumn>& values() const { return values_; }

  std::string Sql(const std::string& table) const {
    std::string sql =
        "SELECT row_number() OVER () AS number, " + Text(id_) + " AS id, " +
        Milliseconds(time_ != nullptr ? time_ : event_time_) + " AS time, " +
        IsThere(time_ != nullptr ? time_ : event_time_) + " AS time_given, " +
        Milliseconds(event_time_) + " AS event_time, " + Text(version_) + " AS version, " +
        (latency_ == nullptr ? "NULL" : "TRY_CAST(" + QuoteName(latency_->name) + " AS BIGINT)") +
        " AS latency, " + Text(caller_) + " AS caller, " + Text(trace_) + " AS trace, " +
        Text(failure_) + " AS failure, " +
        (outcome_ == nullptr ? "NULL" : QuoteName(outcome_->name)) + " AS outcome, " +
        Text(outcome_text_) + " AS outcome_text";
    return sql + value_sql_ + " FROM " + table;
  }

 private:
  const Column* Find(const std::string& name) const {
    const auto found = std::find_if(columns_.begin(), columns_.end(),
                                    [&](const Column& column) { return column.name == name; });
    return found == columns_.end() ? nullptr : &*found;
  }
  const Column& Require(const std::string& name) const {
    const Column* column = Find(name);
    if (column == nullptr) throw InvalidArgument("The table has no column {}", name);
    return *column;
  }
  const Column* Take(const std::string& named, const std::string& own) {
    const Column* column = named.empty() ? Find(own) : &Require(named);
    if (column != nullptr) taken_.push_back(column->name);
    return column;
  }

  void AddValue(const Column& column) {
    const std::string& name = column.name;
    const auto is = [&](const auto& names) {
      return std::find(std::begin(names), std::end(names), name) != std::end(names);
    };
    const bool is_object = column.sql_type.starts_with("STRUCT") ||
                           column.sql_type.starts_with("MAP") || column.sql_type == "JSON";
    if (is(rules_.outputs)) {
      Add(Part::kOutput, name, column);
    } else if (is(taken_) || is(kPassedOver)) {
      return;
    } else if (name.starts_with(kInputPrefix)) {
      Add(Part::kInput, name.substr(sizeof kInputPrefix - 1), column);
    } else if (name.starts_with(kOutputPrefix)) {
      Add(Part::kOutput, name.substr(sizeof kOutputPrefix - 1), column);
    } else if (name == "inputs" && is_object) {
      Add(Part::kInputs, name, column);
    } else if (name == "outputs" && is_object) {
      Add(Part::kOutputs, name, column);
    } else {
      Add(Part::kInput, name, column);
    }
  }

  void Add(Part part, std::string name, const Column& column) {
    const bool is_nested = column.type == ColumnType::kOther;
    value_sql_ += ", " + (is_nested ? "CAST(to_json(" + QuoteName(column.name) + ") AS VARCHAR)"
                                    : QuoteName(column.name));
    value_sql_ += " AS value_" + std::to_string(values_.size());
    values_.push_back({part, std::move(name)});
  }

  static std::string Text(const Column* column) {
    return column == nullptr ? "CAST(NULL AS VARCHAR)"
                             : "CAST(" + QuoteName(column->name) + " AS VARCHAR)";
  }
  static std::string IsThere(const Column* column) {
    return column == nullptr ? "FALSE" : QuoteName(column->name) + " IS NOT NULL";
  }
  static std::string Milliseconds(const Column* column) {
    if (column == nullptr) return "NULL";
    const std::string name = QuoteName(column->name);
    switch (column->type) {
      case ColumnType::kInteger:
      case ColumnType::kDouble:
        return "TRY_CAST(" + name + " AS BIGINT)";
      case ColumnType::kTimestamp:
      case ColumnType::kDate:
        return "epoch_ms(CAST(" + name + " AS TIMESTAMP))";
      default:
        return "coalesce(TRY_CAST(" + name + " AS BIGINT), epoch_ms(TRY_CAST(" + name +
               " AS TIMESTAMP)))";
    }
  }

  const std::vector<Column>& columns_;
  const ImportRules& rules_;
  const Column *id_ = nullptr, *time_ = nullptr, *event_time_ = nullptr, *version_ = nullptr,
               *latency_ = nullptr, *caller_ = nullptr, *trace_ = nullptr, *failure_ = nullptr,
               *outcome_ = nullptr, *outcome_text_ = nullptr;
  std::vector<std::string> taken_;
  std::vector<ValueColumn> values_;
  std::string value_sql_;
};

void AddObject(const std::string& text, NamedValues& values) {
  const Json object = ParseJson(text);
  if (!object.is_object()) throw InvalidArgument("{} is no object of values", text.substr(0, 100));
  for (const auto& [name, value] : object.AsObject()) {
    values.emplace_back(name, ToValue(value));
  }
}

void AddValues(const std::vector<ValueColumn>& columns, const Table& table, size_t row,
               Prediction& prediction) {
  for (size_t i = 0; i < columns.size(); ++i) {
    const size_t place = kPlaces + i;
    if (table.IsNull(row, place)) continue;
    switch (columns[i].part) {
      case Part::kInputs:
        AddObject(table.Text(row, place), prediction.inputs);
        break;
      case Part::kOutputs:
        AddObject(table.Text(row, place), prediction.outputs);
        break;
      case Part::kInput:
        prediction.inputs.emplace_back(columns[i].name, ToValue(table.ToJson(row, place)));
        break;
      case Part::kOutput:
        prediction.outputs.emplace_back(columns[i].name, ToValue(table.ToJson(row, place)));
        break;
    }
  }
}

// Writes rows in pieces.
class Writing {
 public:
  Writing(PredictionLog& log, const Clock& clock, std::string endpoint, std::string who,
          std::vector<ValueColumn> columns, bool has_types)
      : log_(log),
        now_ms_(clock.NowMs()),
        endpoint_(std::move(endpoint)),
        who_(std::move(who)),
        columns_(std::move(columns)),
        has_types_(has_types) {}

  void Add(const Table& table, size_t row) {
    if (table.IsNull(row, kTime) && table.At(row, kTimeGiven) == Table::Cell(true)) {
      return Refuse(table, row, "its time cannot be read");
    }
    // When it happened may be earlier.
    if (!table.IsNull(row, kTime) && table.Int(row, kTime) < 0) {
      return Refuse(table, row, "its time is before 1970");
    }
    Prediction prediction{.id = table.IsNull(row, kId) ? NewHexId() : table.Text(row, kId),
                          .endpoint = endpoint_,
                          .model_version = table.Text(row, kVersion),
                          .time_ms = table.IsNull(row, kTime) ? now_ms_ : table.Int(row, kTime),
                          .latency_us = kLatencyUnknown,
                          .caller = table.IsNull(row, kCaller) ? who_ : table.Text(row, kCaller),
                          .trace_id = table.IsNull(row, kTrace) ? "" : table.Text(row, kTrace),
                          .error = table.Text(row, kFailure)};
    if (!table.IsNull(row, kEventTime)) prediction.event_time_ms = table.Int(row, kEventTime);
    if (!table.IsNull(row, kLatency)) prediction.latency_us = table.Int(row, kLatency);
    try {
      AddValues(columns_, table, row, prediction);
    } catch (const Error& error) {
      return Refuse(table, row, error.message());
    }
    if (EncodePrediction(prediction).size() > kRecordBytesMax) {
      return Refuse(table, row, "it is too large");
    }
    const Place outcome = table.IsNull(row, kOutcomeValue) ? kOutcomeText : kOutcomeValue;
    if (!table.IsNull(row, outcome)) {
      outcomes_.push_back({.prediction_id = prediction.id,
                           .value = has_types_ ? ToValue(table.ToJson(row, outcome))
                                               : ReadField(table.Text(row, outcome)),
                           .time_ms = now_ms_});
    }
    predictions_.push_back(std::move(prediction));
    if (predictions_.size() == kRowsPerWrite) Write();
  }

  ImportResult Finish() {
    Write();
    return result_;
  }

 private:
  void Refuse(const Table& table, size_t row, std::string_view why) {
    if (++result_.refused == 1) {
      result_.refusal = fmt::format("Row {}: {}", table.Int(row, kNumber), why);
    }
  }
  void Write() {
    log_.RecordPredictions(predictions_);
    result_.predictions += static_cast<int64_t>(predictions_.size());
    predictions_.clear();
    result_.outcomes += static_cast<int64_t>(outcomes_.size());
    log_.RecordOutcomes(endpoint_, std::exchange(outcomes_, {}), who_);
  }

  PredictionLog& log_;
  const int64_t now_ms_;
  const std::string endpoint_, who_;
  const std::vector<ValueColumn> columns_;
  const bool has_types_;  // the file says of each value what it is
  std::vector<Prediction> predictions_;
  std::vector<Outcome> outcomes_;
  ImportResult result_;
};

// In a file without types "007" is an id and "yes" an outcome, whatever they look like.
std::string TableOf(analytics::Session& session, const std::string& file,
                    const ImportRules& rules) {
  std::vector<std::string> as_text;
  for (const Column& column : session.Describe("SELECT * FROM " + analytics::ReadFileSql(file))) {
    const bool is_id = column.name == (rules.id.empty() ? "id" : rules.id);
    const bool is_outcome = column.name == (rules.outcome.empty() ? "outcome" : rules.outcome);
    if (is_id || is_outcome) as_text.push_back(column.name);
  }
  return analytics::ReadFileSql(file, as_text);
}

// Of the ids that a file has, rising.
std::vector<uint64_t> HashesOf(const std::string& file, const ImportRules& rules) {
  analytics::SessionOptions options;
  options.allowed_files = {file};
  options.time_limit_ms = kImportMsMax;
  analytics::Session session(options);
  const std::string table = TableOf(session, file, rules);
  const std::string id = rules.id.empty() ? "id" : rules.id;
  std::vector<uint64_t> hashes;
  for (const Column& column : session.Describe("SELECT * FROM " + table)) {
    if (column.name != id) continue;
    session.Stream("SELECT CAST(" + QuoteName(id) + " AS VARCHAR) FROM " + table + " WHERE " +
                       QuoteName(id) + " IS NOT NULL LIMIT " + std::to_string(kImportRowsMax + 1),
                   [&](const Table& part) {
                     for (size_t row = 0; row < part.row_count(); ++row) {
                       hashes.push_back(HashId(std::get<std::string>(part.At(row, 0))));
                     }
                     return true;
                   });
  }
  std::sort(hashes.begin(), hashes.end());
  return hashes;
}

}  // namespace

ImportResult PredictionImport::Import(const std::string& endpoint,
                                      const std::filesystem::path& file, const ImportRules& rules,
                                      const std::string& who) {
  std::lock_guard lock(mutex_);
  log_.Flush();  // what a request just before wrote is known
  // Files that have none of the ids are not read: a large log costs no more than a small one.
  std::optional<LogSnapshot> snapshot =
      log_.Open(endpoint, {.ids = HashesOf(file.string(), rules)});
  analytics::SessionOptions options;
  options.allowed_files = snapshot->files;
  options.allowed_files.push_back(file.string());
  options.allowed_folders = {snapshot->tail->path().string()};
  options.time_limit_ms = kImportMsMax;
  analytics::Session session(options);
  const std::string table = TableOf(session, file.string(), rules);
  const std::vector<Column> columns = session.Describe("SELECT * FROM " + table);
  const Plan plan(columns, rules);
  // As a whole, so that a file that cannot be read to its end leaves nothing behind.
  session.Execute(fmt::format("CREATE TEMP TABLE {} AS {} LIMIT {}", kIncoming, plan.Sql(table),
                              kImportRowsMax + 1));
  const int64_t rows = session.Query(fmt::format("SELECT count(*) FROM {}", kIncoming)).Int(0, 0);
  if (rows > kImportRowsMax) {
    throw InvalidArgument("A file may have {} predictions; send this one in pieces",
                          kImportRowsMax);
  }
  session.Execute(fmt::format(
      "CREATE TEMP TABLE new_rows AS SELECT * FROM {} i WHERE id IS NULL OR id NOT IN (SELECT id "
      "FROM {}) QUALIFY id IS NULL OR row_number() OVER (PARTITION BY id ORDER BY number) = 1",
      kIncoming, snapshot->predictions));
  snapshot.reset();
  Writing writing(log_, clock_, endpoint, who, plan.values(),
                  !analytics::IsTextFile(file.string()));
  int64_t taken = 0;
  session.Stream("SELECT * FROM new_rows ORDER BY number", [&](const Table& part) {
    for (size_t row = 0; row < part.row_count(); ++row) writing.Add(part, row);
    taken += static_cast<int64_t>(part.row_count());
    return true;
  });
  ImportResult result = writing.Finish();
  result.known = rows - taken;
  return result;
}

}  // namespace millwright::monitoring
