#include "server/otlp_exporter.h"

#include <chrono>

#include "api/prometheus/exposition.h"
#include "base/error.h"
#include "base/json.h"
#include "base/lane.h"
#include "base/log.h"
#include "base/version.h"

namespace millwright::server {
namespace {

using serving::Span;

constexpr int64_t kPostMs = 2'000;
// OpenTelemetry's numbers.
constexpr int kKindInternal = 1;
constexpr int kKindServer = 2;
constexpr int kStatusError = 2;

std::string UrlOf(std::string endpoint) {
  if (!endpoint.starts_with("http://") && !endpoint.starts_with("https://")) {
    throw InvalidArgument("An OTLP endpoint is http(s)://HOST[:PORT][/BASE]: {}", endpoint);
  }
  while (endpoint.ends_with('/')) endpoint.pop_back();
  return endpoint + "/v1/traces";
}

void WriteAttribute(std::string_view key, std::string_view value, JsonWriter* writer) {
  writer->BeginObject().Field("key", key).Key("value").BeginObject();
  writer->Field("stringValue", value).EndObject().EndObject();
}

// Times are texts: JSON's numbers do not hold nanoseconds since 1970.
std::string Nanoseconds(int64_t us) {
  return std::to_string(us) + "000";
}

void WriteSpan(const Span& span, JsonWriter* writer) {
  writer->BeginObject()
      .Field("traceId", span.context.trace_id)
      .Field("spanId", span.context.span_id)
      .Field("parentSpanId", span.context.parent_id)
      .Field("traceState", span.context.state)
      .Field("name", span.name)
      .Field("kind", span.is_request ? kKindServer : kKindInternal)
      .Field("startTimeUnixNano", Nanoseconds(span.start_us))
      .Field("endTimeUnixNano", Nanoseconds(span.end_us))
      .Key("attributes")
      .BeginArray();
  for (const auto& [key, value] : span.attributes) WriteAttribute(key, value, writer);
  writer->EndArray().Key("status").BeginObject();
  if (!span.error.empty()) {
    writer->Field("code", kStatusError).Field("message", span.error);
  }
  writer->EndObject().EndObject();
}

}  // namespace

std::string OtlpBody(const std::vector<Span>& spans) {
  std::string body;
  JsonWriter writer(&body);
  writer.BeginObject().Key("resourceSpans").BeginArray().BeginObject();
  writer.Key("resource").BeginObject().Key("attributes").BeginArray();
  WriteAttribute("service.name", "millwright", &writer);
  WriteAttribute("service.version", Version(), &writer);
  writer.EndArray().EndObject().Key("scopeSpans").BeginArray().BeginObject();
  writer.Key("scope").BeginObject().Field("name", "millwright.serving").EndObject();
  writer.Key("spans").BeginArray();
  for (const Span& span : spans) WriteSpan(span, &writer);
  writer.EndArray().EndObject().EndArray().EndObject().EndArray().EndObject();
  return body;
}

OtlpExporter::OtlpExporter(std::string endpoint) : url_(UrlOf(std::move(endpoint))) {
  thread_ = std::jthread([this] { Work(); });
}

OtlpExporter::~OtlpExporter() {
  waiting_.Close();
  // What a collector has not taken by then is given up.
  std::jthread deadline([this](const std::stop_token& stop) {
    if (!WaitForStop(stop, kPostMs)) stop_.request_stop();
  });
  thread_.join();
}

void OtlpExporter::Take(Span span) {
  if (!waiting_.TryPush(std::move(span))) dropped_.fetch_add(1, std::memory_order_relaxed);
}

void OtlpExporter::Work() {
  NameThisThread("otlp");
  while (auto first = waiting_.Pop()) {
    std::vector<Span> spans;
    spans.push_back(*std::move(first));
    while (spans.size() < kSpansPerPostMax) {
      auto next = waiting_.TryPop();
      if (!next) break;
      spans.push_back(*std::move(next));
    }
    if (stop_.stop_requested()) {
      dropped_ += static_cast<int64_t>(spans.size());
      continue;
    }
    Post(spans);
  }
}

void OtlpExporter::Post(const std::vector<Span>& spans) {
  std::string refusal;
  try {
    fetch::FetchRequest request;
    request.method = "POST";
    request.url = url_;
    request.headers = {{"Content-Type", "application/json"}};
    request.body = OtlpBody(spans);
    request.timeout_ms = kPostMs;
    request.stop = stop_.get_token();
    const auto response = client_.Fetch(request);
    if (response.status / 100 != 2) refusal = "status " + std::to_string(response.status);
  } catch (const Error& error) {
    refusal = error.message();
  }
  if (refusal.empty()) {
    sent_ += static_cast<int64_t>(spans.size());
  } else {
    dropped_ += static_cast<int64_t>(spans.size());
    if (!was_refused_) {
      Log(LogLevel::kWarning, "server", "spans are dropped", {{"url", url_}, {"error", refusal}});
    }
  }
  was_refused_ = !refusal.empty();
}

std::string OtlpExporter::MetricsText() const {
  std::string text;
  api::prometheus::AppendHead("millwright_spans_sent_total", "Spans that the collector took",
                              api::prometheus::Type::kCounter, &text);
  api::prometheus::AppendSample("millwright_spans_sent_total", "", static_cast<double>(sent_),
                                &text);
  api::prometheus::AppendHead("millwright_spans_dropped_total",
                              "Spans that were dropped: too many at a time, or no collector",
                              api::prometheus::Type::kCounter, &text);
  api::prometheus::AppendSample("millwright_spans_dropped_total", "", static_cast<double>(dropped_),
                                &text);
  return text;
}

}  // namespace millwright::server
