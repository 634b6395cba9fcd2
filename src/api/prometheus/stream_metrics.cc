#include "api/prometheus/stream_metrics.h"

#include "api/prometheus/exposition.h"
#include "streaming/stream.h"

namespace millwright::api::prometheus {

std::string StreamMetrics(const streaming::StreamCounts& counts) {
  std::string text;
  const auto append = [&](std::string_view name, std::string_view help, Type type, double value) {
    AppendHead(name, help, type, &text);
    AppendSample(name, "", value, &text);
  };
  const auto count = [](const std::atomic<int64_t>& value) {
    return static_cast<double>(value.load());
  };
  append("millwright_stream_messages_total", "Messages that were read and answered or put aside",
         Type::kCounter, count(counts.messages));
  append("millwright_stream_rows_total", "Rows that were predicted", Type::kCounter,
         count(counts.rows));
  append("millwright_stream_dead_letters_total",
         "Messages and rows that could not be read or predicted", Type::kCounter,
         count(counts.dead_letters));
  append("millwright_stream_delivered_total", "Messages that a broker has taken", Type::kCounter,
         count(counts.delivered));
  append("millwright_stream_commits_total", "Times that offsets were committed", Type::kCounter,
         count(counts.commits));
  append("millwright_stream_predict_seconds_total", "Time spent on predicting", Type::kCounter,
         count(counts.predict_us) / 1e6);
  append("millwright_stream_lag", "Messages that wait in the partitions of this process",
         Type::kGauge, count(counts.lag));
  append("millwright_stream_partitions", "Partitions that this process reads", Type::kGauge,
         count(counts.partitions));
  return text;
}

}  // namespace millwright::api::prometheus
