#include "quality/distinct_sketch.h"

#include <algorithm>
#include <cmath>

namespace millwright::quality {
namespace {

constexpr double kTwoTo64 = 18446744073709551616.0;

}  // namespace

void DistinctSketch::Add(std::vector<Entry> entries) {
  entries_.insert(entries_.end(), entries.begin(), entries.end());
  std::sort(entries_.begin(), entries_.end(),
            [](const Entry& a, const Entry& b) { return a.hash < b.hash; });
  size_t kept = 0;
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (kept > 0 && entries_[kept - 1].hash == entries_[i].hash) {
      entries_[kept - 1].count += entries_[i].count;
    } else if (kept == kSketchValues) {
      break;
    } else {
      entries_[kept++] = entries_[i];
    }
  }
  entries_.resize(kept);
}

// With the k-th smallest of evenly spread hashes at a share h of their range there are about
// (k - 1) / h of them.
double DistinctSketch::Distinct() const {
  if (exact()) return static_cast<double>(entries_.size());
  const double share = (static_cast<double>(entries_.back().hash) + 1) / kTwoTo64;
  return static_cast<double>(kSketchValues - 1) / share;
}

double DistinctSketch::Unique() const {
  if (entries_.empty()) return 0;
  const auto once = std::count_if(entries_.begin(), entries_.end(),
                                  [](const Entry& entry) { return entry.count == 1; });
  return Distinct() * static_cast<double>(once) / static_cast<double>(entries_.size());
}

double DistinctSketch::DistinctError() const {
  return exact() ? 0 : 1 / std::sqrt(static_cast<double>(kSketchValues - 2));
}

uint64_t HashBits(uint64_t bits) {
  bits += 0x9e3779b97f4a7c15ULL;
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9ULL;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebULL;
  return bits ^ (bits >> 31);
}

}  // namespace millwright::quality
