#include "monitoring/event_pairs.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/log.h"

namespace millwright::monitoring {
namespace {

constexpr char kNoAnswer[] = "no answer was logged";

void AppendRows(const EventHalf* request, const EventHalf* answer,
                std::vector<Prediction>* predictions) {
  const EventHalf& first = request != nullptr ? *request : *answer;
  const size_t rows = std::max({size_t{1}, request != nullptr ? request->rows.size() : 0,
                                answer != nullptr ? answer->rows.size() : 0});
  for (size_t row = 0; row < rows; ++row) {
    Prediction& prediction = predictions->emplace_back();
    prediction.id = rows == 1 ? first.id : first.id + "/" + std::to_string(row);
    prediction.endpoint = first.endpoint;
    prediction.model_version = answer != nullptr && !answer->model_version.empty()
                                   ? answer->model_version
                                   : first.model_version;
    prediction.role = first.role;
    prediction.time_ms = first.time_ms;
    prediction.latency_us = kLatencyUnknown;
    prediction.caller = first.caller;
    if (request != nullptr && row < request->rows.size()) prediction.inputs = request->rows[row];
    if (answer == nullptr) {
      prediction.error = kNoAnswer;
      continue;
    }
    if (row < answer->rows.size()) prediction.outputs = answer->rows[row];
    if (request != nullptr) {
      prediction.latency_us = std::max<int64_t>(0, answer->time_ms - request->time_ms) * 1000;
    }
  }
}

}  // namespace

EventPairs::~EventPairs() {
  try {
    Write(TakeStale(std::numeric_limits<int64_t>::max(), kEventHalvesMax));
  } catch (const std::exception& failure) {
    Log(LogLevel::kError, "monitoring", "Halves of predictions could not be written",
        {{"error", failure.what()}});
  }
}

void EventPairs::AddRequest(EventHalf request) {
  Add(std::move(request), true);
}

void EventPairs::AddAnswer(EventHalf answer) {
  Add(std::move(answer), false);
}

void EventPairs::Add(EventHalf half, bool is_request) {
  const Key key(half.endpoint, half.id);
  std::vector<Prediction> whole;
  std::vector<Waiting> pushed_out;
  {
    std::lock_guard lock(mutex_);
    const auto other = waiting_.find(key);
    if (other != waiting_.end() && other->second.is_request != is_request) {
      AppendRows(is_request ? &half : &other->second.half, is_request ? &other->second.half : &half,
                 &whole);
      const auto [from, to] = by_age_.equal_range(other->second.since_ms);
      by_age_.erase(std::find_if(from, to, [&](const auto& entry) { return entry.second == key; }));
      waiting_.erase(other);
    } else if (other == waiting_.end()) {
      const int64_t now_ms = clock_.NowMs();
      waiting_.emplace(key, Waiting{std::move(half), is_request, now_ms});
      by_age_.emplace(now_ms, key);
    }  // else it was sent again
  }
  log_.RecordPredictions(whole);
  const size_t count = waiting();
  if (count > kEventHalvesMax) {
    Write(TakeStale(std::numeric_limits<int64_t>::max(), count - kEventHalvesMax));
  }
}

size_t EventPairs::waiting() const {
  std::lock_guard lock(mutex_);
  return waiting_.size();
}

void EventPairs::WriteStale() {
  Write(TakeStale(clock_.NowMs() - kEventHalfWaitMs, kEventHalvesMax));
}

std::vector<EventPairs::Waiting> EventPairs::TakeStale(int64_t before_ms, size_t count_max) {
  std::vector<Waiting> stale;
  std::lock_guard lock(mutex_);
  while (!by_age_.empty() && by_age_.begin()->first <= before_ms && stale.size() < count_max) {
    const auto found = waiting_.find(by_age_.begin()->second);
    stale.push_back(std::move(found->second));
    waiting_.erase(found);
    by_age_.erase(by_age_.begin());
  }
  return stale;
}

void EventPairs::Write(const std::vector<Waiting>& alone) {
  std::vector<Prediction> predictions;
  for (const Waiting& one : alone) {
    AppendRows(one.is_request ? &one.half : nullptr, one.is_request ? nullptr : &one.half,
               &predictions);
  }
  log_.RecordPredictions(predictions);
}

}  // namespace millwright::monitoring
