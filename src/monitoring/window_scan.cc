#include "monitoring/window_scan.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "drift/bin_counts.h"
#include "metrics/binary.h"
#include "metrics/confusion.h"
#include "monitoring/wide_table.h"

namespace millwright::monitoring {

using analytics::Column;
using analytics::QuoteName;
using analytics::Table;

namespace {

constexpr char kLoaded[] = "monitored_rows";
constexpr char kWideWindow[] = "monitored_window";
constexpr char kWideFeatures[] = "monitored_features";
// When a row happened. SQL has no times before the year 1 and after 9999 that it can compute with.
constexpr char kTimeSql[] =
    "epoch_ms(greatest(least(event_time_ms, 253402300799000), -62135596800000))";

// Shadows are asked about the same rows as the live revision, and a failed request says nothing.
std::string Counted(const MonitorSpec& spec) {
  return "role <> 'shadow' AND error = '' AND time_ms >= " + std::to_string(spec.since_ms);
}

std::string Between(int64_t from_ms, int64_t to_ms) {
  return "event_time_ms >= " + std::to_string(from_ms) + " AND event_time_ms < " +
         std::to_string(to_ms);
}

}  // namespace

analytics::SessionOptions MonitorSessionOptions(const MonitorSpec& spec,
                                                const LogSnapshot& snapshot,
                                                analytics::SessionHost* host) {
  analytics::SessionOptions options;
  if (spec.suite.empty()) return options;
  options.allowed_files = snapshot.files;
  options.allowed_folders = {snapshot.tail->path().string()};
  options.time_limit_ms = kSuiteMsMax;
  options.host = host;
  return options;
}

std::set<std::string> NumbersAmongTexts(analytics::Session& session, const LogSnapshot& snapshot) {
  std::vector<std::string> texts;
  for (const Column& column : session.Describe("SELECT * FROM " + snapshot.predictions)) {
    const bool is_input_text =
        column.name.starts_with(kInputPrefix) && column.type == analytics::ColumnType::kText;
    if (is_input_text) texts.push_back(column.name);
  }
  std::set<std::string> numbers;
  for (size_t begin = 0; begin < texts.size(); begin += drift::kColumnsPerScan) {
    const size_t end = std::min(begin + drift::kColumnsPerScan, texts.size());
    std::string counted;
    for (size_t i = begin; i < end; ++i) {
      const std::string name = QuoteName(texts[i]);
      counted += (counted.empty() ? "count(" : ", count(") + name + "), count(TRY_CAST(" + name +
                 " AS DOUBLE)), count_if(" + name + " SIMILAR TO '-?0[0-9].*')";
    }
    const Table counts = session.Query("SELECT " + counted + " FROM " + snapshot.predictions);
    for (size_t i = begin; i < end; ++i) {
      const size_t at = 3 * (i - begin);
      const int64_t rows = counts.Int(0, at), read = counts.Int(0, at + 1);
      const bool is_number =
          read < rows && static_cast<double>(read) >= kNumberShareMin * static_cast<double>(rows) &&
          counts.Int(0, at + 2) == 0;
      if (is_number) numbers.insert(texts[i].substr(sizeof kInputPrefix - 1));
    }
  }
  return numbers;
}

WindowScan::WindowScan(analytics::Session& session, const LogSnapshot& snapshot,
                       const MonitorSpec& spec, const MonitorReference& reference)
    : session_(session), snapshot_(snapshot), spec_(spec), reference_(reference.Of(spec.features)) {
  values_ = ProfileOfColumns(reference_.drift);
  rules_ = {.feature_times = spec.feature_times,
            .stale_after_ms = spec.stale_after_ms,
            .rows_min = spec.rows_min,
            .often_constant = reference.often_constant,
            .known_columns = {}};
  for (const auto& feature : reference.drift.features) {
    rules_.known_columns.insert(feature.column);
    rules_.known_columns.insert(feature.name);
  }
  for (const auto& words : reference.drift.vocabularies) rules_.known_columns.insert(words.column);
  columns_ = session_.Describe("SELECT * FROM " + snapshot_.predictions);
  rule_ = spec_.Rule();
  probability_ = ProbabilitySql(rule_, columns_);
}

std::vector<MonitorWindow> WindowScan::List(int64_t now_ms) {
  const std::string window = "CAST(floor((event_time_ms - " +
                             std::to_string(spec_.window_origin_ms) + ") / " +
                             std::to_string(spec_.window_ms) + ") AS BIGINT)";
  // What lies in the future comes last, so that it takes no other window's place.
  const std::string is_future = "min(event_time_ms) > " + std::to_string(now_ms);
  const Table table = session_.Query(
      "SELECT " + window + " AS w, count(*), count(outcome_time_ms), " + is_future +
      ", coalesce(bit_xor(CAST(hash(id, time_ms, outcome, outcome_text) >> 1 AS BIGINT)) "
      "FILTER (WHERE outcome_time_ms IS NOT NULL), 0) FROM " +
      KnownPredictionsSql(snapshot_) + " WHERE " + Counted(spec_) +
      " GROUP BY 1 ORDER BY 4, 1 DESC LIMIT " + std::to_string(kWindowsMax));
  std::vector<MonitorWindow> windows;
  for (size_t row = 0; row < table.row_count(); ++row) {
    MonitorWindow one;
    one.start_ms = table.Int(row, 0) * spec_.window_ms + spec_.window_origin_ms;
    one.end_ms = one.start_ms + spec_.window_ms;
    one.predictions = table.Int(row, 1);
    one.outcomes = table.Int(row, 2);
    one.outcomes_digest = table.Int(row, 4);
    windows.push_back(std::move(one));
  }
  std::sort(windows.begin(), windows.end(),
            [](const auto& a, const auto& b) { return a.start_ms < b.start_ms; });
  for (size_t i = 0; i + 1 < windows.size(); ++i) {
    windows[i].complete = windows[i].end_ms <= now_ms;
  }
  return windows;
}

void WindowScan::Load(int64_t from_ms, int64_t to_ms) {
  session_.Execute("CREATE OR REPLACE TEMP TABLE " + std::string(kLoaded) + " AS SELECT * FROM " +
                   KnownPredictionsSql(Narrowed(snapshot_, {from_ms, to_ms})) + " WHERE " +
                   Counted(spec_));
  task_.reset();
}

ModelTask WindowScan::task() {
  if (!task_) task_ = FindTask(session_, kLoaded, rule_);
  return *task_;
}

std::string WindowScan::FeaturesSql(int64_t from_ms, int64_t to_ms) const {
  // By column, the type that a text of the log is read as: it has no type of times, and a column in
  // which one client once sent a word is text in all rows.
  std::map<std::string, std::string> wanted;
  for (size_t i = 0; i < reference_.drift.features.size(); ++i) {
    const drift::ObservedFeature& feature = reference_.drift.features[i];
    const quality::ColumnProfile& profile = reference_.drift.profile.columns[i];
    const bool is_time = feature.observation == drift::Observation::kHour ||
                         feature.observation == drift::Observation::kWeekday;
    const bool is_number = feature.observation == drift::Observation::kValue &&
                           profile.min.is_number() && profile.max.is_number();
    wanted[feature.column] = is_time ? "TIMESTAMP" : is_number ? "DOUBLE" : "";
    // Of large images the log has what they are like.
    if (drift::IsOfImage(feature.observation)) wanted[feature.name] = "DOUBLE";
  }
  for (const drift::Vocabulary& words : reference_.drift.vocabularies) wanted[words.column] = "";
  std::string names;
  for (const auto& [name, type] : wanted) {
    const auto found = std::find_if(
        columns_.begin(), columns_.end(),
        [&, &name = name](const Column& other) { return other.name == kInputPrefix + name; });
    if (found == columns_.end()) continue;
    const bool is_read = !type.empty() && found->type == analytics::ColumnType::kText;
    const std::string column = QuoteName(found->name);
    names += (is_read ? "TRY_CAST(" + column + " AS " + type + ")" : column) + " AS " +
             QuoteName(name) + ", ";
  }
  const std::string& time = reference_.drift.time_column;
  return "(SELECT " + names + kTimeSql + " AS " +
         QuoteName(time.empty() ? std::string(kEventTimeColumn) : time) + " FROM " + kLoaded +
         " WHERE " + Between(from_ms, to_ms) + ")";
}

std::string WindowScan::InputsSql(const std::set<std::string>& numbers) const {
  std::string names;
  for (const Column& column : columns_) {
    if (!column.name.starts_with(kInputPrefix)) continue;
    const std::string name = column.name.substr(sizeof kInputPrefix - 1);
    const std::string quoted = QuoteName(column.name);
    const bool is_read = column.type == analytics::ColumnType::kText && numbers.contains(name);
    names +=
        (is_read ? "TRY_CAST(" + quoted + " AS DOUBLE)" : quoted) + " AS " + QuoteName(name) + ", ";
  }
  if (names.empty()) throw FailedPrecondition("No prediction of {} has inputs", spec_.endpoint);
  return "(SELECT " + names + kTimeSql + " AS " + kEventTimeColumn + " FROM " + kLoaded + ")";
}

void WindowScan::Measure(MonitorWindow& window) {
  const std::string features = WideTable(
      session_, kWideFeatures, FeaturesSql(window.start_ms, window.end_ms), columns_.size());
  window.features = CompareWindow(session_, features, window.predictions, spec_, reference_);
  window.performance = MeasurePerformance(window);
  window.quality = MeasureQuality(window);
  if (reference_.suite) {
    window.validation = ValidateWindow(session_, RowsSql(window), *reference_.suite);
  }
  window.changes.clear();
  for (const DetectorSpec& detector : spec_.detectors) {
    window.changes.push_back(Detect(detector, window));
  }
}

std::string WindowScan::RowsSql(const MonitorWindow& window) const {
  std::string names;
  for (const Column& column : columns_) {
    const bool is_input = column.name.starts_with(kInputPrefix);
    if (!is_input && !column.name.starts_with(kOutputPrefix)) continue;
    const std::string name = is_input ? column.name.substr(sizeof kInputPrefix - 1) : column.name;
    names += QuoteName(column.name) + " AS " + QuoteName(name) + ", ";
  }
  return "(SELECT " + names + "coalesce(CAST(outcome AS VARCHAR), outcome_text) AS outcome FROM " +
         kLoaded + " WHERE " + Between(window.start_ms, window.end_ms) + ")";
}

WindowQuality WindowScan::MeasureQuality(const MonitorWindow& window) {
  const std::string rows = "(SELECT rowid AS __row, * FROM " + std::string(kLoaded) + " WHERE " +
                           Between(window.start_ms, window.end_ms) + ")";
  return monitoring::MeasureQuality(session_,
                                    WideTable(session_, kWideWindow, rows, columns_.size()),
                                    values_, reference_.distance, rules_);
}

BreachConditions WindowScan::ConditionsOf(const WindowQuality& quality) const {
  return FindBreachConditions(columns_, values_, rules_, quality.breaches);
}

std::string WindowScan::SeasonSql() const {
  return drift::SeasonSql(spec_.season, kEventTimeColumn);
}

std::optional<std::string> WindowScan::ValueSql(const DetectorSpec& detector) {
  if (detector.of == DetectorOf::kFeature) {
    const std::string name = kInputPrefix + detector.feature;
    const bool is_there = std::any_of(columns_.begin(), columns_.end(),
                                      [&](const Column& column) { return column.name == name; });
    if (!is_there) return std::nullopt;
    return "TRY_CAST(" + QuoteName(name) + " AS DOUBLE)";
  }
  if (!probability_ || detector.of == DetectorOf::kScore) return probability_;
  return "abs(" + TruthSql(rule_, task()) + " - " + *probability_ + ")";
}

DetectedChange WindowScan::Detect(const DetectorSpec& detector, const MonitorWindow& window) {
  const auto sql = ValueSql(detector);
  const auto known = reference_.levels.find(detector.name());
  const std::optional<Level> level =
      known == reference_.levels.end() ? std::nullopt : std::optional(known->second);
  if (!sql) return monitoring::Detect(detector, level, {}, {window.start_ms, window.end_ms});
  const std::string place = SeasonSql();
  const std::string select = "SELECT event_time_ms, " + *sql + " AS value, " +
                             (place.empty() ? "0" : place) +
                             " AS place, time_ms, id FROM (SELECT *, " + kTimeSql + " AS " +
                             kEventTimeColumn + " FROM " + kLoaded + ") WHERE ";
  const std::string order = " ORDER BY event_time_ms, time_ms, id";
  const std::string start = std::to_string(window.start_ms);
  const Table answer = session_.Query(
      "SELECT event_time_ms, value, place, time_ms, id FROM ((" + select + "event_time_ms < " +
      start + " AND isfinite(" + *sql +
      ") ORDER BY event_time_ms DESC, time_ms DESC, id DESC LIMIT " +
      std::to_string(kDetectorHistoryRows) + ") UNION ALL (" + select +
      Between(window.start_ms, window.end_ms) + " AND isfinite(" + *sql + ")))" + order);
  std::vector<DetectorValue> values;
  values.reserve(answer.row_count());
  for (size_t row = 0; row < answer.row_count(); ++row) {
    values.push_back({answer.Int(row, 0), answer.Double(row, 1), answer.Int(row, 2)});
  }
  return monitoring::Detect(detector, level, values, {window.start_ms, window.end_ms});
}

std::map<std::string, Level> WindowScan::MeasureLevels() {
  std::map<std::string, Level> levels;
  for (DetectorOf of : {DetectorOf::kScore, DetectorOf::kError}) {
    DetectorSpec detector;
    detector.of = of;
    const auto sql = ValueSql(detector);
    if (!sql) continue;
    const std::string table = "(SELECT *, " + std::string(kTimeSql) + " AS " + kEventTimeColumn +
                              " FROM " + kLoaded + ")";
    if (const auto level = MeasureLevel(session_, table, *sql, "event_time_ms", SeasonSql())) {
      levels[detector.name()] = *level;
    }
  }
  return levels;
}

void WindowScan::MeasureLosses(const MonitorWindow& window, PerformanceFigures* figures) {
  const std::string truth = TruthSql(rule_, ModelTask::kRegression);
  const Table table = session_.Query(
      "SELECT avg(p), count(y), avg(y), avg(abs(p - y)), sqrt(avg((p - y) * (p - y))), avg(p - y), "
      "sum(greatest(p - y, 0)), sum(greatest(y - p, 0)) FROM (SELECT CAST(" +
      *probability_ + " AS DOUBLE) AS p, " + truth + " AS y FROM " + kLoaded + " WHERE " +
      Between(window.start_ms, window.end_ms) + " AND isfinite(" + *probability_ + "))");
  if (table.IsNull(0, 0)) return;
  figures->mean_predicted = table.Double(0, 0);
  const int64_t known = table.Int(0, 1);
  if (known == 0 || known < spec_.outcomes_min) return;
  figures->mean_actual = table.Double(0, 2);
  figures->mae = table.Double(0, 3);
  figures->rmse = table.Double(0, 4);
  figures->bias = table.Double(0, 5);
  if (!spec_.costs) return;
  figures->cost = spec_.costs->over * table.Double(0, 6) + spec_.costs->under * table.Double(0, 7);
  figures->cost_per_outcome = *figures->cost / static_cast<double>(known);
}

PerformanceFigures WindowScan::MeasurePerformance(const MonitorWindow& window) {
  PerformanceFigures figures;
  figures.threshold = spec_.AucThreshold();
  figures.mae_threshold = spec_.MaeThreshold();
  figures.rmse_threshold = spec_.RmseThreshold();
  if (!probability_) return figures;
  if (task() == ModelTask::kRegression) {
    MeasureLosses(window, &figures);
    return figures;
  }
  std::vector<double> labels, scores;
  int64_t predicted = 0, predicted_positive = 0;
  session_.StreamNumbers("SELECT CAST(" + ActualSql(rule_) + " AS DOUBLE), CAST(" + *probability_ +
                             " AS DOUBLE) FROM " + kLoaded + " WHERE " +
                             Between(window.start_ms, window.end_ms) + " AND isfinite(" +
                             *probability_ + ")",
                         [&](const std::vector<analytics::NumberSpan>& columns, size_t rows) {
                           for (size_t row = 0; row < rows; ++row) {
                             const double score = columns[1].reals[row];
                             ++predicted;
                             predicted_positive += score >= rule_.threshold;
                             if (!columns[0].Has(row)) continue;
                             labels.push_back(columns[0].reals[row]);
                             scores.push_back(score);
                           }
                           return true;
                         });
  if (predicted > 0) {
    figures.positive_rate_predicted =
        static_cast<double>(predicted_positive) / static_cast<double>(predicted);
  }
  if (static_cast<int64_t>(labels.size()) < spec_.outcomes_min) return figures;
  if (metrics::HasBothClasses(labels)) figures.auc = metrics::RocAuc(labels, scores);
  figures.log_loss = metrics::LogLoss(labels, scores);
  const metrics::ClassCounts counts = metrics::CountsAt(labels, scores, rule_.threshold);
  const auto rows = static_cast<double>(labels.size());
  figures.accuracy = (counts.true_positive + counts.true_negative) / rows;
  figures.positive_rate_actual = counts.Support() / rows;
  if (spec_.costs) {
    const CostMatrix& costs = *spec_.costs;
    figures.cost =
        costs.true_positive * counts.true_positive + costs.false_positive * counts.false_positive +
        costs.true_negative * counts.true_negative + costs.false_negative * counts.false_negative;
    figures.cost_per_outcome = *figures.cost / rows;
  }
  return figures;
}

}  // namespace millwright::monitoring
