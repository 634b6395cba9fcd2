#include "streaming/kafka.h"

#include <algorithm>
#include <cctype>

#include "base/log.h"
#include "streaming/kafka_library.h"

namespace millwright::streaming {
namespace {

constexpr size_t kErrorBytes = 512;
constexpr int kFullQueueMs = 50;

struct DestroyKafka {
  void operator()(rd_kafka_t* kafka) const { rd_kafka_destroy(kafka); }
};
using KafkaPtr = std::unique_ptr<rd_kafka_t, DestroyKafka>;

struct DestroyMessage {
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
};
using MessagePtr = std::unique_ptr<rd_kafka_message_t, DestroyMessage>;

struct DestroyList {
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
};
using ListPtr = std::unique_ptr<rd_kafka_topic_partition_list_t, DestroyList>;

std::string TextOf(rd_kafka_resp_err_t error) {
  return rd_kafka_err2str(error);
}

// Tells once that no broker answers, and once that one does again. The error of the last partition
// of a lost cluster comes again and again.
class BrokerWatch {
 public:
  BrokerWatch(std::string_view side, const KafkaSettings& settings) : side_(side) {
    const auto named = settings.find("bootstrap.servers");
    if (named != settings.end()) brokers_ = named->second;
  }
  void Lost(const char* reason) {
    if (!std::exchange(is_lost_, true)) {
      Log(LogLevel::kWarning, "streaming", "no broker answers; it is tried again",
          {{"side", side_}, {"brokers", brokers_}, {"reason", reason}});
    }
  }
  void Found() {
    if (std::exchange(is_lost_, false)) {
      Log(LogLevel::kInfo, "streaming", "the brokers answer again", {{"side", side_}});
    }
  }

 private:
  const std::string side_;
  std::string brokers_;
  bool is_lost_ = false;  // callbacks come on the thread that polls
};

// The library's own lines are of use to those who look for them.
void LogLine(const rd_kafka_t* /*kafka*/, int /*level*/, const char* facility, const char* text) {
  Log(LogLevel::kDebug, "streaming", text, {{"facility", facility}});
}

// What the stream's promises rest on. A setting of one of these names that says otherwise is
// refused and not passed over: who gives it would count on it.
struct OwnSetting {
  std::string_view name;
  std::string_view value;  // empty: it must not be set at all
  std::string_view why;
};
constexpr std::string_view kCommits = "offsets are committed when the output is written";
constexpr std::string_view kKept = "what was read is kept until it can be written";
constexpr OwnSetting kOwnSettings[] = {
    {"enable.auto.commit", "false", kCommits},
    {"auto.commit.enable", "false", kCommits},  // its name among a topic's settings
    {"enable.auto.offset.store", "false", kCommits},
    {"delivery.report.only.error", "false", kCommits},
    {"enable.idempotence", "true", "what is sent twice is written once"},
    {"message.timeout.ms", "0", kKept},
    {"delivery.timeout.ms", "0", kKept},  // the same
    {"transactional.id", "", "the output is not written in transactions"},
    {"enable.partition.eof", "true", "--until-end and the lag are known by it"},
    {"partition.assignment.strategy", "range,roundrobin", "partitions are given up all together"},
};

bool IsSame(std::string_view one, std::string_view other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [](unsigned char a, unsigned char b) { return tolower(a) == tolower(b); });
}

void CheckOwn(const KafkaSettings& settings, const OwnSetting& own) {
  const auto it = settings.find(std::string(own.name));
  if (it == settings.end() || IsSame(it->second, own.value)) return;
  throw InvalidArgument("Kafka: {}={} cannot be had: {}", it->first, it->second, own.why);
}

class Configuration {
 public:
  explicit Configuration(const KafkaSettings& settings) : conf_(rd_kafka_conf_new()) {
    rd_kafka_conf_set_log_cb(conf_, LogLine);
    for (const OwnSetting& own : kOwnSettings) CheckOwn(settings, own);
    for (const auto& [name, value] : settings) Set(name, value);
  }
  ~Configuration() {
    if (conf_ != nullptr) rd_kafka_conf_destroy(conf_);
  }
  Configuration(const Configuration&) = delete;
  Configuration& operator=(const Configuration&) = delete;

