#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "monitoring/prediction_log.h"

// Predictions whose request and answer are told apart, as KServe's logger does: two events with one
// id.
namespace millwright::monitoring {

inline constexpr size_t kEventHalvesMax = 100'000;  // that wait for their other half
inline constexpr int64_t kEventHalfWaitMs = 60'000;

struct EventHalf {
  std::string endpoint;
  std::string id;
  std::string model_version;
  Role role = Role::kLive;
  int64_t time_ms = 0;  // when the request, or the answer, was seen
  std::string caller;
  std::vector<NamedValues> rows;  // inputs of a request, outputs of an answer
};

// Writes a prediction a row once both halves are there, in either order; it is durable when the
// call that brought the second one returns. Rows of a request of several are named ID/0, ID/1, … A
// half that waited for kEventHalfWaitMs, or was pushed out by kEventHalvesMax others, is written
// alone: a request with an error that says so, an answer without inputs. Halves that wait are in
// memory only. Thread-safe.
class EventPairs {
 public:
  EventPairs(PredictionLog& log, const Clock& clock) : log_(log), clock_(clock) {}
  ~EventPairs();

  void AddRequest(EventHalf request);
  void AddAnswer(EventHalf answer);
  // Writes the halves that have waited too long. To be called now and then.
  void WriteStale();
  size_t waiting() const;

 private:
  using Key = std::pair<std::string, std::string>;  // endpoint, id
  struct Waiting {
    EventHalf half;
    bool is_request = false;
    int64_t since_ms = 0;
  };

  void Add(EventHalf half, bool is_request);
  std::vector<Waiting> TakeStale(int64_t before_ms, size_t count_max);
  void Write(const std::vector<Waiting>& alone);

  PredictionLog& log_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<Key, Waiting> waiting_;
  std::multimap<int64_t, Key> by_age_;
};

}  // namespace millwright::monitoring
