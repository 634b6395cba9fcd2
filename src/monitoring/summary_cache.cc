#include "monitoring/summary_cache.h"

#include <algorithm>
#include <vector>

namespace millwright::monitoring {
namespace {

constexpr int64_t kRestsPerCost = 19;
// What nobody asks for is forgotten, and so is what was asked for first when there is too much.
constexpr int64_t kForgottenUs = 15LL * 60 * 1'000'000;
constexpr size_t kEntriesMax = 500;

}  // namespace

LogSummary SummaryCache::Get(const std::string& endpoint, const LabelRule& rule) {
  const Key key{endpoint, rule};
  const LogCounts counts = log_.Counts(endpoint);
  {
    std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    if (found != entries_.end()) {
      Entry& entry = found->second;
      entry.asked_us = MonotonicUs();
      if (entry.counts == counts || IsLarge(entry.counts)) return entry.summary;
    }
  }
  Entry entry = Make(key);
  LogSummary summary = entry.summary;
  Keep(key, std::move(entry));
  return summary;
}

void SummaryCache::Refresh() {
  std::vector<Key> due;
  {
    std::lock_guard lock(mutex_);
    const int64_t now_us = MonotonicUs();
    std::erase_if(entries_,
                  [&](const auto& entry) { return now_us - entry.second.asked_us > kForgottenUs; });
    for (const auto& [key, entry] : entries_) {
      const bool has_rested = now_us - entry.made_us > kRestsPerCost * entry.cost_us;
      if (IsLarge(entry.counts) && has_rested && log_.Counts(key.first) != entry.counts) {
        due.push_back(key);
      }
    }
  }
  for (const Key& key : due) Keep(key, Make(key));
}

SummaryCache::Entry SummaryCache::Make(const Key& key) {
  const auto& [endpoint, rule] = key;
  Entry entry;
  entry.counts = log_.Counts(endpoint);
  const int64_t start_us = MonotonicUs();
  const int64_t as_of_ms = clock_.NowMs();
  entry.summary = reader_.Summary(endpoint, rule);
  entry.summary.as_of_ms = as_of_ms;
  entry.made_us = MonotonicUs();
  entry.asked_us = entry.made_us;
  entry.cost_us = entry.made_us - start_us;
  return entry;
}

void SummaryCache::Keep(const Key& key, Entry entry) {
  std::lock_guard lock(mutex_);
  const auto known = entries_.find(key);
  if (known != entries_.end()) {
    entry.asked_us = known->second.asked_us;
    known->second = std::move(entry);
    return;
  }
  if (entries_.size() == kEntriesMax) {
    entries_.erase(std::min_element(
        entries_.begin(), entries_.end(),
        [](const auto& a, const auto& b) { return a.second.asked_us < b.second.asked_us; }));
  }
  entries_.emplace(key, std::move(entry));
}

}  // namespace millwright::monitoring