  void Set(const std::string& name, const std::string& value) {
    char text[kErrorBytes];
    const auto result = rd_kafka_conf_set(conf_, name.c_str(), value.c_str(), text, sizeof text);
    if (result != RD_KAFKA_CONF_OK) throw InvalidArgument("Kafka: {}", text);
  }
  rd_kafka_conf_t* get() { return conf_; }

  KafkaPtr Open(rd_kafka_type_t type) {
    char text[kErrorBytes];
    KafkaPtr kafka(rd_kafka_new(type, conf_, text, sizeof text));
    if (kafka == nullptr) throw InvalidArgument("Kafka: {}", text);
    conf_ = nullptr;  // now the handle's
    return kafka;
  }

 private:
  rd_kafka_conf_t* conf_;
};

// Whether an error is one that the library gets over by itself.
bool IsPassing(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:  // it may be made in a moment
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
      return true;
    default:
      return false;
  }
}

Message Copy(const rd_kafka_message_t& given) {
  Message message{.place = {rd_kafka_topic_name(given.rkt), given.partition, given.offset},
                  .key = std::nullopt,
                  .value = std::nullopt,
                  .headers = {},
                  .time_ms = 0};
  if (given.key != nullptr) message.key.emplace(static_cast<const char*>(given.key), given.key_len);
  if (given.payload != nullptr) {
    message.value.emplace(static_cast<const char*>(given.payload), given.len);
  }
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const int64_t time_ms = rd_kafka_message_timestamp(&given, &type);
  if (type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE) message.time_ms = std::max<int64_t>(0, time_ms);
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&given, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return message;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    message.headers.emplace_back(name, value == nullptr
                                           ? std::string()
                                           : std::string(static_cast<const char*>(value), size));
  }
  return message;
}

}  // namespace

std::string Place::Id() const {
  return fmt::format("{}-{}-{}", topic, partition, offset);
}

struct Producer::Impl {
  OnDelivered on_delivered;
  explicit Impl(const KafkaSettings& settings) : brokers("output", settings) {}

  BrokerWatch brokers;
  KafkaPtr kafka;

  static void Delivered(rd_kafka_t* /*kafka*/, const rd_kafka_message_t* message, void* opaque) {
    auto& self = *static_cast<Impl*>(opaque);
    std::optional<Error> error;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      error = Unavailable("Kafka topic {}: {}", rd_kafka_topic_name(message->rkt),
                          TextOf(message->err));
    } else {
      self.brokers.Found();
    }
    self.on_delivered(reinterpret_cast<uintptr_t>(message->_private), error);
  }

  static void Failed(rd_kafka_t* /*kafka*/, int code, const char* reason, void* opaque) {
    auto& self = *static_cast<Impl*>(opaque);
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) self.brokers.Lost(reason);
  }

  void CheckFatal() const {
    char text[kErrorBytes];
    const auto error = rd_kafka_fatal_error(kafka.get(), text, sizeof text);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) throw Unavailable("Kafka: {}", text);
  }
};

Producer::Producer(const KafkaSettings& settings, OnDelivered on_delivered)
    : impl_(std::make_unique<Impl>(settings)) {
  impl_->on_delivered = std::move(on_delivered);
  Configuration configuration(settings);
  configuration.Set("enable.idempotence", "true");
  configuration.Set("message.timeout.ms", "0");  // what was read is kept until it can be written
  rd_kafka_conf_set_opaque(configuration.get(), impl_.get());
  rd_kafka_conf_set_dr_msg_cb(configuration.get(), Impl::Delivered);
  rd_kafka_conf_set_error_cb(configuration.get(), Impl::Failed);
  impl_->kafka = configuration.Open(RD_KAFKA_PRODUCER);
}

