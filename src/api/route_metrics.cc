#include "api/route_metrics.h"

#include <algorithm>

#include "api/prometheus/exposition.h"

namespace millwright::api {

void RouteMetrics::Record(int status, int64_t latency_us) {
  const auto known = std::lower_bound(std::begin(kStatuses), std::end(kStatuses), status);
  const bool found = known != std::end(kStatuses) && *known == status;
  const auto slot = static_cast<size_t>((found ? known : std::end(kStatuses)) - kStatuses);
  by_status_[slot].fetch_add(1, std::memory_order_relaxed);
  latency_.Record(latency_us);
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
  latency_.Append("millwright_http_request_seconds", labels, out);
}

}  // namespace millwright::api
