#include "cli/metric_history.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

namespace millwright::cli {
namespace {

constexpr int64_t kHistoryPageMax = 25'000;  // what MLflow's clients ask for
// How much further back to look when a range held too few points.
constexpr uint64_t kRangeGrowth = 16;
constexpr uint64_t kRangeMax = std::numeric_limits<uint64_t>::max();

std::vector<MetricPoint> ReadPoints(const Json& answer) {
  std::vector<MetricPoint> points;
  if (const Json* items = answer.Find("metrics"))
    for (const Json& item : items->AsArray()) points.push_back(ReadMetricPoint(item));
  return points;
}

std::vector<MetricPoint> ReadInterval(Client& client, const Query& query) {
  auto points = ReadPoints(client.MlflowGet("metrics/get-history-bulk-interval", query));
  std::sort(points.begin(), points.end());
  return points;
}

// Steps are any 64-bit numbers: their distance needs the sign's bit as well.
uint64_t Distance(int64_t from, int64_t to) {
  return static_cast<uint64_t>(to) - static_cast<uint64_t>(from);
}

}  // namespace

bool MetricPoint::operator<(const MetricPoint& other) const {
  const auto rank = [](const MetricPoint& point) {
    const bool is_number = !std::isnan(point.value);
    return std::tuple(point.step, point.timestamp_ms, is_number, is_number ? point.value : 0);
  };
  return rank(*this) < rank(other);
}

double ReadMetricValue(const Json& value) {
  if (value.is_number()) return value.AsDouble();
  const std::string& text = value.AsString();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  return std::numeric_limits<double>::quiet_NaN();
}

MetricPoint ReadMetricPoint(const Json& item) {
  return {item.GetInt("step"), item.GetInt("timestamp"), ReadMetricValue(item.At("value"))};
}

std::string FormatMetricValue(double value) {
  constexpr double kWholeMax = 1e15;
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  if (std::abs(value) < kWholeMax && value == std::trunc(value))
    return fmt::format("{:.0f}", value);
  return fmt::format("{:.5g}", value);
}

void ReadHistory(Client& client, const std::string& run_id, const std::string& key,
                 const std::function<void(const std::vector<MetricPoint>&)>& take) {
  std::string token;
  do {
    Query query = {
        {"run_id", run_id}, {"metric_key", key}, {"max_results", std::to_string(kHistoryPageMax)}};
    if (!token.empty()) query.emplace_back("page_token", token);
    const Json page = client.MlflowGet("metrics/get-history", query);
    take(ReadPoints(page));
    token = page.GetString("next_page_token");
  } while (!token.empty());
}

std::vector<MetricPoint> SampleHistory(Client& client, const std::string& run_id,
                                       const std::string& key, int64_t steps_max) {
  return ReadInterval(
      client,
      {{"run_ids", run_id}, {"metric_key", key}, {"max_results", std::to_string(steps_max)}});
}

std::vector<MetricPoint> ReadSteps(Client& client, const std::string& run_id,
                                   const std::string& key, int64_t from, int64_t to) {
  return ReadInterval(client, {{"run_ids", run_id},
                               {"metric_key", key},
                               {"start_step", std::to_string(from)},
                               {"end_step", std::to_string(to)},
                               {"max_results", std::to_string(kSampledStepsMax)}});
}

std::vector<MetricPoint> ReadLastPoints(Client& client, const std::string& run_id,
                                        const std::string& key, const MetricPoint& latest,
                                        size_t count) {
  auto points = SampleHistory(client, run_id, key, static_cast<int64_t>(count));
  if (points.size() >= count) {
    // It may be a sample: the steps before the latest are asked for, further back until there are
    // enough, because how far apart steps are is the caller's business.
    const int64_t first = points.front().step;
    uint64_t range = count;
    do {
      const bool is_all = Distance(first, latest.step) <= range;
      const int64_t from =
          is_all ? first : static_cast<int64_t>(static_cast<uint64_t>(latest.step) - range);
      points = ReadSteps(client, run_id, key, from, latest.step);
      if (is_all) break;
      range = range > kRangeMax / kRangeGrowth ? kRangeMax : range * kRangeGrowth;
    } while (points.size() < count);
  }
  std::erase_if(points, [&](const MetricPoint& point) { return latest < point; });
  if (points.empty() || points.back() < latest) points.push_back(latest);
  if (points.size() > count) points.erase(points.begin(), points.end() - static_cast<long>(count));
  return points;
}

}  // namespace millwright::cli
