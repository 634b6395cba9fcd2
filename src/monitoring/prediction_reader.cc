#include "monitoring/prediction_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "analytics/session_host.h"
#include "base/error.h"
#include "monitoring/known_predictions.h"
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

// A session that sees the snapshot and nothing else, for a slice. `host` is null where no SQL from
// outside is to run in it.
Session OpenConfined(const LogSnapshot& snapshot, const LogSlice& slice,
                     analytics::SessionHost* host,
                     const std::vector<std::string>& files_written = {}) {
  analytics::SessionOptions options;
  options.allowed_files = snapshot.files;
  options.allowed_files.insert(options.allowed_files.end(), files_written.begin(),
                               files_written.end());
  options.allowed_folders = {snapshot.tail->path().string()};
  options.time_limit_ms = host == nullptr ? kQueryMsMax : host->options().time_limit_ms;
  options.host = host;
  options.is_wanted = slice.is_wanted;
  return Session(options);
}

// The same with the views of questions from outside, of a slice's range.
Session OpenViews(const LogSnapshot& snapshot, const LogSlice& slice, analytics::SessionHost* host,
                  const std::vector<std::string>& files_written = {}) {
  Session session = OpenConfined(snapshot, slice, host, files_written);
  session.Execute("CREATE VIEW predictions AS SELECT * FROM " +
                  KnownPredictionsSql(Narrowed(snapshot, slice.happened)));
  session.Execute("CREATE VIEW outcomes AS SELECT * FROM " + snapshot.outcomes);
  return session;
}

// Where a session for a slice is to live: its condition is from outside.
analytics::SessionHost* HostOf(const LogSlice& slice, analytics::SessionHost* host) {
  return slice.where.empty() ? nullptr : host;
}

