#include "api/route_metrics.h"

#include <algorithm>

#include "api/prometheus/exposition.h"

namespace millwright::api {
namespace {

constexpr double kMicrosecondsPerSecond = 1e6;

}  // namespace

void RouteMetrics::Record(int status, int64_t latency_us) {
  const auto known = std::lower_bound(std::begin(kStatuses), std::end(kStatuses), status);
  const bool found = known != std::end(kStatuses) && *known == status;
  const auto slot = static_cast<size_t>((found ? known : std::end(kStatuses)) - kStatuses);
  by_status_[slot].fetch_add(1, std::memory_order_relaxed);
  const auto* bound = std::lower_bound(std::begin(kBounds), std::end(kBounds), latency_us);
  buckets_[static_cast<size_t>(bound - kBounds)].fetch_add(1, std::memory_order_relaxed);
  sum_us_.fetch_add(latency_us, std::memory_order_relaxed);
}

uint64_t RouteMetrics::count() const {
  uint64_t sum = 0;
  for (const auto& bucket : buckets_) sum += bucket.load(std::memory_order_relaxed);
  return sum;
}

void RouteMetrics::AppendRequests(std::string_view labels, std::string* out) const {
  for (size_t i = 0; i < by_status_.size(); ++i) {
    const uint64_t requests = by_status_[i].load(std::memory_order_relaxed);
    if (requests == 0) continue;
    std::string all(labels);
    all += ",status=\"";
    all += i < std::size(kStatuses) ? std::to_string(kStatuses[i]) : "other";
    all += '"';
    prometheus::AppendSample("millwright_http_requests_total", all, static_cast<double>(requests),
                             out);
  }
}

void RouteMetrics::AppendSeconds(std::string_view labels, std::string* out) const {
  uint64_t below = 0;
  for (size_t i = 0; i < buckets_.size(); ++i) {
    below += buckets_[i].load(std::memory_order_relaxed);
    std::string all(labels);
    all += ",le=\"";
    if (i < std::size(kBounds)) {
      prometheus::AppendNumber(static_cast<double>(kBounds[i]) / kMicrosecondsPerSecond, &all);
    } else {
      all += "+Inf";
    }
    all += '"';
    prometheus::AppendSample("millwright_http_request_seconds_bucket", all,
                             static_cast<double>(below), out);
  }
  const double sum = static_cast<double>(sum_us_.load(std::memory_order_relaxed));
  prometheus::AppendSample("millwright_http_request_seconds_sum", labels,
                           sum / kMicrosecondsPerSecond, out);
  prometheus::AppendSample("millwright_http_request_seconds_count", labels,
                           static_cast<double>(below), out);
}

}  // namespace millwright::api