Producer::~Producer() {
  // Nobody waits for what is not delivered: it was not committed and is read again.
  rd_kafka_purge(impl_->kafka.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
}

void Producer::Send(const std::string& topic, const Message& message, uint64_t tag) {
  std::vector<rd_kafka_vu_t> values;
  const auto add = [&](rd_kafka_vtype_t type) -> rd_kafka_vu_t& {
    rd_kafka_vu_t value{};
    value.vtype = type;
    return values.emplace_back(value);
  };
  add(RD_KAFKA_VTYPE_TOPIC).u.cstr = topic.c_str();
  add(RD_KAFKA_VTYPE_MSGFLAGS).u.i = RD_KAFKA_MSG_F_COPY;
  add(RD_KAFKA_VTYPE_OPAQUE).u.ptr = reinterpret_cast<void*>(static_cast<uintptr_t>(tag));
  const auto add_bytes = [&](rd_kafka_vtype_t type, const std::optional<std::string>& bytes) {
    if (!bytes) return;
    auto& value = add(type);
    value.u.mem.ptr = const_cast<char*>(bytes->data());
    value.u.mem.size = bytes->size();
  };
  add_bytes(RD_KAFKA_VTYPE_KEY, message.key);
  add_bytes(RD_KAFKA_VTYPE_VALUE, message.value);
  if (message.time_ms > 0) add(RD_KAFKA_VTYPE_TIMESTAMP).u.i64 = message.time_ms;
  for (const auto& [name, text] : message.headers) {
    auto& header = add(RD_KAFKA_VTYPE_HEADER);
    header.u.header.name = name.c_str();
    header.u.header.val = text.data();
    header.u.header.size = static_cast<ssize_t>(text.size());
  }
  while (true) {
    rd_kafka_error_t* error = rd_kafka_produceva(impl_->kafka.get(), values.data(), values.size());
    if (error == nullptr) return;
    const rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    const std::string text = rd_kafka_error_string(error);
    rd_kafka_error_destroy(error);
    if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      Poll(kFullQueueMs);
      continue;
    }
    impl_->CheckFatal();
    if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) throw InvalidArgument("{}", text);
    throw Unavailable("Kafka topic {}: {}", topic, text);
  }
}

void Producer::Poll(int timeout_ms) {
  rd_kafka_poll(impl_->kafka.get(), timeout_ms);
  impl_->CheckFatal();
}

struct Consumer::Impl {
  std::string topic;
  OnRevoked on_revoked;
  explicit Impl(const KafkaSettings& settings) : brokers("input", settings) {}

  BrokerWatch brokers;
  std::map<int32_t, int64_t> next_offsets;  // of the partitions that this member has; -1: unknown
  std::map<int32_t, bool> at_end;
  bool closed = false;
  KafkaPtr kafka;

  static void Rebalanced(rd_kafka_t* kafka, rd_kafka_resp_err_t error,
                         rd_kafka_topic_partition_list_t* partitions, void* opaque) {
    auto& self = *static_cast<Impl*>(opaque);
    self.brokers.Found();
    if (error == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
      for (int i = 0; i < partitions->cnt; ++i) {
        self.next_offsets[partitions->elems[i].partition] = -1;
        self.at_end[partitions->elems[i].partition] = false;
      }
      rd_kafka_assign(kafka, partitions);
      return;
    }
    self.on_revoked(rd_kafka_assignment_lost(kafka) != 0);
    self.next_offsets.clear();
    self.at_end.clear();
    rd_kafka_assign(kafka, nullptr);
  }

  static void Failed(rd_kafka_t* /*kafka*/, int code, const char* reason, void* opaque) {
    auto& self = *static_cast<Impl*>(opaque);
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) self.brokers.Lost(reason);
  }
};

