#include "monitoring/prediction_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "analytics/session_host.h"
#include "base/error.h"
#include "monitoring/slice_performance.h"

namespace millwright::monitoring {

using analytics::Column;
using analytics::ColumnType;
using analytics::QuoteName;
using analytics::QuoteText;
using analytics::Session;
using analytics::Table;

namespace {

std::optional<double> NumberOrNothing(const Table& table, size_t row, int column) {
  if (table.IsNull(row, column)) return std::nullopt;
  return table.Double(row, column);
}

void ReadColumns(const Table& table, size_t row, std::string_view prefix, NamedValues& values) {
  for (size_t i = 0; i < table.columns().size(); ++i) {
    const std::string& name = table.columns()[i].name;
    if (!name.starts_with(prefix) || table.IsNull(row, i)) continue;
    values.emplace_back(name.substr(prefix.size()), ToValue(table.ToJson(row, i)));
  }
}

KnownPrediction ReadPrediction(const Table& table, size_t row) {
  const auto text = [&](const char* name) { return table.Text(row, table.ColumnIndex(name)); };
  const auto integer = [&](const char* name) { return table.Int(row, table.ColumnIndex(name)); };
  KnownPrediction prediction;
  prediction.id = text("id");
  prediction.endpoint = text("endpoint");
  prediction.model_version = text("model_version");
  prediction.revision = text("revision");
  prediction.role = ParseRole(text("role"));
  prediction.time_ms = integer("time_ms");
  prediction.event_time_ms = integer("event_time_ms");
  const int latency = table.ColumnIndex("latency_us");
  prediction.latency_us = table.IsNull(row, latency) ? kLatencyUnknown : table.Int(row, latency);
  prediction.caller = text("caller");
  prediction.error = text("error");
  // The next two are absent in what earlier releases wrote.
  const int trace = table.ColumnIndex("trace_id");
  if (trace >= 0 && !table.IsNull(row, trace)) prediction.trace_id = table.Text(row, trace);
  const int cached = table.ColumnIndex("cached");
  prediction.cached = cached >= 0 && table.ToJson(row, cached) == Json(true);
  ReadColumns(table, row, kInputPrefix, prediction.inputs);
  ReadColumns(table, row, kOutputPrefix, prediction.outputs);
  const int number = table.ColumnIndex("outcome"), label = table.ColumnIndex("outcome_text");
  const int time = table.ColumnIndex("outcome_time_ms");
  if (!table.IsNull(row, time)) prediction.outcome_time_ms = table.Int(row, time);
  if (!table.IsNull(row, label)) prediction.outcome = table.Text(row, label);
  if (!table.IsNull(row, number)) prediction.outcome = table.Double(row, number);
  if (const int when = table.ColumnIndex("feedback_time_ms"); !table.IsNull(row, when)) {
    Feedback& feedback = prediction.feedback.emplace();
    feedback.time_ms = table.Int(row, when);
    feedback.comment = table.Text(row, table.ColumnIndex("feedback_comment"));
    const int figure = table.ColumnIndex("feedback"), words = table.ColumnIndex("feedback_text");
    if (!table.IsNull(row, words)) feedback.value = table.Text(row, words);
    if (!table.IsNull(row, figure)) feedback.value = table.Double(row, figure);
  }
  return prediction;
}

// Numbers in one spelling, so that the text 17 finds the input 17.0.
std::string ComparableSql(const std::string& value) {
  return "coalesce(CAST(TRY_CAST(" + value + " AS DOUBLE) AS VARCHAR), CAST(" + value +
         " AS VARCHAR))";
}

// Outcomes of a kind by prediction_id; those by key once for each prediction that they mean.
std::string OutcomesByIdSql(const LogSnapshot& snapshot, OutcomeKind kind) {
  const std::string is_kind =
      kind == OutcomeKind::kFeedback ? "kind = 'feedback'" : "kind IS DISTINCT FROM 'feedback'";
  const std::string columns = "number, text, comment, time_ms, sequence";
  std::string sql = "SELECT prediction_id, " + columns + " FROM " + snapshot.outcomes + " WHERE " +
                    is_kind + " AND key_input IS NULL";
  for (const std::string& input : snapshot.traits.key_inputs) {
    const std::string column = QuoteName(kInputPrefix + input);
    // The predictions may lack the input.
    sql +=
        " UNION ALL SELECT p.id, k.number, k.text, k.comment, k.time_ms, k.sequence FROM "
        "(SELECT * FROM " +
        snapshot.outcomes + " WHERE " + is_kind + " AND key_input = " + QuoteText(input) +
        ") k JOIN (SELECT id, event_time_ms, " + column + " AS key FROM (SELECT * FROM " +
        snapshot.predictions + " UNION ALL BY NAME SELECT CAST(NULL AS VARCHAR) AS " + column +
        " WHERE FALSE)) p ON " + ComparableSql("k.key_value") + " = " + ComparableSql("p.key") +
        " AND p.event_time_ms <= k.time_ms AND p.event_time_ms >= k.time_ms - k.within_ms";
  }
  return "(" + sql + ")";
}

// Other tables in the place of a snapshot's, which stays the one that holds the files.
LogSnapshot Only(const LogSnapshot& snapshot, std::string predictions, std::string outcomes) {
  LogSnapshot only;
  only.predictions = std::move(predictions);
  only.outcomes = std::move(outcomes);
  only.traits = snapshot.traits;
  return only;
}

// The outcomes that may be of some predictions: by their ids, and all that go by a key.
std::string OutcomesOf(const std::string& predictions, const LogSnapshot& snapshot) {
  return "(SELECT * FROM " + snapshot.outcomes +
         " WHERE key_input IS NOT NULL OR prediction_id IN (SELECT id FROM " + predictions + "))";
}

// Orders outcomes by time, then as they were recorded, as one number: a row of both takes twice as
// long to compare.
constexpr std::string_view kNewestSql = "CAST(time_ms AS HUGEINT) * 9223372036854775808 + sequence";

// The newest outcome of a kind of each prediction.
std::string NewestOutcomesSql(const LogSnapshot& snapshot, OutcomeKind kind) {
  return "(SELECT prediction_id, arg_max(struct_pack(number := number, text := text, comment := "
         "comment, time_ms := time_ms), " +
         std::string(kNewestSql) + ") AS value FROM " + OutcomesByIdSql(snapshot, kind) +
         " GROUP BY prediction_id)";
}

// A session that sees the snapshot and nothing else, with the views of questions from outside, of
// a slice's range. `host` is null where no SQL from outside is to run in it.
Session OpenViews(const LogSnapshot& snapshot, const LogSlice& slice, analytics::SessionHost* host,
                  const std::vector<std::string>& files_written = {}) {
  analytics::SessionOptions options;
  options.allowed_files = snapshot.files;
  options.allowed_files.insert(options.allowed_files.end(), files_written.begin(),
                               files_written.end());
  options.allowed_folders = {snapshot.tail->path().string()};
  options.time_limit_ms = host == nullptr ? kQueryMsMax : host->options().time_limit_ms;
  options.host = host;
  options.is_wanted = slice.is_wanted;
  Session session(options);
  session.Execute("CREATE VIEW predictions AS SELECT * FROM " +
                  KnownPredictionsSql(Narrowed(snapshot, slice.happened)));
  session.Execute("CREATE VIEW outcomes AS SELECT * FROM " + snapshot.outcomes);
  return session;
}

// Where a session for a slice is to live: its condition is from outside.
analytics::SessionHost* HostOf(const LogSlice& slice, analytics::SessionHost* host) {
  return slice.where.empty() ? nullptr : host;
}

// A SELECT from outside that may be put into parentheses.
std::string OneSelect(Session& session, std::string text) {
  while (!text.empty() &&
         (text.back() == ';' || std::isspace(static_cast<unsigned char>(text.back())))) {
    text.pop_back();
  }
  session.RequireOneSelect(text);
  return "(" + text + "\n)";
}

// Over views that were opened for the slice's range.
std::string SliceSql(Session& session, const LogSlice& slice) {
  std::string sql = "SELECT * FROM predictions WHERE role <> 'shadow'";
  // Alone first, so that it cannot end the parentheses that it is put into.
  if (!slice.where.empty()) {
    session.RequireOneSelect("SELECT 1 FROM predictions WHERE " + slice.where);
    sql += " AND (" + slice.where + "\n)";
  }
  return OneSelect(session, sql);
}

int64_t WriteRows(Session& session, const std::string& rows, const std::filesystem::path& file) {
  const std::string extension = file.extension();
  const std::string format = extension == ".parquet" ? "FORMAT parquet, COMPRESSION zstd"
                             : extension == ".csv"   ? "FORMAT csv, HEADER"
                             : extension == ".jsonl" ? "FORMAT json"
                                                     : "";
  if (format.empty()) throw InvalidArgument("A log is written as .parquet, .csv or .jsonl");
  const Table written =
      session.Query("COPY (SELECT * FROM " + rows + " ORDER BY event_time_ms, id) TO " +
                    QuoteText(file.string()) + " (" + format + ")");
  return written.Int(0, 0);
}

ColumnSummary SummarizeColumn(Session& session, const std::string& table, const Column& column,
                              std::string name) {
  const std::string quoted = QuoteName(column.name);
  ColumnSummary summary;
  summary.name = std::move(name);
  summary.is_number = column.type == ColumnType::kDouble || column.type == ColumnType::kInteger;
  const std::string finite = quoted + ") FILTER (WHERE isfinite(" + quoted + "))";
  const Table figures = session.Query(
      "SELECT count(*) - count(" + quoted + "), approx_count_distinct(" + quoted + "), count(*)" +
      (summary.is_number
           ? ", min(" + finite + ", median(" + finite + ", avg(" + finite + ", max(" + finite
           : "") +
      " FROM " + table);
  summary.missing = figures.Int(0, 0);
  summary.distinct = figures.Int(0, 1);
  summary.is_distinct_approximate =
      figures.Int(0, 2) > kExactRowsMax && summary.distinct > kExactDistinctMax;
  if (!summary.is_distinct_approximate) {
    summary.distinct =
        session.Query("SELECT count(DISTINCT " + quoted + ") FROM " + table).Int(0, 0);
  }
  if (summary.is_number) {
    summary.min = NumberOrNothing(figures, 0, 3);
    summary.p50 = NumberOrNothing(figures, 0, 4);
    summary.mean = NumberOrNothing(figures, 0, 5);
    summary.max = NumberOrNothing(figures, 0, 6);
    return summary;
  }
  const Table top = session.Query(
      "SELECT CAST(" + quoted + " AS VARCHAR), count(*) FROM " + table + " WHERE " + quoted +
      " IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT " + std::to_string(kSummaryTop));
  for (size_t row = 0; row < top.row_count(); ++row) {
    summary.top.emplace_back(top.Text(row, 0), top.Int(row, 1));
  }
  return summary;
}

// Means of a regression, and shares of a classifier; of answers that are neither, neither.
void SetAnswers(const Table& figures, size_t first, const LabelRule& rule, LogSummary* summary) {
  summary->task = rule.task;
  if (rule.task == ModelTask::kNone && !figures.IsNull(0, first)) {
    summary->task = figures.Text(0, first) == "true" ? ModelTask::kBinary : ModelTask::kRegression;
  }
  const auto number = [&](size_t column) {
    return NumberOrNothing(figures, 0, static_cast<int>(first + column));
  };
  if (summary->task == ModelTask::kRegression) {
    summary->mean_predicted = number(3);
    summary->mean_actual = number(4);
  } else {
    summary->positive_rate_predicted = number(1);
    summary->positive_rate_actual = number(2);
  }
}

LogSummary Figures(Session& session, const std::string& table, const LabelRule& rule) {
  const std::optional<std::string> answer =
      ProbabilitySql(rule, session.Describe("SELECT * FROM " + table));
  const std::string answers =
      answer ? fmt::format(
                   "{0}, avg(CASE WHEN {1} >= {2} THEN 1.0 WHEN {1} IS NOT NULL THEN 0.0 "
                   "END), avg({3}), avg({1}) FILTER (WHERE isfinite({1}))",
                   IsBinarySql(*answer), *answer, Json(rule.threshold).Dump(), ActualSql(rule))
             : fmt::format("NULL, NULL, avg({}), NULL", ActualSql(rule));
  const Table figures = session.Query(
      "SELECT count(*), count(outcome_time_ms), quantile_cont(latency_us, 0.5) / 1000, "
      "quantile_cont(latency_us, 0.99) / 1000, count(feedback_time_ms), count(*) FILTER (WHERE "
      "error <> ''), min(event_time_ms), max(event_time_ms), " +
      answers + ", avg(outcome) FILTER (WHERE isfinite(outcome)) FROM " + table +
      " WHERE role <> 'shadow'");
  LogSummary summary;
  summary.predictions = figures.Int(0, 0);
  summary.outcomes = figures.Int(0, 1);
  if (summary.predictions > 0) {
    summary.coverage =
        static_cast<double>(summary.outcomes) / static_cast<double>(summary.predictions);
    summary.first_ms = figures.Int(0, 6);
    summary.last_ms = figures.Int(0, 7);
  }
  summary.latency_p50_ms = NumberOrNothing(figures, 0, 2);
  summary.latency_p99_ms = NumberOrNothing(figures, 0, 3);
  summary.feedback = figures.Int(0, 4);
  summary.errors = figures.Int(0, 5);
  SetAnswers(figures, 8, rule, &summary);
  return summary;
}

}  // namespace

Session OpenSlice(const LogSnapshot& snapshot, const LogSlice& slice, const std::string& table,
                  analytics::SessionHost* host, int64_t rows_max) {
  Session session = OpenViews(snapshot, slice, HostOf(slice, host));
  const bool is_bounded = rows_max < std::numeric_limits<int64_t>::max();
  session.Execute("CREATE TEMP TABLE " + table + " AS SELECT * FROM " + SliceSql(session, slice) +
                  (is_bounded ? " LIMIT " + std::to_string(rows_max + 1) : ""));
  if (!is_bounded) return session;
  if (session.Query("SELECT count(*) FROM " + table).Int(0, 0) > rows_max) {
    throw InvalidArgument("The slice has more than {} predictions: narrow it, or its time",
                          rows_max)
        .WithField("where");
  }
  return session;
}

LogSnapshot Narrowed(const LogSnapshot& snapshot, const TimeRange& happened) {
  if (happened == TimeRange()) return Only(snapshot, snapshot.predictions, snapshot.outcomes);
  const std::string predictions =
      fmt::format("(SELECT * FROM {} WHERE event_time_ms >= {} AND event_time_ms < {})",
                  snapshot.predictions, happened.from_ms, happened.to_ms);
  return Only(snapshot, predictions, OutcomesOf(predictions, snapshot));
}

std::string KnownPredictionsSql(const LogSnapshot& snapshot) {
  const bool has_feedback = snapshot.traits.has_feedback;
  const std::string feedback =
      has_feedback ? "f.value.number AS feedback, f.value.text AS feedback_text, f.value.comment "
                     "AS feedback_comment, f.value.time_ms AS feedback_time_ms"
                   : "CAST(NULL AS DOUBLE) AS feedback, CAST(NULL AS VARCHAR) AS feedback_text, "
                     "CAST(NULL AS VARCHAR) AS feedback_comment, CAST(NULL AS BIGINT) AS "
                     "feedback_time_ms";
  std::string sql =
      "(SELECT p.*, o.value.number AS outcome, o.value.text AS outcome_text, "
      "o.value.time_ms AS outcome_time_ms, " +
      feedback + " FROM " + snapshot.predictions + " p LEFT JOIN " +
      NewestOutcomesSql(snapshot, OutcomeKind::kLabel) + " o ON p.id = o.prediction_id";
  if (has_feedback) {
    sql += " LEFT JOIN " + NewestOutcomesSql(snapshot, OutcomeKind::kFeedback) +
           " f ON p.id = f.prediction_id";
  }
  return sql + ")";
}

std::vector<KnownPrediction> PredictionReader::Recent(const std::string& endpoint, int limit) {
  limit = std::clamp(limit, 1, kRecentMax);
  const LogSnapshot snapshot =
      log_.Open(endpoint, {.asked = {.from_ms = log_.NewestFrom(endpoint, limit)}});
  std::lock_guard lock(mutex_);
  // The newest are found before the join, which then has few rows to do.
  session_->Execute("CREATE OR REPLACE TEMP TABLE newest AS SELECT * FROM " + snapshot.predictions +
                    " ORDER BY time_ms DESC, id DESC LIMIT " + std::to_string(limit));
  const LogSnapshot newest = Only(snapshot, "newest", OutcomesOf("newest", snapshot));
  const Table table = session_->Query("SELECT * FROM " + KnownPredictionsSql(newest) +
                                      " ORDER BY time_ms DESC, id DESC");
  std::vector<KnownPrediction> predictions;
  for (size_t row = 0; row < table.row_count(); ++row) {
    predictions.push_back(ReadPrediction(table, row));
  }
  return predictions;
}

std::vector<KnownPrediction> PredictionReader::Rows(const std::string& endpoint,
                                                    const LogSlice& slice, int limit) {
  limit = std::clamp(limit, 1, kRecentMax);
  const LogSnapshot snapshot = log_.Open(endpoint, {.happened = slice.happened});
  Session session = OpenViews(snapshot, slice, HostOf(slice, host_));
  const Table table =
      session.Query("SELECT * FROM " + SliceSql(session, slice) +
                    " ORDER BY event_time_ms DESC, id DESC LIMIT " + std::to_string(limit));
  std::vector<KnownPrediction> predictions;
  for (size_t row = 0; row < table.row_count(); ++row) {
    predictions.push_back(ReadPrediction(table, row));
  }
  return predictions;
}

int64_t PredictionReader::CountMatched(const std::string& endpoint,
                                       const std::vector<Outcome>& outcomes, int64_t now_ms) {
  const LogSnapshot snapshot = log_.Open(endpoint);
  std::lock_guard lock(mutex_);
  session_->Execute(
      "CREATE OR REPLACE TEMP TABLE pushed (prediction_id VARCHAR, key_input VARCHAR, key_value "
      "VARCHAR, within_ms BIGINT, time_ms BIGINT, sequence BIGINT, number DOUBLE, text VARCHAR, "
      "comment VARCHAR, kind VARCHAR)");
  LogSnapshot pushed = Only(snapshot, snapshot.predictions, "pushed");
  pushed.traits = {};
  {
    Session::Appender rows = session_->Append("pushed");
    for (size_t i = 0; i < outcomes.size(); ++i) {
      const Outcome& outcome = outcomes[i];
      if (outcome.key) {
        pushed.traits.key_inputs.insert(outcome.key->input);
        rows.Null();
        rows.Add(std::string_view(outcome.key->input));
        rows.Add(std::string_view(outcome.key->value));
        rows.Add(outcome.key->within_ms);
      } else {
        rows.Add(std::string_view(outcome.prediction_id));
        for (int field = 0; field < 3; ++field) rows.Null();
      }
      rows.Add(outcome.time_ms == 0 ? now_ms : outcome.time_ms);
      rows.Add(static_cast<int64_t>(i));
      for (int field = 0; field < 3; ++field) rows.Null();
      rows.Add(OutcomeKindName(OutcomeKind::kLabel));
      rows.EndRow();
    }
    rows.Close();
  }
  return session_
      ->Query("SELECT count(DISTINCT sequence) FROM " +
              OutcomesByIdSql(pushed, OutcomeKind::kLabel) +
              " o WHERE prediction_id IN (SELECT id FROM " + snapshot.predictions + ")")
      .Int(0, 0);
}

std::vector<TrafficBucket> PredictionReader::Traffic(const std::string& endpoint, int buckets,
                                                     int64_t bucket_ms, int64_t now_ms) {
  if (buckets < 1 || buckets > kTrafficBucketsMax || bucket_ms < 1) {
    throw InvalidArgument("buckets must be from 1 to {}", kTrafficBucketsMax).WithField("buckets");
  }
  const int64_t last = now_ms / bucket_ms;
  const int64_t first = last - buckets + 1;
  std::vector<TrafficBucket> traffic;
  for (int64_t bucket = first; bucket <= last; ++bucket) {
    traffic.push_back({.start_ms = bucket * bucket_ms});
  }
  const LogSnapshot snapshot =
      log_.Open(endpoint, {.asked = {first * bucket_ms, (last + 1) * bucket_ms}});
  const std::string width = std::to_string(bucket_ms);
  std::lock_guard lock(mutex_);
  const Table table = session_->Query(
      "SELECT time_ms // " + width +
      " AS bucket, count(*), count(*) FILTER (WHERE error <> ''), "
      "quantile_cont(latency_us, 0.5) / 1000, quantile_cont(latency_us, 0.99) / 1000 FROM " +
      snapshot.predictions +
      " WHERE role <> 'shadow' AND time_ms >= " + std::to_string(first * bucket_ms) +
      " AND time_ms < " + std::to_string((last + 1) * bucket_ms) + " GROUP BY 1");
  for (size_t row = 0; row < table.row_count(); ++row) {
    TrafficBucket& bucket = traffic[static_cast<size_t>(table.Int(row, 0) - first)];
    bucket.requests = table.Int(row, 1);
    bucket.errors = table.Int(row, 2);
    bucket.p50_ms = NumberOrNothing(table, row, 3);
    bucket.p99_ms = NumberOrNothing(table, row, 4);
  }
  return traffic;
}

LogSummary PredictionReader::Summary(const std::string& endpoint, const LabelRule& rule) {
  const LogSnapshot snapshot = log_.Open(endpoint);
  std::lock_guard lock(mutex_);
  return Figures(*session_.operator->(), KnownPredictionsSql(snapshot), rule);
}

LogSummary PredictionReader::Summarize(const std::string& endpoint, const LogSlice& slice,
                                       const LabelRule& rule) {
  const LogSnapshot snapshot = log_.Open(endpoint, {.happened = slice.happened});
  // Once, for each column is looked at.
  Session session = OpenSlice(snapshot, slice, "slice", host_);
  LogSummary summary = Figures(session, "slice", rule);
  const Table versions = session.Query(
      "SELECT model_version, count(*) FROM slice GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT " +
      std::to_string(kSummaryColumnsMax));
  for (size_t row = 0; row < versions.row_count(); ++row) {
    summary.versions.emplace_back(versions.Text(row, 0), versions.Int(row, 1));
  }
  for (const Column& column : session.Describe("SELECT * FROM slice")) {
    const auto add = [&](std::string_view prefix, std::vector<ColumnSummary>* columns) {
      if (!column.name.starts_with(prefix) || columns->size() == kSummaryColumnsMax) return;
      columns->push_back(
          SummarizeColumn(session, "slice", column, column.name.substr(prefix.size())));
    };
    add(kInputPrefix, &summary.inputs);
    add(kOutputPrefix, &summary.outputs);
    const bool has_texts = summary.outcomes > 0 && column.name == "outcome_text" &&
                           !summary.positive_rate_actual.has_value();
    if (summary.outcomes > 0 && (column.name == "outcome" || has_texts)) {
      ColumnSummary outcome = SummarizeColumn(session, "slice", column, "outcome");
      if (!summary.outcome || summary.outcome->missing > outcome.missing) {
        summary.outcome = std::move(outcome);
      }
    }
  }
  return summary;
}

SlicePerformance PredictionReader::Performance(const std::string& endpoint, const LogSlice& slice,
                                               const LabelRule& rule, const SliceOptions& options) {
  const LogSnapshot snapshot = log_.Open(endpoint, {.happened = slice.happened});
  Session session = OpenSlice(snapshot, slice, "slice", host_);
  return MeasureSlices(session, "slice", rule, options);
}

int64_t PredictionReader::Export(const std::string& endpoint, const LogSlice& slice,
                                 const std::filesystem::path& file) {
  const LogSnapshot snapshot = log_.Open(endpoint, {.happened = slice.happened});
  Session session = OpenViews(snapshot, slice, HostOf(slice, host_), {file.string()});
  return WriteRows(session, SliceSql(session, slice), file);
}

int64_t PredictionReader::ExportMistakes(const std::string& endpoint, const LogSlice& slice,
                                         const LabelRule& rule, const MistakeOptions& mistakes,
                                         const std::filesystem::path& file) {
  const LogSnapshot snapshot = log_.Open(endpoint, {.happened = slice.happened});
  Session session = OpenViews(snapshot, slice, HostOf(slice, host_), {file.string()});
  const std::string rows = SliceSql(session, slice);
  if (!ProbabilitySql(rule, session.Describe("SELECT * FROM " + rows))) {
    throw InvalidArgument("No prediction has an output {} that is a number",
                          rule.probability_output)
        .WithField("output");
  }
  const ModelTask task = FindTask(session, rows, rule);
  return WriteRows(session,
                   "(SELECT * FROM " + rows + " WHERE " + MistakesSql(rule, task, mistakes) + ")",
                   file);
}

Table PredictionReader::Query(const std::string& endpoint, const std::string& sql,
                              const std::function<bool()>& is_wanted) {
  const LogSnapshot snapshot = log_.Open(endpoint);
  Session session = OpenViews(snapshot, {.is_wanted = is_wanted}, host_);
  return session.Query("SELECT * FROM " + OneSelect(session, sql) + " LIMIT " +
                       std::to_string(kQueryRowsMax));
}

}  // namespace millwright::monitoring
