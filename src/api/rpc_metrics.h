#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/prometheus/histogram.h"
#include "base/error.h"

namespace millwright::api {

// Counts of one gRPC method: answers by status and a latency histogram.
class RpcMetrics {
 public:
  // Nothing stands for OK.
  void Record(std::optional<Code> code, int64_t latency_us);
  uint64_t count() const { return latency_.count(); }

  // Append the samples; `labels` is `grpc_service="…",grpc_method="…"`.
  void AppendHandled(std::string_view labels, std::string* out) const;
  void AppendSeconds(std::string_view labels, std::string* out) const;

 private:
  static constexpr size_t kCodes = static_cast<size_t>(Code::kInternal) + 1;
  std::atomic<uint64_t> good_ = 0;
  std::array<std::atomic<uint64_t>, kCodes> by_code_{};
  prometheus::DurationHistogram latency_;
};

}  // namespace millwright::api
