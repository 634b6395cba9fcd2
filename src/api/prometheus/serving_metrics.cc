#include "api/prometheus/serving_metrics.h"

#include <map>
#include <utility>

#include "api/prometheus/exposition.h"

namespace millwright::api::prometheus {
namespace {

using serving::DurationCounts;
using serving::VersionStatistics;
using ByVersion = std::map<std::pair<std::string, std::string>, VersionStatistics>;

struct Counter {
  const char* name;
  const char* help;
  Type type;
  int64_t (*value)(const VersionStatistics&);
};

constexpr Counter kCounters[] = {
    {"nv_inference_request_success", "Requests that were answered", Type::kCounter,
     [](const VersionStatistics& one) { return one.successes; }},
    {"nv_inference_request_failure", "Requests that were refused or failed", Type::kCounter,
     [](const VersionStatistics& one) { return one.failures; }},
    {"nv_inference_count", "Rows that were predicted", Type::kCounter,
     [](const VersionStatistics& one) { return one.rows; }},
    {"nv_inference_exec_count", "Runs of the model", Type::kCounter,
     [](const VersionStatistics& one) { return one.runs(); }},
    {"nv_inference_request_duration_us", "Microseconds from the decoded request to the answer",
     Type::kCounter, [](const VersionStatistics& one) { return one.success_us; }},
    {"nv_inference_queue_duration_us", "Microseconds that requests waited for the model",
     Type::kCounter, [](const VersionStatistics& one) { return one.queue.us; }},
    {"nv_inference_compute_input_duration_us",
     "Microseconds that putting the inputs of several requests together took", Type::kCounter,
     [](const VersionStatistics& one) { return one.input_us; }},
    {"nv_inference_compute_infer_duration_us", "Microseconds that the model took", Type::kCounter,
     [](const VersionStatistics& one) { return one.compute.us; }},
    {"nv_inference_compute_output_duration_us", "Microseconds that taking their outputs apart took",
     Type::kCounter, [](const VersionStatistics& one) { return one.output_us; }},
    {"nv_inference_pending_request_count", "Requests that wait for the model now", Type::kGauge,
     [](const VersionStatistics& one) { return one.pending; }},
};

struct Histogram {
  const char* name;
  const char* help;
  const DurationCounts VersionStatistics::*durations;
};

constexpr Histogram kHistograms[] = {
    {"millwright_inference_request_seconds", "Time from the decoded request to the answer",
     &VersionStatistics::request},
    {"millwright_inference_queue_seconds", "Time that requests waited for the model",
     &VersionStatistics::queue},
    {"millwright_inference_compute_seconds", "Time that the model took",
     &VersionStatistics::compute},
};

void AppendHistogram(const std::string& name, const std::string& labels,
                     const DurationCounts& durations, std::string* out) {
  for (size_t i = 0; i < durations.at_most.size(); ++i) {
    std::string bound;
    AppendNumber(DurationCounts::kBoundsSeconds[i], &bound);
    std::string all = labels;
    AppendLabel("le", bound, &all);
    AppendSample(name + "_bucket", all, static_cast<double>(durations.at_most[i]), out);
  }
  std::string all = labels;
  AppendLabel("le", "+Inf", &all);
  AppendSample(name + "_bucket", all, static_cast<double>(durations.count), out);
  AppendSample(name + "_sum", labels, static_cast<double>(durations.us) / 1e6, out);
  AppendSample(name + "_count", labels, static_cast<double>(durations.count), out);
}

std::string Labels(const VersionStatistics& one) {
  std::string labels;
  AppendLabel("model", one.model, &labels);
  AppendLabel("version", one.version, &labels);
  return labels;
}

void Add(const DurationCounts& more, DurationCounts* sum) {
  for (size_t i = 0; i < sum->at_most.size(); ++i) sum->at_most[i] += more.at_most[i];
  sum->count += more.count;
  sum->us += more.us;
}

// An endpoint may have a version twice, as its canary and as a shadow; a sample stands once.
ByVersion Summed(const serving::Predictor& predictor) {
  ByVersion all;
  for (VersionStatistics& one : predictor.Statistics()) {
    const auto [found, is_new] = all.try_emplace({one.model, one.version}, one);
    if (is_new) continue;
    VersionStatistics& sum = found->second;
    sum.rows += one.rows;
    sum.successes += one.successes;
    sum.failures += one.failures;
    sum.success_us += one.success_us;
    sum.failure_us += one.failure_us;
    sum.input_us += one.input_us;
    sum.output_us += one.output_us;
    sum.pending += one.pending;
    Add(one.request, &sum.request);
    Add(one.queue, &sum.queue);
    Add(one.compute, &sum.compute);
  }
  return all;
}

// KServe's histogram knows models and no versions.
void AppendByModel(const ByVersion& versions, std::string* out) {
  std::map<std::string, DurationCounts> models;
  for (const auto& [key, one] : versions) Add(one.request, &models[key.first]);
  AppendHead("request_predict_seconds", "Time that predictions took", Type::kHistogram, out);
  for (const auto& [model, durations] : models) {
    std::string labels;
    AppendLabel("model_name", model, &labels);
    AppendHistogram("request_predict_seconds", labels, durations, out);
  }
}

}  // namespace

std::string ServingMetrics(const serving::Predictor& predictor) {
  const ByVersion versions = Summed(predictor);
  std::string text;
  if (versions.empty()) return text;
  for (const Counter& counter : kCounters) {
    AppendHead(counter.name, counter.help, counter.type, &text);
    for (const auto& [key, one] : versions) {
      AppendSample(counter.name, Labels(one), static_cast<double>(counter.value(one)), &text);
    }
  }
  for (const Histogram& histogram : kHistograms) {
    AppendHead(histogram.name, histogram.help, Type::kHistogram, &text);
    for (const auto& [key, one] : versions) {
      AppendHistogram(histogram.name, Labels(one), one.*histogram.durations, &text);
    }
  }
  AppendByModel(versions, &text);
  return text;
}

std::string RequestLogMetrics(const serving::RequestLogStats& stats) {
  std::string text;
  const auto append = [&](const char* name, const char* help, int64_t value) {
    AppendHead(name, help, Type::kCounter, &text);
    AppendSample(name, "", static_cast<double>(value), &text);
  };
  append("millwright_request_log_offered_total", "Requests that the log's rules keep",
         stats.offered);
  append("millwright_request_log_written_total", "Requests in the log", stats.written);
  append("millwright_request_log_dropped_total",
         "Requests that are larger than the log keeps, or came while its writer was behind",
         stats.dropped);
  append("millwright_request_log_lost_total", "Requests that could not be written", stats.lost);
  return text;
}

}  // namespace millwright::api::prometheus
