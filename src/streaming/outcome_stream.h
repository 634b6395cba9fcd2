#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/json.h"
#include "streaming/kafka.h"

namespace millwright::streaming {

struct OutcomeStreamOptions {
  std::string input;
  std::string group;        // whose members share the input
  std::string dead_letter;  // where messages go that cannot be read or recorded
  KafkaSettings kafka;
  size_t batch_messages = 500;  // of one turn
  bool until_end = false;       // ends once everything was read that is there
};

// Read by any thread.
struct OutcomeCounts {
  std::atomic<int64_t> messages = 0;      // read and recorded or put aside
  std::atomic<int64_t> outcomes = 0;      // recorded, those that were told before among them
  std::atomic<int64_t> dead_letters = 0;  // messages and outcomes put aside
  std::atomic<int64_t> commits = 0;
  std::atomic<int64_t> retries = 0;  // turns that had to wait for who records them
  std::atomic<int64_t> lag = 0;      // messages that wait in the partitions of this process
  std::atomic<int64_t> partitions = 0;
};

inline constexpr size_t kMessageOutcomesMax = 1'000;

// What a message says: one outcome or a list of them, objects as POST /api/v1/outcomes takes them.
// Where one has neither prediction_id nor key, the message's key is the prediction's id; without
// time_ms it became known when the message was written. Each gets a source, by which one that is
// told twice can be told. Throws kInvalidArgument for what is no outcome.
std::vector<Json> ReadOutcomes(const Message& message);

// Reads outcomes of a topic and hands them over, at least once: offsets are committed after they
// were recorded or put aside as dead letters, with the reason in a header.
class OutcomeStream {
 public:
  // Records outcomes, all of them or none. Throws kInvalidArgument for a list with one that cannot
  // be recorded, kUnavailable, kResourceExhausted or kDeadlineExceeded where it may be tried again,
  // and else what ends the stream.
  using Record = std::function<void(const std::vector<Json>& outcomes)>;

  OutcomeStream(OutcomeStreamOptions options, Record record);

  // Goes on until a stop is asked for. `on_turn` is called now and then. Throws what ends it.
  void Run(const std::stop_token& stop, const std::function<void()>& on_turn);

  const OutcomeCounts& counts() const { return counts_; }

 private:
  // An outcome and the message that it is from.
  struct Told {
    Json outcome;
    const Message* message = nullptr;
  };

  void Gather();
  void Handle(const std::stop_token& stop, const std::function<void()>& on_turn);
  // Records some; where that is refused, their halves, down to single ones.
  void RecordPart(const Told* begin, size_t count);
  void SendDead(const Message& message, const std::string& reason, const Json* outcome);
  // Waits until the dead letters are with a broker.
  void Deliver(const std::stop_token& stop);
  void Observe();

  const OutcomeStreamOptions options_;
  const Record record_;
  OutcomeCounts counts_;
  std::vector<Message> gathered_;
  int64_t undelivered_ = 0;
  std::optional<Error> failure_;
  Producer producer_;
  Consumer consumer_;  // last: its end may call back
};

}  // namespace millwright::streaming
