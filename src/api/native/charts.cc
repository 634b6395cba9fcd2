#include "api/native/charts.h"

#include <utility>

#include "api/native/request_reader.h"
#include "base/error.h"
#include "tracking/metric_chart.h"

namespace millwright::api::native {
namespace {

using tracking::ChartAxis;
using tracking::ChartBucket;

struct AxisName {
  std::string_view name;
  ChartAxis axis;
};
constexpr AxisName kAxes[] = {{"step", ChartAxis::kStep},
                              {"time", ChartAxis::kTime},
                              {"relative_time", ChartAxis::kRelativeTime}};

constexpr size_t kBucketBytesGuess = 100;

ChartAxis ParseAxis(const std::string& name) {
  for (const auto& row : kAxes) {
    if (row.name == name) return row.axis;
  }
  throw InvalidArgument("The axis of a chart is step, time or relative_time, not: {}", name)
      .WithField("axis");
}

std::optional<int64_t> OptionalInt(const Json& body, std::string_view name) {
  const Json* value = body.Find(name);
  if (value == nullptr || value->is_null()) return std::nullopt;
  return value->AsInt(name);
}

tracking::ChartRequest ReadChart(const Json& body) {
  tracking::ChartRequest chart;
  for (auto& run : body.GetStrings("runs")) chart.runs.emplace_back(std::move(run));
  chart.keys = body.GetStrings("keys");
  if (chart.runs.empty()) throw InvalidArgument("A chart needs runs").WithField("runs");
  if (chart.keys.empty()) throw InvalidArgument("A chart needs keys").WithField("keys");
  chart.axis = ParseAxis(body.GetString("axis", "step"));
  chart.from = OptionalInt(body, "from");
  chart.to = OptionalInt(body, "to");
  chart.width = body.GetInt("width", chart.width);
  return chart;
}

void WriteColumn(JsonWriter& json, std::string_view name, const std::vector<ChartBucket>& buckets,
                 int64_t ChartBucket::*column) {
  json.Key(name).BeginArray();
  for (const auto& bucket : buckets) json.Int(bucket.*column);
  json.EndArray();
}

// A bucket without any finite value has none to draw.
void WriteColumn(JsonWriter& json, std::string_view name, const std::vector<ChartBucket>& buckets,
                 double ChartBucket::*column) {
  json.Key(name).BeginArray();
  for (const auto& bucket : buckets) {
    if (bucket.has_finite) {
      json.Double(bucket.*column);
    } else {
      json.Null();
    }
  }
  json.EndArray();
}

// The places of the buckets that have a mark; nothing when none has.
void WriteMarks(JsonWriter& json, std::string_view name, const std::vector<ChartBucket>& buckets,
                bool ChartBucket::*mark) {
  bool any = false;
  for (size_t i = 0; i < buckets.size(); ++i) {
    if (!(buckets[i].*mark)) continue;
    if (!any) json.Key(name).BeginArray();
    any = true;
    json.Int(static_cast<int64_t>(i));
  }
  if (any) json.EndArray();
}

void WriteSeries(JsonWriter& json, const tracking::ChartSeries& series) {
  const auto& buckets = series.buckets;
  json.BeginObject().Field("run_id", series.run.str()).Field("key", series.key);
  WriteColumn(json, "from", buckets, &ChartBucket::from);
  WriteColumn(json, "to", buckets, &ChartBucket::to);
  WriteColumn(json, "first", buckets, &ChartBucket::first);
  WriteColumn(json, "min", buckets, &ChartBucket::min);
  WriteColumn(json, "max", buckets, &ChartBucket::max);
  WriteColumn(json, "last", buckets, &ChartBucket::last);
  WriteMarks(json, "nan", buckets, &ChartBucket::has_nan);
  WriteMarks(json, "infinity", buckets, &ChartBucket::has_positive_infinity);
  WriteMarks(json, "negative_infinity", buckets, &ChartBucket::has_negative_infinity);
  json.EndObject();
}

}  // namespace

http::Response DrawChart(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  const tracking::Chart chart = context.charts.Read(ReadChart(body));
  size_t buckets = 0;
  for (const auto& series : chart.series) buckets += series.buckets.size();
  std::string text;
  text.reserve(256 + buckets * kBucketBytesGuess);
  JsonWriter json(&text);
  json.BeginObject();
  if (chart.from <= chart.to) json.Field("from", chart.from).Field("to", chart.to);
  json.Key("series").BeginArray();
  for (const auto& series : chart.series) WriteSeries(json, series);
  json.EndArray().EndObject();
  return http::Response::JsonText(200, std::move(text));
}

}  // namespace millwright::api::native
