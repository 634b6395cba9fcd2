#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace millwright::serving {

enum class Batching {
  kAuto,  // rows of several requests are one run where the model was measured to gain by it
  kOn,    // whatever was measured
  kOff,
};

inline constexpr int kBatchRowsMax = 4096;
inline constexpr int kBatchDelayUsMax = 1'000'000;
// Requests that wait for a model's version; those beyond are refused.
inline constexpr size_t kBatchQueueMax = 1024;

struct BatchingOptions {
  Batching batching = Batching::kAuto;
  int rows_max = 64;    // of one run that serves several requests
  int delay_us = 1000;  // that a request waits for others at most, while other runs are under way
  int threads = 8;      // that run what takes longer than a change of threads
  int run_ms_max = 60'000;  // of a run that is handed to another thread; then it is stopped
  // Each caller has a thread that may be held: it runs what is not to be joined with others, so
  // that nobody waits behind a request that does not end.
  bool callers_wait = false;
};

// Why a run of the queue began: it was full, what it waited for did not come in time, or there was
// nothing to wait for.
enum class BatchEnd { kFull, kTimeout, kIdle };
inline constexpr size_t kBatchEnds = 3;

// What the runs of a version were.
struct BatchStatistics {
  static constexpr size_t kSizes = 13;  // 1, 2, 3-4, 5-8, … rows and more than 2,048
  struct Size {
    int64_t runs = 0;
    int64_t rows = 0;
    int64_t us = 0;
  };
  std::array<int64_t, kBatchEnds> ends = {};  // runs by why they began, in BatchEnd's order
  std::array<Size, kSizes> sizes = {};
  int64_t waiting = 0;     // requests in the queue now
  int64_t queue_us = 0;    // that requests waited, all together
  int64_t refused = 0;     // because the queue was full
  int64_t impossible = 0;  // refused because they could not make their deadline
  int64_t late = 0;        // whose deadline passed while they waited
};

}  // namespace millwright::serving
