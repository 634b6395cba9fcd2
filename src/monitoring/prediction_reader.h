#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "analytics/session.h"
#include "monitoring/known_predictions.h"
#include "monitoring/label_rule.h"
#include "monitoring/prediction_log.h"

namespace millwright::monitoring {

// What somebody thought of an answer, last.
struct Feedback {
  Value value;  // a thumb or a corrected value; nothing for a comment alone
  std::string comment;
  int64_t time_ms = 0;
};

// A prediction with what is known of what really happened.
struct KnownPrediction : Prediction {
  Value outcome;  // nothing while unknown
  std::optional<int64_t> outcome_time_ms;
  std::optional<Feedback> feedback;
};

struct TrafficBucket {
  int64_t start_ms = 0;
  int64_t requests = 0;
  int64_t errors = 0;
  std::optional<double> p50_ms, p99_ms;
};

// Some of an endpoint's predictions: those that happened within a range and for which `where`
// holds, a condition in SQL from outside over the columns of the view `predictions` ("input_hour <
// 6"). Shadows are left out.
struct LogSlice {
  TimeRange happened;
  std::string where;
  // Says no once nobody waits for the answer any more (analytics::SessionOptions).
  std::function<bool()> is_wanted;
};

struct MistakeOptions;
// Where a list of predictions goes on: with those that were asked before, or at the same time and
// have a lower id.
struct PredictionPlace {
  int64_t time_ms = 0;
  std::string id;
};

struct PredictionPage {
  std::vector<KnownPrediction> predictions;  // newest first
  std::optional<PredictionPlace> next;       // nothing after the last
};

struct SliceOptions;
struct SlicePerformance;

// Distinct values are counted exactly in so many rows, or where there are about so few of them.
inline constexpr int64_t kExactRowsMax = 1'000'000;
inline constexpr int64_t kExactDistinctMax = 10'000;

// One input or output over a slice.
struct ColumnSummary {
  std::string name;  // without prefix
  bool is_number = false;
  int64_t missing = 0;
  int64_t distinct = 0;
  bool is_distinct_approximate = false;
  std::optional<double> min, p50, mean, max;         // of numbers
  std::vector<std::pair<std::string, int64_t>> top;  // the most frequent of others
  bool is_approximate = false;  // p50 is right to a hundredth of the rows, `top` roughly
};

// Answers to the five questions: how many, how long, what was asked with which features, what was
// predicted, what really happened.
struct LogSummary {
  int64_t as_of_ms = 0;  // of a summary that was kept: when it was made
  int64_t predictions = 0;
  int64_t outcomes = 0;  // predictions whose outcome is known
  int64_t feedback = 0;  // predictions that somebody said something of
  int64_t errors = 0;
  double coverage = 0;
  std::optional<double> latency_p50_ms, latency_p99_ms;
  bool is_latency_approximate = false;  // right to a thousandth of the rows
  ModelTask task = ModelTask::kNone;
  std::optional<double> positive_rate_predicted, positive_rate_actual;  // of a binary task
  std::optional<double> mean_predicted, mean_actual;                    // of a regression
  std::optional<int64_t> first_ms, last_ms;                             // event time
  std::vector<std::pair<std::string, int64_t>> versions;                // by falling count
  std::vector<ColumnSummary> inputs, outputs;
  std::optional<ColumnSummary> outcome;  // what really happened, where something is known
};

// From so many predictions on, summaries are put together out of what is summed of the log's files
// (monitoring/row_sums.h), where no condition is asked for.
inline constexpr int64_t kSummedRowsMin = 50'000;
// And from so many where none of them lies in a file that is in the range as a whole.
inline constexpr int64_t kReadAtOnceMax = 200'000;
inline constexpr int kRecentMax = 1000;
// A page looks at about so many predictions: where fewer of them than asked for are of the slice it
// is short, and says where to go on.
inline constexpr int64_t kPageRowsMax = 400'000;
inline constexpr int kSummaryColumnsMax = 500;  // of inputs and of outputs
inline constexpr int kSummaryTop = 10;
inline constexpr int kTrafficBucketsMax = 1000;
inline constexpr int64_t kQueryRowsMax = 10'000;
inline constexpr int64_t kQueryMsMax = 60'000;

// Reads the prediction log by SQL. Thread-safe; questions are answered one after another, but those
// with SQL from outside, which run in child processes of `host`; in this one where it is null.
class PredictionReader {
 public:
  explicit PredictionReader(const PredictionLog& log, analytics::SessionHost* host = nullptr,
                            int64_t summed_rows_min = kSummedRowsMin)
      : log_(log), host_(host), summed_rows_min_(summed_rows_min) {}

