#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"

namespace millwright::streaming {

// Where a message stands.
struct Place {
  std::string topic;
  int32_t partition = 0;
  int64_t offset = 0;

  // "topic-partition-offset": the same whenever the message is read.
  std::string Id() const;
};

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Message {
  Place place;
  std::optional<std::string> key;
  std::optional<std::string> value;  // nothing: a tombstone
  Headers headers;
  int64_t time_ms = 0;  // 0 where the message has none
};

// Settings of librdkafka by its own names, for both sides: "bootstrap.servers",
// "security.protocol". Those that a stream's promises rest on (offsets, idempotence, the assignment
// of partitions) are its own: the constructors below throw kInvalidArgument where one differs.
using KafkaSettings = std::map<std::string, std::string>;

// Writes messages, each once and in order for its partition (an idempotent producer). What cannot
// be sent for now is kept and sent when a broker answers. Used by one thread.
class Producer {
 public:
  // Called by Poll for every message that was taken: delivered, or the reason why it never will be.
  using OnDelivered = std::function<void(uint64_t tag, const std::optional<Error>& error)>;

  Producer(const KafkaSettings& settings, OnDelivered on_delivered);
  ~Producer();

  // Takes a message; where the buffer is full, waits for room and calls OnDelivered meanwhile.
  // Throws kInvalidArgument for a message that no broker would take (too large), kUnavailable for
  // what ends the producer.
  void Send(const std::string& topic, const Message& message, uint64_t tag);
  // Lets deliveries be told for at most so long. Throws kUnavailable for what ends the producer.
  void Poll(int timeout_ms);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Reads a topic as a member of a group. Offsets are committed only when Commit is called. Used by
// one thread.
class Consumer {
 public:
  // Called by Poll and Close before partitions are given up: what was read of them must be finished
  // and committed now, or forgotten where they are `lost` already.
  using OnRevoked = std::function<void(bool lost)>;

  Consumer(const KafkaSettings& settings, const std::string& group, const std::string& topic,
           OnRevoked on_revoked);
  ~Consumer();

  // The next message; nothing when none came in time. Throws kInvalidArgument for a topic or group
  // that cannot be read, kUnavailable for what ends the consumer.
  std::optional<Message> Poll(int timeout_ms);
  // Commits that all before these offsets was finished, by partition; waits for the broker. What
  // fails is tried again by the next commit.
  void Commit(const std::map<int32_t, int64_t>& next_offsets);
  // Leaves the group after OnRevoked.
  void Close();

  // Messages that are there and were not read, of all partitions that this member has.
  int64_t lag() const;
  // Whether everything was read that was there.
  bool is_at_end() const;
  size_t partitions() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace millwright::streaming
