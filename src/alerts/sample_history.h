#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "alerts/exposition_reader.h"

namespace millwright::alerts {

inline constexpr int64_t kRangeMsMax = 7LL * 86'400'000;  // the longest that a rule looks back
inline constexpr int64_t kPointsPerRange = 2'000;    // closer ones of a long range are not kept
inline constexpr size_t kHistorySeriesMax = 20'000;  // of all names
inline constexpr size_t kHistorySeriesOfNameMax = 5'000;

struct Point {
  int64_t time_ms = 0;
  double value = 0;
};

// What the series that rules ask for were lately: in memory, for as long as the longest range that
// a rule looks back over. Times are those of the evaluator, which never go back. Not thread-safe.
class SampleHistory {
 public:
  struct Series {
    Labels labels;
    std::deque<Point> points;  // the newest last
    bool present = false;      // in the latest collection
  };

  // From here on these names are kept, each for so long; others are forgotten.
  void Want(const std::map<std::string, int64_t>& range_ms_by_name);
  bool Wants(std::string_view name) const;
  // Takes a collection that was made at a time: what is not in it is no longer present.
  void BeginCollection(int64_t time_ms);
  void Add(Sample&& sample);
  void EndCollection();

  const std::map<std::string, Series>* Find(const std::string& name) const;
  // Points that found no room, since the start.
  int64_t dropped() const { return dropped_; }

 private:
  struct Name {
    int64_t range_ms = 0;
    std::map<std::string, Series> series;  // by the text of their labels
  };
  std::map<std::string, Name, std::less<>> names_;
  int64_t now_ms_ = 0;
  size_t series_count_ = 0;
  int64_t dropped_ = 0;
};

}  // namespace millwright::alerts
