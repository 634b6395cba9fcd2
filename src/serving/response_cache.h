#pragma once

#include <atomic>
#include <compare>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include "serving/predictor.h"

namespace millwright::serving {

// Answers that may be given again: to the same inputs and parameters, of the same model version,
// for as long as the endpoint's owner said. Least recently used ones make room. Thread-safe.
class ResponseCache {
 public:
  struct Key {
    uint64_t high = 0;
    uint64_t low = 0;
    auto operator<=>(const Key&) const = default;
  };
  // A keyed hash: nobody outside of this process can make two requests that share a key.
  static Key KeyOf(std::string_view model_version, const InferRequest& request);

  // The answer that was kept, nothing when there is none or its time is up.
  std::shared_ptr<const InferAnswer> Find(const Key& key, int64_t now_us);
  // Keeps an answer until `expires_us` of MonotonicUs, in `bytes_max` all together; one that is
  // larger than a quarter of that is not kept.
  void Keep(const Key& key, std::shared_ptr<const InferAnswer> answer, int64_t expires_us,
            int64_t bytes_max);
  // Makes room until no more than this is used.
  void Shrink(int64_t bytes_max);

  struct Counts {
    int64_t hits = 0;
    int64_t misses = 0;
    int64_t entries = 0;
    int64_t bytes = 0;
  };
  Counts counts() const;

 private:
  struct Entry {
    Key key;
    std::shared_ptr<const InferAnswer> answer;
    int64_t expires_us = 0;
    int64_t bytes = 0;
  };
  struct HashOfKey {
    size_t operator()(const Key& key) const { return key.low; }
  };
  void Drop(std::list<Entry>::iterator entry);

  std::atomic<int64_t> hits_ = 0;
  std::atomic<int64_t> misses_ = 0;
  mutable std::mutex mutex_;
  std::list<Entry> entries_;  // the one used last first
  std::unordered_map<Key, std::list<Entry>::iterator, HashOfKey> by_key_;
  int64_t bytes_ = 0;
};

}  // namespace millwright::serving