  // The newest predictions of a slice, shadows included, newest first: those after a place, or the
  // first. Throws kInvalidArgument for a condition that cannot be answered.
  PredictionPage Page(const std::string& endpoint, int limit, const LogSlice& slice = {},
                      const std::optional<PredictionPlace>& after = std::nullopt);
  // The newest predictions, newest first.
  std::vector<KnownPrediction> Recent(const std::string& endpoint, int limit) {
    return Page(endpoint, limit).predictions;
  }
  // All predictions that were logged under an id, newest first, kRecentMax at most.
  std::vector<KnownPrediction> Find(const std::string& endpoint, const std::string& id);
  // How many of some outcomes are of a prediction that the log has: by its id, or by a key.
  int64_t CountMatched(const std::string& endpoint, const std::vector<Outcome>& outcomes,
                       int64_t now_ms);
  // Slots of wall-clock time up to now without gaps, oldest first. All roles but shadows count.
  std::vector<TrafficBucket> Traffic(const std::string& endpoint, int buckets, int64_t bucket_ms,
                                     int64_t now_ms);
  // Figures over the whole log, without columns and versions.
  LogSummary Summary(const std::string& endpoint, const LabelRule& rule = {});
  // Everything, of a slice. Throws kInvalidArgument for a condition that cannot be answered.
  LogSummary Summarize(const std::string& endpoint, const LogSlice& slice,
                       const LabelRule& rule = {});
  // How right it was, by what it was asked (monitoring/slice_performance.h). Throws
  // kInvalidArgument.
  SlicePerformance Performance(const std::string& endpoint, const LogSlice& slice,
                               const LabelRule& rule, const SliceOptions& options);
  // The newest predictions of a slice by when they happened, newest first. Throws kInvalidArgument.
  std::vector<KnownPrediction> Rows(const std::string& endpoint, const LogSlice& slice, int limit);
  // Writes the view `predictions` of a slice into a new file, by its name: .parquet, .csv or
  // .jsonl. Returns how many rows it has. Throws kInvalidArgument.
  int64_t Export(const std::string& endpoint, const LogSlice& slice,
                 const std::filesystem::path& file);
  // The same of a slice's mistakes only (MistakesSql). Throws kInvalidArgument for a log without
  // the rule's output, too.
  int64_t ExportMistakes(const std::string& endpoint, const LogSlice& slice, const LabelRule& rule,
                         const MistakeOptions& mistakes, const std::filesystem::path& file);
  // Runs one SELECT from outside over two views, and it reads nothing else: `predictions` has the
  // log's columns, input_*, output_*, outcome, outcome_text, outcome_time_ms and the same four of
  // feedback, `outcomes` everything that was ever recorded of them. At most kQueryRowsMax rows are
  // answered. Throws kInvalidArgument, and what analytics::Session throws of a child process.
  analytics::Table Query(const std::string& endpoint, const std::string& sql,
                         const std::function<bool()>& is_wanted = {});

 private:
  // Nothing where too little is summed.
  std::optional<LogSummary> Summed(const std::string& endpoint, const TimeRange& happened,
                                   const LabelRule& rule);

  const PredictionLog& log_;
  analytics::SessionHost* const host_;
  const int64_t summed_rows_min_;
  std::mutex mutex_;  // guards session_
  analytics::LazySession session_;
};

// A session that sees the snapshot and nothing else, with a slice of its predictions and what
// became of them as a table, for what is typed outside. Of use as long as `snapshot` is open.
// Throws kInvalidArgument for a condition that cannot be answered, and for more than `rows_max`
// rows.
analytics::Session OpenSlice(const LogSnapshot& snapshot, const LogSlice& slice,
                             const std::string& table, analytics::SessionHost* host,
                             int64_t rows_max = std::numeric_limits<int64_t>::max());
}  // namespace millwright::monitoring