// The same views for one condition, which is checked: without what became of the predictions where
// it does not ask for that, for joining it costs more than all else. Tells whether it is there.
bool MakeViews(Session& session, const LogSnapshot& narrowed, const std::string& where) {
  const std::string make = "CREATE OR REPLACE TEMP VIEW predictions AS SELECT * FROM ";
  session.Execute("CREATE OR REPLACE TEMP VIEW outcomes AS SELECT * FROM " + narrowed.outcomes);
  session.Execute(make + narrowed.predictions);
  if (where.empty()) return false;
  // Alone first, so that it cannot end the parentheses that it is put into.
  const std::string check = "SELECT 1 FROM predictions WHERE " + where;
  try {
    session.RequireOneSelect(check);
    return false;
  } catch (const Error&) {
    session.Execute(make + KnownPredictionsSql(narrowed));
  }
  session.RequireOneSelect(check);
  return true;
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

// Medians keep all values of a column in memory: so many at a time, and above so many rows, about.
constexpr int64_t kMedianValues = 32'000'000;
constexpr int64_t kMedianColumnsMax = 50;
constexpr int64_t kExactMedianRows = 10'000'000;

bool IsNumber(const Column& column) {
  return column.type == ColumnType::kDouble || column.type == ColumnType::kInteger;
}

void ReadTop(Session& session, const std::string& table, const std::string& quoted,
             ColumnSummary* summary) {
  const Table top = session.Query(
      "SELECT CAST(" + quoted + " AS VARCHAR), count(*) FROM " + table + " WHERE " + quoted +
      " IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT " + std::to_string(kSummaryTop));
  for (size_t row = 0; row < top.row_count(); ++row) {
    summary->top.emplace_back(top.Text(row, 0), top.Int(row, 1));
  }
}

// Of all columns, many in one scan.
std::vector<ColumnSummary> SummarizeColumns(Session& session, const std::string& table,
                                            const std::vector<Column>& columns, int64_t rows) {
  const auto at_once = static_cast<size_t>(
      std::clamp(kMedianValues / std::max<int64_t>(rows, 1), int64_t{1}, kMedianColumnsMax));
  constexpr size_t kFigures = 6;
  std::vector<ColumnSummary> summaries;
  for (size_t first = 0; first < columns.size(); first += at_once) {
    const size_t last = std::min(columns.size(), first + at_once);
    std::string sql = "SELECT ";
    for (size_t i = first; i < last; ++i) {
      const std::string name = QuoteName(columns[i].name);
      const std::string finite = name + ") FILTER (WHERE isfinite(" + name + "))";
      const std::string median =
          rows > kExactMedianRows
              ? "approx_quantile(" + name + ", 0.5) FILTER (WHERE isfinite(" + name + "))"
              : "median(" + finite;
      sql += (i == first ? "count(*) - count(" : ", count(*) - count(") + name +
             "), approx_count_distinct(" + name + ")" +
             (IsNumber(columns[i])
                  ? ", min(" + finite + ", " + median + ", avg(" + finite + ", max(" + finite
                  : ", NULL, NULL, NULL, NULL");
    }
    const Table figures = session.Query(sql + " FROM " + table);
    for (size_t i = first; i < last; ++i) {
      const int at = static_cast<int>((i - first) * kFigures);
      ColumnSummary& summary = summaries.emplace_back();
      summary.name = columns[i].name;
      summary.is_number = IsNumber(columns[i]);
      summary.missing = figures.Int(0, at);
      summary.distinct = figures.Int(0, at + 1);
      summary.min = NumberOrNothing(figures, 0, at + 2);
      summary.p50 = NumberOrNothing(figures, 0, at + 3);
      summary.mean = NumberOrNothing(figures, 0, at + 4);
      summary.max = NumberOrNothing(figures, 0, at + 5);
    }
  }
  std::string distinct;
  std::vector<ColumnSummary*> counted;
  for (ColumnSummary& summary : summaries) {
    if (!summary.is_number) ReadTop(session, table, QuoteName(summary.name), &summary);
    summary.is_distinct_approximate = rows > kExactRowsMax && summary.distinct > kExactDistinctMax;
    if (summary.is_distinct_approximate) continue;
    distinct +=
        (distinct.empty() ? "" : ", ") + fmt::format("count(DISTINCT {})", QuoteName(summary.name));
    counted.push_back(&summary);
  }
  if (counted.empty()) return summaries;
  const Table exact = session.Query("SELECT " + distinct + " FROM " + table);
  for (size_t i = 0; i < counted.size(); ++i) counted[i]->distinct = exact.Int(0, i);
  return summaries;
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

namespace {

std::vector<KnownPrediction> ReadPredictions(const Table& table) {
  std::vector<KnownPrediction> predictions;
  for (size_t row = 0; row < table.row_count(); ++row) {
    predictions.push_back(ReadPrediction(table, row));
  }
  return predictions;
}

// With what became of them. They are found before the join, which then has few rows to do.
std::vector<KnownPrediction> ReadNewest(Session& session, const LogSnapshot& snapshot,
                                        const std::string& table) {
  const LogSnapshot newest = Only(snapshot, table, OutcomesOf(table, snapshot));
  return ReadPredictions(session.Query("SELECT * FROM " + KnownPredictionsSql(newest) +
                                       " ORDER BY time_ms DESC, id DESC"));
}

constexpr char kWithoutOutcomes[] =
    " EXCLUDE (outcome, outcome_text, outcome_time_ms, feedback, feedback_text, feedback_comment, "
    "feedback_time_ms)";

std::string PageConditionSql(const std::optional<PredictionPlace>& after, const TimeRange& asked) {
  std::string sql = fmt::format("time_ms >= {} AND time_ms < {}", asked.from_ms, asked.to_ms);
  if (after) {
    sql += fmt::format(" AND (time_ms < {0} OR id < {1})", after->time_ms, QuoteText(after->id));
  }
  return sql;
}

// Nothing where it is short and others may be asked for more.
std::optional<PredictionPage> ReadPage(Session& session, const LogSnapshot& snapshot, int limit,
                                       const LogSlice& slice,
                                       const std::optional<PredictionPlace>& after,
                                       const TimeRange& asked, bool is_last) {
  const bool has_outcomes = MakeViews(session, Narrowed(snapshot, slice.happened), slice.where);
  // First by the columns that tell which they are, then the rest of these few.
  const std::string found = "FROM predictions WHERE " + PageConditionSql(after, asked) +
                            (slice.where.empty() ? "" : " AND (" + slice.where + "\n)");
  const Table last = session.Query(fmt::format(
      "SELECT count(*), min(time_ms) FROM (SELECT time_ms {} ORDER BY time_ms DESC LIMIT {})",
      found, limit + 1));
  const int64_t count = last.Int(0, 0);
  if (count <= limit && !is_last) return std::nullopt;
  PredictionPage page;
  if (count > 0) {
    session.Execute(fmt::format(
        "CREATE OR REPLACE TEMP TABLE newest AS SELECT *{} {} AND time_ms >= {} ORDER BY time_ms "
        "DESC, id DESC LIMIT {}",
        has_outcomes ? kWithoutOutcomes : "", found, last.Int(0, 1), limit));
    page.predictions = ReadNewest(session, snapshot, "newest");
  }
  if (count > limit) {
    page.next = {page.predictions.back().time_ms, page.predictions.back().id};
  } else if (asked.from_ms > TimeRange().from_ms) {
    page.next = {asked.from_ms, ""};  // all that were asked then or later were looked at
  }
  return page;
}

}  // namespace

// Looks at the newest rows, and at more when too few of them are of the slice.
PredictionPage PredictionReader::Page(const std::string& endpoint, int limit, const LogSlice& slice,
                                      const std::optional<PredictionPlace>& after) {
  limit = std::clamp(limit, 1, kRecentMax);
  const bool is_all = slice.where.empty() && slice.happened == TimeRange();
  const int64_t before_ms = after ? after->time_ms : TimeRange().to_ms;
  for (int64_t rows = is_all ? limit + 1 : kPageRowsMax / 8;; rows = kPageRowsMax) {
    TimeRange asked;
    asked.from_ms = log_.NewestFrom(endpoint, rows, before_ms);
    if (after) asked.to_ms = after->time_ms + 1;
    const bool is_last = asked.from_ms == TimeRange().from_ms || rows == kPageRowsMax;
    const LogSnapshot snapshot = log_.Open(endpoint, {.asked = asked, .happened = slice.happened});
    std::optional<PredictionPage> page;
    if (slice.where.empty()) {
      std::lock_guard lock(mutex_);
      page = ReadPage(*session_.operator->(), snapshot, limit, slice, after, asked, is_last);
    } else {
      Session session = OpenConfined(snapshot, slice, host_);
      page = ReadPage(session, snapshot, limit, slice, after, asked, is_last);
    }
    if (page) return *std::move(page);
  }
}

std::vector<KnownPrediction> PredictionReader::Find(const std::string& endpoint,
                                                    const std::string& id) {
  const LogSnapshot snapshot = log_.Open(endpoint, {.ids = std::vector<uint64_t>{HashId(id)}});
  std::lock_guard lock(mutex_);
  // When first, by two columns: the others are then read around that time alone.
  const std::string found = " FROM " + snapshot.predictions + " WHERE id = " + QuoteText(id);
  const Table when = session_->Query("SELECT min(time_ms), max(time_ms)" + found);
  if (when.IsNull(0, 0)) return {};
  session_->Execute(
      fmt::format("CREATE OR REPLACE TEMP TABLE newest AS SELECT * {} AND time_ms >= {} AND "
                  "time_ms <= {} ORDER "
                  "BY time_ms DESC LIMIT {}",
                  found, when.Int(0, 0), when.Int(0, 1), kRecentMax));
  return ReadNewest(*session_.operator->(), snapshot, "newest");
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
  LogRange range;
  const bool has_keys = std::any_of(outcomes.begin(), outcomes.end(),
                                    [](const Outcome& outcome) { return outcome.key.has_value(); });
  if (!has_keys) {
    range.ids.emplace();
    for (const Outcome& outcome : outcomes) range.ids->push_back(HashId(outcome.prediction_id));
    std::sort(range.ids->begin(), range.ids->end());
  }
  const LogSnapshot snapshot = log_.Open(endpoint, range);
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

namespace {

ColumnSummary ToSummary(const ColumnSums& sums, int64_t rows) {
  ColumnSummary summary;
  summary.name = sums.name;
  summary.is_number = sums.is_number;
  summary.missing = rows - sums.present;
  summary.distinct = sums.distinct.count();
  summary.is_distinct_approximate = !sums.distinct.is_exact();
  if (sums.is_number) {
    summary.is_approximate = sums.numbers.is_sampled;
    if (sums.numbers.count == 0) return summary;
    summary.min = sums.numbers.min;
    summary.max = sums.numbers.max;
    summary.mean = sums.numbers.sum / static_cast<double>(sums.numbers.count);
    summary.p50 = sums.numbers.Quantile(0.5);
  } else {
    summary.is_approximate = !sums.texts.is_complete;
    summary.top = sums.texts.MostFrequent(kSummaryTop);
  }
  return summary;
}

std::optional<double> Share(double part, int64_t all) {
  return all == 0 ? std::nullopt : std::optional(part / static_cast<double>(all));
}

bool IsWithinUnit(const NumberSums& numbers) {
  return numbers.infinite == 0 && (numbers.count == 0 || (numbers.min >= 0 && numbers.max <= 1));
}

// Whether sums say exactly how many of a column's numbers are at least as large.
bool KnowsCountFrom(const NumberSums& numbers, double threshold) {
  return threshold == 0.5 || !numbers.is_sampled;
}

const ColumnSums* FindAnswer(const RowSums& rows, const LabelRule& rule) {
  for (const ColumnSums& column : rows.columns) {
    if (column.is_number && column.name == kOutputPrefix + rule.probability_output) return &column;
  }
  return nullptr;
}

// As Figures does, out of sums. `positives` are the answers from the threshold on, where the sums
// do not know them.
void SetAnswers(const ColumnSums* answer, const KnownSums& known, const LabelRule& rule,
                std::optional<int64_t> positives, LogSummary* summary) {
  const NumberSums& outcomes = known.numbers.numbers;
  summary->task = rule.task;
  if (rule.task == ModelTask::kNone && answer != nullptr && answer->numbers.count > 0) {
    const bool is_binary =
        answer->numbers.min >= 0 && answer->numbers.max <= 1 && IsWithinUnit(outcomes);
    summary->task = is_binary ? ModelTask::kBinary : ModelTask::kRegression;
  }
  if (summary->task == ModelTask::kRegression) {
    if (answer != nullptr)
      summary->mean_predicted = Share(answer->numbers.sum, answer->numbers.count);
    summary->mean_actual = Share(outcomes.sum, outcomes.count);
    return;
  }
  if (answer != nullptr) {
    const NumberSums& answers = answer->numbers;
    const double from = positives               ? static_cast<double>(*positives)
                        : rule.threshold == 0.5 ? static_cast<double>(answers.halves)
                                                : answers.CountFrom(rule.threshold);
    summary->positive_rate_predicted = Share(from, answer->present);
  }
  const auto positive = known.texts_alone.texts.counts.find(rule.positive_label);
  const int64_t texts = positive == known.texts_alone.texts.counts.end() ? 0 : positive->second;
  summary->positive_rate_actual = Share(static_cast<double>(outcomes.halves + texts),
                                        known.numbers.present + known.texts_alone.present);
}

LogSummary ToSummary(const RowSums& rows, const KnownSums& known, const LabelRule& rule,
                     std::optional<int64_t> positives) {
  LogSummary summary;
  summary.predictions = rows.rows;
  summary.errors = rows.errors;
  summary.outcomes = known.known;
  summary.feedback = known.feedback;
  if (rows.rows > 0) {
    summary.coverage = static_cast<double>(known.known) / static_cast<double>(rows.rows);
    summary.first_ms = rows.first_ms;
    summary.last_ms = rows.last_ms;
  }
  const auto in_ms = [](std::optional<double> us) {
    return us ? std::optional(*us / 1000) : std::nullopt;
  };
  summary.latency_p50_ms = in_ms(rows.latency_us.Quantile(0.5));
  summary.latency_p99_ms = in_ms(rows.latency_us.Quantile(0.99));
  summary.is_latency_approximate = rows.latency_us.is_sampled;
  for (const ColumnSums& column : rows.columns) {
    const bool is_input = column.name.starts_with(kInputPrefix);
    std::vector<ColumnSummary>& part = is_input ? summary.inputs : summary.outputs;
    if (part.size() == kSummaryColumnsMax) continue;
    part.push_back(ToSummary(column, rows.rows));
    part.back().name =
        column.name.substr((is_input ? sizeof kInputPrefix : sizeof kOutputPrefix) - 1);
  }
  SetAnswers(FindAnswer(rows, rule), known, rule, positives, &summary);
  summary.versions = rows.versions.MostFrequent(kSummaryColumnsMax);
  if (known.known == 0) return summary;
  // Outcomes are numbers or texts, a truth both: those of which there are more are told.
  const bool is_text = known.texts.present > known.numbers.present;
  summary.outcome = ToSummary(is_text ? known.texts : known.numbers, rows.rows);
  summary.outcome->name = "outcome";
  return summary;
}

}  // namespace

std::optional<LogSummary> PredictionReader::Summed(const std::string& endpoint,
                                                   const TimeRange& happened,
                                                   const LabelRule& rule) {
  const SummedLog log = log_.OpenSummed(endpoint, happened);
  if (log.summed_rows + log.rest_rows_max < summed_rows_min_) return std::nullopt;
  const std::string rest = Narrowed(log.rest, happened).predictions;
  std::lock_guard lock(mutex_);
  int64_t rest_rows = 0;
  if (log.rest_rows_max > 0) rest_rows = session_->Query("SELECT count(*) FROM " + rest).Int(0, 0);
  // Rows of a part of a file are read in one go where they are not very many.
  const bool is_worth = log.summed_rows > 0 || rest_rows >= kReadAtOnceMax;
  if (!is_worth || log.summed_rows + rest_rows < summed_rows_min_) return std::nullopt;
  RowSums rows;
  KnownSums known;
  for (const auto& sums : log.rows) {
    if (!rows.Add(*sums)) return std::nullopt;
  }
  for (const auto& one : log.known) known.Add(one->sums);
  std::string unknown = log.unknown;
  if (rest_rows > 0) {
    if (!rows.Add(SumRows(*session_.operator->(), rest))) return std::nullopt;
    unknown = unknown.empty()
                  ? rest
                  : "(SELECT * FROM " + rest + " UNION ALL BY NAME SELECT * FROM " + unknown + ")";
  }
  if (!unknown.empty()) {
    known.Add(
        SumKnown(*session_.operator->(), JoinedSql(Only(log.rest, unknown, log.rest.outcomes))));
  }
  // A share is exact or it is none: one column of all rows is read where the sums cannot tell it.
  std::optional<int64_t> positives;
  const ColumnSums* answer = FindAnswer(rows, rule);
  if (answer != nullptr && !KnowsCountFrom(answer->numbers, rule.threshold)) {
    positives = 0;
    for (const std::string& part : {log.summed, rest_rows > 0 ? rest : std::string()}) {
      if (part.empty()) continue;
      // A part may lack the column.
      const auto columns = session_->Describe("SELECT * FROM " + part);
      const auto column = ProbabilitySql(rule, columns);
      if (!column) continue;
      *positives += session_
                        ->Query(fmt::format("SELECT count(*) FROM {} WHERE role <> 'shadow' AND {} "
                                            ">= {}",
                                            part, *column, Json(rule.threshold).Dump()))
                        .Int(0, 0);
    }
  }
  return ToSummary(rows, known, rule, positives);
}

LogSummary PredictionReader::Summary(const std::string& endpoint, const LabelRule& rule) {
  if (std::optional<LogSummary> summed = Summed(endpoint, {}, rule)) {
    summed->versions.clear();
    summed->inputs.clear();
    summed->outputs.clear();
    summed->outcome.reset();
    return *std::move(summed);
  }
  const LogSnapshot snapshot = log_.Open(endpoint);
  std::lock_guard lock(mutex_);
  return Figures(*session_.operator->(), KnownPredictionsSql(snapshot), rule);
}

namespace {

// Inputs and outputs of a slice, without prefix, and what really happened.
void SummarizeValues(Session& session, const std::string& table, LogSummary* summary) {
  std::vector<Column> inputs, outputs;
  for (const Column& column : session.Describe("SELECT * FROM " + table)) {
    if (column.name.starts_with(kInputPrefix) && inputs.size() < kSummaryColumnsMax) {
      inputs.push_back(column);
    } else if (column.name.starts_with(kOutputPrefix) && outputs.size() < kSummaryColumnsMax) {
      outputs.push_back(column);
    }
  }
  const size_t inputs_count = inputs.size();
  inputs.insert(inputs.end(), outputs.begin(), outputs.end());
  for (ColumnSummary& column : SummarizeColumns(session, table, inputs, summary->predictions)) {
    const bool is_input = summary->inputs.size() < inputs_count;
    column.name = column.name.substr((is_input ? sizeof kInputPrefix : sizeof kOutputPrefix) - 1);
    (is_input ? summary->inputs : summary->outputs).push_back(std::move(column));
  }
  const Table versions =
      session.Query("SELECT model_version, count(*) FROM " + table +
                    " GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT " + std::to_string(kSummaryColumnsMax));
  for (size_t row = 0; row < versions.row_count(); ++row) {
    summary->versions.emplace_back(versions.Text(row, 0), versions.Int(row, 1));
  }
}

// Outcomes are numbers or texts, a truth both: those of which there are more are told.
void SummarizeOutcome(Session& session, const std::string& table, LogSummary* summary) {
  if (summary->outcomes == 0) return;
  const std::vector<Column> columns = {{"outcome", ColumnType::kDouble, "DOUBLE"},
                                       {"outcome_text", ColumnType::kText, "VARCHAR"}};
  for (ColumnSummary& column : SummarizeColumns(session, table, columns, summary->predictions)) {
    if (summary->outcome && summary->outcome->missing <= column.missing) continue;
    summary->outcome = std::move(column);
    summary->outcome->name = "outcome";
  }
}

}  // namespace

LogSummary PredictionReader::Summarize(const std::string& endpoint, const LogSlice& slice,
                                       const LabelRule& rule) {
  if (slice.where.empty()) {
    if (auto summed = Summed(endpoint, slice.happened, rule)) return *std::move(summed);
  }
  const LogSnapshot snapshot = log_.Open(endpoint, {.happened = slice.happened});
  Session session = OpenConfined(snapshot, slice, HostOf(slice, host_));
  const LogSnapshot narrowed = Narrowed(snapshot, slice.happened);
  const std::string condition =
      " WHERE role <> 'shadow'" + (slice.where.empty() ? "" : " AND (" + slice.where + "\n)");
  if (MakeViews(session, narrowed, slice.where)) {
    // Once, for each question would join anew.
    session.Execute("CREATE TEMP TABLE slice AS SELECT * FROM predictions" + condition);
    LogSummary summary = Figures(session, "slice", rule);
    SummarizeValues(session, "slice", &summary);
    SummarizeOutcome(session, "slice", &summary);
    return summary;
  }
  // Once, for each column is looked at; what became of them is joined with the little that is asked
  // for beside it.
  session.Execute("CREATE TEMP TABLE slice AS SELECT * FROM predictions" + condition);
  const std::string known = "known";
  std::string joined = "id, event_time_ms, role, error, latency_us";
  for (const Column& column : session.Describe("SELECT * FROM slice")) {
    const bool is_key =
        column.name.starts_with(kInputPrefix) &&
        snapshot.traits.key_inputs.count(column.name.substr(sizeof kInputPrefix - 1));
    if (is_key || column.name == kOutputPrefix + rule.probability_output) {
      joined += ", " + QuoteName(column.name);
    }
  }
  const LogSnapshot few =
      Only(snapshot, "(SELECT " + joined + " FROM slice)", OutcomesOf("slice", snapshot));
  session.Execute("CREATE TEMP TABLE known AS SELECT * FROM " + KnownPredictionsSql(few));
  LogSummary summary = Figures(session, known, rule);
  SummarizeValues(session, "slice", &summary);
  SummarizeOutcome(session, known, &summary);
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
