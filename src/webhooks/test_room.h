#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "storage/test_database.h"
#include "webhooks/delivery_log.h"
#include "webhooks/dispatcher.h"
#include "webhooks/test_receiver.h"
#include "webhooks/webhook_store.h"

namespace millwright::webhooks {

// A plain format for tests: every event is a message, and its kind the topic.
inline const Format kTestFormat = {
    .name = "test",
    .id_header = "X-Id",
    .timestamp_header = "X-Time",
    .signature_header = "X-Signature",
    .word = [](const events::Event& event) -> std::optional<Message> {
      return Message{event.kind, event.payload.Dump()};
    },
    .knows = [](std::string_view) { return true; },
    .example = [](std::string_view topic, int64_t) { return std::string(topic); },
};
inline constexpr const Format* kTestFormats[] = {&kTestFormat};

// The whole room on a database, with short delays and leave to call this machine.
struct TestRoom {
  explicit TestRoom(storage::Database& db) : database(db) {}

  Webhook Create(const std::string& url, std::vector<std::string> topics = {"run.created"},
                 const std::string& secret = "") {
    return store.Create({.name = "hook",
                         .description = std::nullopt,
                         .url = url,
                         .format = "test",
                         .topics = std::move(topics),
                         .secret = secret},
                        "ann");
  }
  void Happen(int number, std::string_view kind = "run.created") {
    database.Write([&](storage::Connection& connection) {
      events.Append(connection, kind, "run:" + std::to_string(number), "ann",
                    Json::Of({{"number", number}}));
    });
  }
  void Start(DispatcherOptions options = {}) {
    if (options.owner.empty()) options.owner = "test";
    if (options.retry.first_ms == RetryPlan{}.first_ms) options.retry.first_ms = 1;
    dispatcher = std::make_unique<Dispatcher>(database, events, clock, courier, options);
  }
  void Stop() { dispatcher.reset(); }

  // Waits for the newest delivery of a webhook to be in a state: the log of events wakes nobody
  // when a delivery goes well, so this asks again.
  Delivery WaitForNewest(const WebhookId& webhook, DeliveryState state) {
    for (;;) {
      const auto deliveries = log.List(webhook, {});
      if (!deliveries.empty() && deliveries.front().state == state) return deliveries.front();
      std::this_thread::yield();
    }
  }

  TempDir dir;
  storage::Database& database;
  SystemClock clock;
  events::EventLog events{database, clock};
  security::SecretBox box{dir.path() / "key"};
  AddressPolicy policy{{"127.0.0.1"}};
  WebhookStore store{database, events, clock, box, policy};
  DeliveryLog log{database, events, clock};
  Courier courier{kTestFormats, box, policy, clock, 2'000};
  std::unique_ptr<Dispatcher> dispatcher;
};

}  // namespace millwright::webhooks
