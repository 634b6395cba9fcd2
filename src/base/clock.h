#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace millwright {

// Tells the time. Rooms take a Clock so that tests need no sleeps. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  // Milliseconds since 1970-01-01T00:00:00Z.
  virtual int64_t NowMs() const = 0;
};

class SystemClock : public Clock {
 public:
  int64_t NowMs() const override;
};

// Stands still until a test moves it.
class ManualClock : public Clock {
 public:
  explicit ManualClock(int64_t now_ms) : now_ms_(now_ms) {}
  int64_t NowMs() const override { return now_ms_.load(); }
  void Advance(int64_t ms) { now_ms_.fetch_add(ms); }

 private:
  std::atomic<int64_t> now_ms_;
};

// Counts microseconds on a clock that never goes back; for latencies only.
int64_t MonotonicUs();

// Formats as RFC 3339 in UTC with milliseconds: "2001-06-01T05:30:00.000Z".
std::string FormatTime(int64_t time_ms);

// Parses RFC 3339 ("2001-06-01", "2001-06-01T05:30:00Z", with or without fraction, offset or the
// letter T) into milliseconds since 1970; text without an offset is UTC. Throws kInvalidArgument.
int64_t ParseTime(std::string_view text);

}  // namespace millwright
