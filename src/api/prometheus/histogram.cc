#include "api/prometheus/histogram.h"

#include <algorithm>

#include "api/prometheus/exposition.h"

namespace millwright::api::prometheus {
namespace {

constexpr double kMicrosecondsPerSecond = 1e6;

}  // namespace

void DurationHistogram::Record(int64_t us) {
  const auto* bound = std::lower_bound(std::begin(kBounds), std::end(kBounds), us);
  buckets_[static_cast<size_t>(bound - kBounds)].fetch_add(1, std::memory_order_relaxed);
  sum_us_.fetch_add(us, std::memory_order_relaxed);
}

uint64_t DurationHistogram::count() const {
  uint64_t sum = 0;
  for (const auto& bucket : buckets_) sum += bucket.load(std::memory_order_relaxed);
  return sum;
}

void DurationHistogram::Append(std::string_view name, std::string_view labels,
                               std::string* out) const {
  const std::string bucket = std::string(name) + "_bucket";
  uint64_t below = 0;
  for (size_t i = 0; i < buckets_.size(); ++i) {
    below += buckets_[i].load(std::memory_order_relaxed);
    std::string all(labels);
    if (!all.empty()) all += ',';
    all += "le=\"";
    if (i < std::size(kBounds)) {
      AppendNumber(static_cast<double>(kBounds[i]) / kMicrosecondsPerSecond, &all);
    } else {
      all += "+Inf";
    }
    all += '"';
    AppendSample(bucket, all, static_cast<double>(below), out);
  }
  const double sum = static_cast<double>(sum_us_.load(std::memory_order_relaxed));
  AppendSample(std::string(name) + "_sum", labels, sum / kMicrosecondsPerSecond, out);
  AppendSample(std::string(name) + "_count", labels, static_cast<double>(below), out);
}

}  // namespace millwright::api::prometheus
