#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "base/bounded_queue.h"
#include "fetch/client.h"
#include "serving/span.h"

namespace millwright::server {

inline constexpr size_t kSpansWaitingMax = 8192;  // beyond: dropped and counted
inline constexpr size_t kSpansPerPostMax = 512;

// Sends spans to an OpenTelemetry collector by OTLP/HTTP in JSON, from a thread of its own. What a
// collector does not take is dropped and counted; nobody waits for it.
class OtlpExporter : public serving::SpanSink {
 public:
  // `endpoint` is http(s)://HOST[:PORT][/BASE]; spans go to BASE/v1/traces. Throws kInvalidArgument
  // for another one.
  explicit OtlpExporter(std::string endpoint);
  // Sends what waits, for two seconds at most.
  ~OtlpExporter() override;

  void Take(serving::Span span) override;
  // Counters of what was sent and dropped, as Prometheus text.
  std::string MetricsText() const;

 private:
  void Work();
  void Post(const std::vector<serving::Span>& spans);

  const std::string url_;
  fetch::Client client_;
  BoundedQueue<serving::Span> waiting_{kSpansWaitingMax};
  std::atomic<int64_t> sent_ = 0;
  std::atomic<int64_t> dropped_ = 0;
  bool was_refused_ = false;  // of the thread: logged once until it goes well again
  std::stop_source stop_;
  std::jthread thread_;
};

// The body of a request to a collector.
std::string OtlpBody(const std::vector<serving::Span>& spans);

}  // namespace millwright::server