Consumer::Consumer(const KafkaSettings& settings, const std::string& group,
                   const std::string& topic, OnRevoked on_revoked)
    : impl_(std::make_unique<Impl>(settings)) {
  impl_->topic = topic;
  impl_->on_revoked = std::move(on_revoked);
  CheckOwn(settings, {"group.id", group, "say --group"});
  Configuration configuration(settings);
  // What a group without offsets begins with, unless it was said otherwise.
  if (!settings.contains("auto.offset.reset")) configuration.Set("auto.offset.reset", "earliest");
  configuration.Set("group.id", group);
  configuration.Set("enable.auto.commit", "false");
  configuration.Set("enable.auto.offset.store", "false");
  configuration.Set("enable.partition.eof", "true");
  // All partitions are given up and given anew, so that what was read can be finished at once.
  configuration.Set("partition.assignment.strategy", "range,roundrobin");
  rd_kafka_conf_set_opaque(configuration.get(), impl_.get());
  rd_kafka_conf_set_rebalance_cb(configuration.get(), Impl::Rebalanced);
  rd_kafka_conf_set_error_cb(configuration.get(), Impl::Failed);
  impl_->kafka = configuration.Open(RD_KAFKA_CONSUMER);
  rd_kafka_poll_set_consumer(impl_->kafka.get());
  const ListPtr topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  const auto error = rd_kafka_subscribe(impl_->kafka.get(), topics.get());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    throw InvalidArgument("Kafka topic {}: {}", topic, TextOf(error));
  }
}

Consumer::~Consumer() {
  impl_->on_revoked = [](bool) {};
  Close();
}

void Consumer::Close() {
  if (!std::exchange(impl_->closed, true)) rd_kafka_consumer_close(impl_->kafka.get());
}

std::optional<Message> Consumer::Poll(int timeout_ms) {
  const MessagePtr given(rd_kafka_consumer_poll(impl_->kafka.get(), timeout_ms));
  if (given == nullptr) return std::nullopt;
  if (given->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    impl_->brokers.Found();
    impl_->next_offsets[given->partition] = given->offset + 1;
    impl_->at_end[given->partition] = false;
    return Copy(*given);
  }
  if (given->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    impl_->brokers.Found();
    impl_->at_end[given->partition] = true;
    impl_->next_offsets[given->partition] = given->offset;
    return std::nullopt;
  }
  if (IsPassing(given->err)) return std::nullopt;
  throw InvalidArgument("Kafka topic {}: {}", impl_->topic, TextOf(given->err));
}

void Consumer::Commit(const std::map<int32_t, int64_t>& next_offsets) {
  if (next_offsets.empty()) return;
  const ListPtr list(rd_kafka_topic_partition_list_new(static_cast<int>(next_offsets.size())));
  for (const auto& [partition, offset] : next_offsets) {
    rd_kafka_topic_partition_list_add(list.get(), impl_->topic.c_str(), partition)->offset = offset;
  }
  const auto error = rd_kafka_commit(impl_->kafka.get(), list.get(), 0);
  // Whoever has the partitions next reads again from the commit before, which loses nothing.
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    Log(LogLevel::kWarning, "streaming", "offsets were not committed",
        {{"topic", impl_->topic}, {"reason", TextOf(error)}});
  }
}

int64_t Consumer::lag() const {
  int64_t lag = 0;
  for (const auto& [partition, next] : impl_->next_offsets) {
    int64_t low = 0;
    int64_t high = 0;
    const auto error = rd_kafka_get_watermark_offsets(impl_->kafka.get(), impl_->topic.c_str(),
                                                      partition, &low, &high);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR && high > 0 && next >= 0) {
      lag += std::max<int64_t>(0, high - next);
    }
  }
  return lag;
}

bool Consumer::is_at_end() const {
  return !impl_->at_end.empty() &&
         std::all_of(impl_->at_end.begin(), impl_->at_end.end(),
                     [](const auto& partition) { return partition.second; });
}

size_t Consumer::partitions() const {
  return impl_->next_offsets.size();
}

}  // namespace millwright::streaming
