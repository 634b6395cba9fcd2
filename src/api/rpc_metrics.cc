#include "api/rpc_metrics.h"

#include <cctype>

#include "api/prometheus/exposition.h"

namespace millwright::api {
namespace {

// gRPC's own spelling: "not_found" is NotFound.
std::string SpelledByGrpc(std::string_view name) {
  std::string spelled;
  bool starts = true;
  for (const char c : name) {
    if (c != '_') spelled += starts ? static_cast<char>(std::toupper(c)) : c;
    starts = c == '_';
  }
  return spelled;
}

void Append(std::string_view labels, std::string_view code, uint64_t count, std::string* out) {
  if (count == 0) return;
  std::string all(labels);
  prometheus::AppendLabel("grpc_code", code, &all);
  prometheus::AppendSample("grpc_server_handled_total", all, static_cast<double>(count), out);
}

}  // namespace

void RpcMetrics::Record(std::optional<Code> code, int64_t latency_us) {
  auto& counter = code ? by_code_[static_cast<size_t>(*code)] : good_;
  counter.fetch_add(1, std::memory_order_relaxed);
  latency_.Record(latency_us);
}

void RpcMetrics::AppendHandled(std::string_view labels, std::string* out) const {
  Append(labels, "OK", good_.load(std::memory_order_relaxed), out);
  for (size_t i = 0; i < kCodes; ++i) {
    Append(labels, SpelledByGrpc(CodeName(static_cast<Code>(i))),
           by_code_[i].load(std::memory_order_relaxed), out);
  }
}

void RpcMetrics::AppendSeconds(std::string_view labels, std::string* out) const {
  latency_.Append("grpc_server_handling_seconds", labels, out);
}

}  // namespace millwright::api
