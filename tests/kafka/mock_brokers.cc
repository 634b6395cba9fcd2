// Brokers for tests: librdkafka's mock cluster in a process of its own. Prints its addresses, then
// does what each line of its input says and answers with one line:
//   create TOPIC PARTITIONS        ok
//   produce TOPIC KEY VALUE        ok; KEY "-" is none, VALUE is the rest of the line
//   tombstone TOPIC KEY            ok
//   flush                          ok, once all that was produced is there
//   read TOPIC COUNT               a JSON list of the first COUNT messages that are found
//   committed TOPIC GROUP OFFSET   ok, once the group has committed so much of partition 0
//   down, up                       ok
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <cstdio>
#include <iostream>
#include <map>
#include <sstream>

#include "base/id.h"
#include "base/json.h"
#include "streaming/kafka.h"

namespace millwright::streaming {
namespace {

constexpr int kBrokers = 3;
constexpr int kWaitMs = 100;

Json ToJson(const Message& message) {
  Json headers = Json::MakeObject();
  for (const auto& [name, value] : message.headers) headers.Set(name, value);
  return Json::Of({{"partition", int64_t{message.place.partition}},
                   {"offset", message.place.offset},
                   {"key", message.key ? Json(*message.key) : Json()},
                   {"value", message.value ? Json(*message.value) : Json()},
                   {"headers", headers}});
}

class MockBrokers {
 public:
  MockBrokers() {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    char text[512];
    rd_kafka_conf_set(conf, "log_level", "0", text, sizeof text);
    owner_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    cluster_ = rd_kafka_mock_cluster_new(owner_, kBrokers);
    settings_["bootstrap.servers"] = rd_kafka_mock_cluster_bootstraps(cluster_);
    producer_.emplace(settings_, [this](uint64_t, const std::optional<Error>&) { --unsent_; });
  }
  ~MockBrokers() {
    producer_.reset();
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(owner_);
  }
  MockBrokers(const MockBrokers&) = delete;
  MockBrokers& operator=(const MockBrokers&) = delete;

  std::string addresses() const { return settings_.at("bootstrap.servers"); }

  std::string Do(const std::string& line) {
    std::istringstream words(line);
    std::string verb, topic;
    words >> verb >> topic;
    if (verb == "create") {
      int partitions = 1;
      words >> partitions;
      rd_kafka_mock_topic_create(cluster_, topic.c_str(), partitions, 1);
    } else if (verb == "produce" || verb == "tombstone") {
      Produce(topic, &words, verb == "tombstone");
    } else if (verb == "flush") {
      while (unsent_ > 0) producer_->Poll(kWaitMs);
    } else if (verb == "read") {
      size_t count = 0;
      words >> count;
      return Read(topic, count);
    } else if (verb == "committed") {
      std::string group;
      int64_t offset = 0;
      words >> group >> offset;
      while (Committed(topic, group) < offset) continue;  // each question waits for its answer
    } else if (verb == "down" || verb == "up") {
      for (int id = 1; id <= kBrokers; ++id) {
        verb == "up" ? rd_kafka_mock_broker_set_up(cluster_, id)
                     : rd_kafka_mock_broker_set_down(cluster_, id);
      }
    } else {
      return "unknown";
    }
    return "ok";
  }

 private:
  void Produce(const std::string& topic, std::istringstream* words, bool tombstone) {
    Message message;
    std::string key, value;
    *words >> key;
    if (key != "-") message.key = key;
    std::getline(*words >> std::ws, value);
    if (!tombstone) message.value = value;
    message.headers.emplace_back("trace", "of " + key);
    ++unsent_;
    producer_->Send(topic, message, 0);
  }

  int64_t Committed(const std::string& topic, const std::string& group) const {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    char text[512];
    rd_kafka_conf_set(conf, "group.id", group.c_str(), text, sizeof text);
    rd_kafka_conf_set(conf, "bootstrap.servers", addresses().c_str(), text, sizeof text);
    rd_kafka_t* member = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text);
    rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
    const rd_kafka_topic_partition_t* asked =
        rd_kafka_topic_partition_list_add(list, topic.c_str(), 0);
    rd_kafka_committed(member, list, 50 * kWaitMs);
    const int64_t offset = asked->offset;
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(member);
    return offset;
  }

  std::string Read(const std::string& topic, size_t count) {
    Consumer consumer(settings_, NewHexId(), topic, [](bool) {});
    Json found = Json::MakeArray();
    while (found.AsArray().size() < count) {
      if (auto message = consumer.Poll(kWaitMs)) found.Append(ToJson(*message));
    }
    return found.Dump();
  }

  rd_kafka_t* owner_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
  KafkaSettings settings_;
  std::optional<Producer> producer_;
  int64_t unsent_ = 0;
};

int Run() {
  MockBrokers brokers;
  std::printf("%s\n", brokers.addresses().c_str());
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) {
    std::printf("%s\n", brokers.Do(line).c_str());
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace millwright::streaming

int main() {
  return millwright::streaming::Run();
}
