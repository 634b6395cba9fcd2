#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "serving/input_counters.h"
#include "serving/logging_rules.h"
#include "serving/predictor.h"
#include "serving/request_segment.h"

namespace millwright::serving {

struct RequestLogOptions {
  std::filesystem::path folder;
  LoggingRules rules = {};
  int64_t folder_bytes_max = 1 << 30;  // the oldest segments are removed
};

struct RequestLogStats {
  int64_t offered = 0;
  int64_t dropped = 0;  // the writer was behind, or the request is larger than may be kept
  int64_t written = 0;
  int64_t lost = 0;  // taken but not written: a full disk
  int64_t bytes = 0;
};

// A version as a log knows it: what its records say instead of names, and what its inputs were.
class LoggedModel {
 public:
  LoggedModel(uint32_t index, ModelInfoPtr info, const std::vector<std::string>& redacted);

  const ModelInfo& info() const { return *info_; }
  InputCounters& counters() const { return counters_; }

 private:
  friend class RequestLog;

  const uint32_t index_;
  const ModelInfoPtr info_;
  const Redaction redaction_;
  mutable InputCounters counters_;  // of the writer's thread, read by any
};

// What a model server was asked and answered, written to the folder's segments (00000001.requests,
// …) by one thread. Taking a request copies its tensors into memory that is there already: it never
// waits, for the disk or for another thread, and drops and counts what finds no room. What the
// thread has written, a tenth of a second after it was taken at most, survives kill -9; it is
// synced once a second. Thread-safe.
class RequestLog {
 public:
  // Makes the folder where it is absent. Throws kInternal, or kResourceExhausted for a full disk.
  explicit RequestLog(const RequestLogOptions& options);
  // Writes what was taken before it ends.
  ~RequestLog();

  // A version whose requests may be taken.
  std::shared_ptr<const LoggedModel> Register(ModelInfoPtr info);
  void Take(const LoggedModel& model, const LoggedRequest& request);

  RequestLogStats stats() const;
  std::vector<std::shared_ptr<const LoggedModel>> models() const;

 private:
  // Threads mostly have one each; who finds it taken goes on to the next.
  struct alignas(64) Shard {
    std::mutex mutex;
    std::unique_ptr<char[]> bytes;
    size_t used = 0;
  };
  static constexpr size_t kShards = 4;

  bool Put(const LoggedModel& model, const LoggedRequest& request, size_t size);
  void Wake();
  void Write(const std::stop_token& stop);
  void WriteTaken();
  // What is in `spare_`.
  void WriteShard(size_t used);
  void WriteModels();
  void Roll();
  void RemoveOldest();

  const RequestLogOptions options_;
  std::array<Shard, kShards> shards_;
  std::unique_ptr<char[]> spare_;  // of the writer: what it takes is in another shard's place
  const int wake_fd_;
  std::atomic<bool> asked_ = false;  // the writer was woken and has not looked yet

  mutable std::mutex models_mutex_;  // guards models_
  std::vector<std::shared_ptr<const LoggedModel>> models_;

  std::atomic<int64_t> offered_ = 0, dropped_ = 0, written_ = 0, lost_ = 0, bytes_ = 0;

  // Of the writer's thread.
  int64_t segment_number_ = 0;
  std::unique_ptr<RequestSegment> segment_;
  size_t models_written_ = 0;  // into the segment
  bool failing_ = false;
  int64_t synced_us_ = 0;
  std::jthread writer_;
};

}  // namespace millwright::serving
