#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "analytics/session.h"
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

// Which outputs and outcomes say what a binary classifier predicted.
struct LabelRule {
  std::string probability_output = "probability";  // the output that holds P(positive)
  double threshold = 0.5;
  std::string positive_label = "true";  // of outcomes that are text; numbers count from 0.5 on
};

// Answers to the five questions over an endpoint's whole log; shadows are left out.
struct LogSummary {
  int64_t predictions = 0;
  int64_t outcomes = 0;  // predictions whose outcome is known
  double coverage = 0;
  std::optional<double> latency_p50_ms, latency_p99_ms;
  std::optional<double> positive_rate_predicted, positive_rate_actual;
};

inline constexpr int kRecentMax = 1000;
inline constexpr int kTrafficBucketsMax = 1000;
inline constexpr int64_t kQueryRowsMax = 10'000;
inline constexpr int64_t kQueryMsMax = 60'000;

// Reads the prediction log by SQL. Thread-safe; questions are answered one after another.
class PredictionReader {
 public:
  explicit PredictionReader(const PredictionLog& log) : log_(log) {}

  // The newest predictions, newest first.
  std::vector<KnownPrediction> Recent(const std::string& endpoint, int limit);
  // Slots of wall-clock time up to now without gaps, oldest first. All roles but shadows count.
  std::vector<TrafficBucket> Traffic(const std::string& endpoint, int buckets, int64_t bucket_ms,
                                     int64_t now_ms);
  LogSummary Summary(const std::string& endpoint, const LabelRule& rule = {});
  // Runs one SELECT from outside over two views, and it reads nothing else: `predictions` has the
  // log's columns, input_*, output_*, outcome, outcome_text, outcome_time_ms and the same four of
  // feedback, `outcomes` everything that was ever recorded of them. At most kQueryRowsMax rows are
  // answered. Throws kInvalidArgument.
  analytics::Table Query(const std::string& endpoint, const std::string& sql);

 private:
  const PredictionLog& log_;
  std::mutex mutex_;  // guards session_
  analytics::LazySession session_;
};

// The log's predictions joined with the newest outcome of each, as a table expression.
std::string KnownPredictionsSql(const LogSnapshot& snapshot);
// 1, 0 or NULL by the outcome; over the columns of KnownPredictionsSql.
std::string ActualSql(const LabelRule& rule);
// The probability's column quoted, if the predictions have it as a number.
std::optional<std::string> ProbabilitySql(const LabelRule& rule,
                                          const std::vector<analytics::Column>& columns);

}  // namespace millwright::monitoring
