#pragma once

#include <atomic>
#include <cstdint>

namespace millwright::serving {

// How many requests may be sent a second time: a share of all, so that a slow time, when all
// requests are late, does not double the load. Thread-safe without locks.
class HedgeBudget {
 public:
  // Counts a request, which earns `percent` hundredths of a hedge.
  void Earn(int percent) {
    if (percent == 0) return;
    if (hundredths_.fetch_add(percent, std::memory_order_relaxed) > kHundredthsMax) {
      hundredths_.store(kHundredthsMax, std::memory_order_relaxed);
    }
  }
  // Spends one hedge; false when there is none.
  bool Spend() {
    if (hundredths_.fetch_sub(100, std::memory_order_relaxed) >= 100) {
      spent_.fetch_add(1, std::memory_order_relaxed);
      return true;
    }
    hundredths_.fetch_add(100, std::memory_order_relaxed);
    refused_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  void CountWin() { won_.fetch_add(1, std::memory_order_relaxed); }

  int64_t spent() const { return spent_.load(std::memory_order_relaxed); }
  int64_t won() const { return won_.load(std::memory_order_relaxed); }
  int64_t refused() const { return refused_.load(std::memory_order_relaxed); }

 private:
  static constexpr int64_t kHundredthsMax = 1000;  // ten hedges at once after a quiet time
  std::atomic<int64_t> hundredths_ = 0;
  std::atomic<int64_t> spent_ = 0;
  std::atomic<int64_t> won_ = 0;  // the second replica was first
  std::atomic<int64_t> refused_ = 0;
};

}  // namespace millwright::serving
