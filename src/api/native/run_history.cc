#include "api/native/run_history.h"

#include <charconv>

#include "api/native/request_reader.h"
#include "base/csv.h"
#include "base/error.h"
#include "base/json.h"
#include "tracking/metric_history.h"
#include "tracking/run_store.h"

namespace millwright::api::native {
namespace {

using tracking::MetricPoint;

constexpr int64_t kPointsPerRead = 10'000;

enum class Format { kCsv, kJsonLines };

Format FormatOf(const http::Request& request) {
  const std::string_view name = request.Query("format").value_or("csv");
  if (name == "csv") return Format::kCsv;
  if (name == "jsonl") return Format::kJsonLines;
  throw InvalidArgument("The format of a history is csv or jsonl, not {}", name)
      .WithField("format");
}

// The keys asked for, all of the run's when none is.
std::vector<std::string> KeysOf(Context& context, const http::Request& request,
                                const tracking::RunId& run) {
  std::vector<std::string> keys;
  for (const auto& [name, value] : request.query) {
    if (name == "key") keys.push_back(value);
  }
  const auto metrics = context.runs.Get(run).metrics;  // throws for a run that is not there
  if (!keys.empty()) return keys;
  for (const auto& metric : metrics) keys.push_back(metric.key);
  return keys;
}

void AppendInt(int64_t value, std::string* out) {
  char text[24];
  out->append(text, std::to_chars(text, text + sizeof text, value).ptr);
}

// Writes the lines of one metric. Not a number and the infinities are words, in JSON in quotes.
class LineWriter {
 public:
  LineWriter(Format format, const std::string& key) : format_(format) {
    if (format_ == Format::kCsv) {
      begin_ = CsvField(key) + ",";
    } else {
      begin_ = R"({"key":)";
      AppendJsonString(key, &begin_);
      begin_ += R"(,"step":)";
    }
  }

  void Add(const MetricPoint& point, std::string* out) const {
    out->append(begin_);
    AppendInt(point.step, out);
    out->append(format_ == Format::kCsv ? "," : R"(,"timestamp_ms":)");
    AppendInt(point.timestamp_ms, out);
    out->append(format_ == Format::kCsv ? "," : R"(,"value":)");
    if (format_ == Format::kCsv) {
      out->append(CsvNumber(point.value)).push_back('\n');
    } else {
      AppendJsonDouble(point.value, out);
      out->append("}\n");
    }
  }

 private:
  const Format format_;
  std::string begin_;
};

}  // namespace

http::Response GetRunHistory(Context& context, const http::Request& request) {
  const tracking::RunId run(request.PathValue("run_id"));
  const Format format = FormatOf(request);
  http::Response response;
  response.headers.Add("Content-Type",
                       format == Format::kCsv ? "text/csv; charset=utf-8" : "application/x-ndjson");
  response.producer = [&metrics = context.metrics, run, format,
                       keys = KeysOf(context, request, run)](http::BodyWriter& writer) {
    std::string text = format == Format::kCsv ? "key,step,timestamp_ms,value\n" : "";
    for (const auto& key : keys) {
      const LineWriter line(format, key);
      std::optional<MetricPoint> after;
      do {
        const auto page = metrics.Page(run, key, kPointsPerRead, after);
        for (const auto& point : page.points) line.Add(point, &text);
        if (!text.empty() && !writer.Write(text)) return;
        text.clear();
        after = page.next_after;
      } while (after);
    }
    if (!text.empty()) writer.Write(text);
  };
  return response;
}

}  // namespace millwright::api::native
