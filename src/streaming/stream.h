#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "streaming/kafka.h"
#include "streaming/predictions.h"

namespace millwright::streaming {

struct StreamOptions {
  std::string input;
  std::string output;
  std::string group;        // whose members share the input
  std::string dead_letter;  // where messages and rows go that cannot be read or predicted
  KafkaSettings kafka;
  std::string model;  // as it is named in the output
  std::string version;
  PredictionOptions predictions;
  size_t batch_messages = 500;  // of one turn
  int64_t delay_ms = 10;        // how long a message waits for others
  bool until_end = false;       // ends once everything was read that is there
};

// Read by any thread.
struct StreamCounts {
  std::atomic<int64_t> messages = 0;      // read and answered or put aside
  std::atomic<int64_t> rows = 0;          // predicted
  std::atomic<int64_t> dead_letters = 0;  // messages and rows put aside
  std::atomic<int64_t> delivered = 0;     // that a broker has taken
  std::atomic<int64_t> commits = 0;
  std::atomic<int64_t> predict_us = 0;
  std::atomic<int64_t> lag = 0;  // messages that wait in the partitions of this process
  std::atomic<int64_t> partitions = 0;
};

// Reads messages of a topic, predicts their rows and writes the predictions to another topic, at
// least once: the offset of a message is committed after a broker has what came of it. Each output
// carries the id of its input (Place::Id), so that one that comes twice can be told.
class Stream {
 public:
  // Throws kInvalidArgument for settings or a model that do not fit.
  Stream(StreamOptions options, inference::Engine& engine);

  // Goes on until a stop is asked for, then finishes what is under way and commits it, for at most
  // kFinishMsMax. `on_turn` is called now and then. Throws what ends a stream: kUnavailable,
  // kInvalidArgument for topics that cannot be used.
  static constexpr int64_t kFinishMsMax = 15'000;
  void Run(const std::stop_token& stop, const std::function<void()>& on_turn);

  const StreamCounts& counts() const { return counts_; }

 private:
  // What is on its way out, in the order in which it was read.
  struct Turn {
    std::map<int32_t, int64_t> next_offsets;
    size_t undelivered = 0;
  };
  // A message and where its rows stand among those of the turn.
  struct Taken {
    Message message;
    std::vector<Json> rows;
    bool is_list = false;
  };

  void Gather();
  void Answer(const std::stop_token& stop);
  void SendAnswer(const Taken& taken, const Result<std::string>* results);
  void SendDead(const Message& message, const std::string& reason, const std::optional<size_t>& row,
                const Json* value);
  void Send(const std::string& topic, const Message& message);
  void Delivered(uint64_t tag, const std::optional<Error>& error);
  void Revoked(bool lost);
  // Waits until at most so many turns are on their way; returns whether that was so in time.
  bool WaitForTurns(size_t turns_max, int64_t timeout_ms);
  void CommitFinished();
  void Observe();

  const StreamOptions options_;
  StreamCounts counts_;
  RowPredictor predictor_;
  std::vector<Message> gathered_;
  std::deque<Turn> turns_;
  uint64_t first_turn_ = 0;              // the number of the first of turns_
  std::map<int32_t, int64_t> finished_;  // not committed yet
  int64_t committed_us_ = 0;
  std::optional<Error> failure_;
  Producer producer_;
  Consumer consumer_;  // last: its end may call Revoked
};

}  // namespace millwright::streaming
