#include "webhooks/dispatcher.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "webhooks/sql.h"
#include "webhooks/test_room.h"

namespace millwright::webhooks {
namespace {

using fetch::Answer;

class DispatcherTest : public storage::DatabaseTest {
 protected:
  TestRoom room_{db()};
};

std::vector<int64_t> Numbers(const std::vector<Receiver::Request>& requests) {
  std::vector<int64_t> numbers;
  for (const auto& request : requests) numbers.push_back(ParseJson(request.body).GetInt("number"));
  return numbers;
}

TEST_P(DispatcherTest, TellsWhoWantsToKnow) {
  Receiver wants;
  Receiver other;
  room_.Happen(0);  // before there was anybody to tell
  const Webhook webhook = room_.Create(wants.Url(), {"run.created"}, "s3cret");
  room_.Create(other.Url(), {"run.finished"});
  room_.Start();
  room_.Happen(1, "run.updated");
  room_.Happen(2);
  const auto requests = wants.WaitFor(1);
  const Delivery delivery = room_.WaitForNewest(webhook.id, DeliveryState::kDelivered);
  ASSERT_EQ(1u, wants.count());
  EXPECT_EQ(0u, other.count());
  EXPECT_EQ(R"({"number":2})", requests[0].body);
  EXPECT_EQ("application/json", requests[0].Header("Content-Type"));
  EXPECT_EQ(delivery.id.str(), requests[0].Header("X-Id"));
  EXPECT_EQ(
      Sign("s3cret", requests[0].Header("X-Id"), requests[0].Header("X-Time"), requests[0].body),
      requests[0].Header("X-Signature"));
  EXPECT_EQ("run:2", delivery.subject);
  EXPECT_EQ(1, delivery.attempts);
}

TEST_P(DispatcherTest, SignsNothingWithoutASecret) {
  Receiver receiver;
  room_.Create(receiver.Url());
  room_.Start();
  room_.Happen(1);
  EXPECT_EQ("", receiver.WaitFor(1)[0].Header("X-Signature"));
}

TEST_P(DispatcherTest, TriesAgainUnderTheSameIdUntilItGoesWell) {
  Receiver receiver([](int number) {
    return number <= 3 ? Answer(500, "no " + std::to_string(number)) : Answer(200, "yes");
  });
  const Webhook webhook = room_.Create(receiver.Url());
  room_.Start();
  room_.Happen(1);
  const auto requests = receiver.WaitFor(4);
  const Delivery delivery = room_.WaitForNewest(webhook.id, DeliveryState::kDelivered);
  for (const auto& request : requests) EXPECT_EQ(delivery.id.str(), request.Header("X-Id"));
  EXPECT_EQ("", delivery.error);
  std::vector<std::pair<int64_t, std::string>> seen;
  for (const auto& attempt : room_.log.Attempts(delivery))
    seen.emplace_back(*attempt.status, attempt.response);
  EXPECT_EQ((std::vector<std::pair<int64_t, std::string>>{
                {200, "yes"}, {500, "no 3"}, {500, "no 2"}, {500, "no 1"}}),
            seen);
}

TEST_P(DispatcherTest, KeepsTheOrderOfEventsWhileItTriesAgain) {
  Receiver receiver([](int number) { return Answer(number % 3 == 0 ? 200 : 503, ""); });
  room_.Create(receiver.Url());
  room_.Start();
  for (int i = 1; i <= 4; ++i) room_.Happen(i);
  EXPECT_EQ((std::vector<int64_t>{1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4}),
            Numbers(receiver.WaitFor(12)));
}

TEST_P(DispatcherTest, LetsNobodyWaitForASlowReceiver) {
  std::promise<void> let_go;
  auto gate = let_go.get_future().share();
  Receiver slow([&](int) {
    gate.wait();
    return Answer(200, "");
  });
  Receiver quick;
  room_.Create(slow.Url());
  room_.Create(quick.Url());
  room_.Start();
  for (int i = 1; i <= 5; ++i) room_.Happen(i);
  slow.WaitFor(1);
  EXPECT_EQ((std::vector<int64_t>{1, 2, 3, 4, 5}), Numbers(quick.WaitFor(5)));
  EXPECT_EQ(1u, slow.count());
  let_go.set_value();
  EXPECT_EQ((std::vector<int64_t>{1, 2, 3, 4, 5}), Numbers(slow.WaitFor(5)));
}

TEST_P(DispatcherTest, GivesUpAtOnceWhereTryingCannotHelp) {
  for (const int status : {301, 400, 401, 404, 410}) {
    Receiver receiver([&](int) { return Answer(status, "", "Location: http://127.0.0.1:1/\r\n"); });
    const Webhook webhook = room_.Create(receiver.Url());
    room_.Start();
    room_.Happen(status);
    const Delivery delivery = room_.WaitForNewest(webhook.id, DeliveryState::kDead);
    EXPECT_EQ(1, delivery.attempts) << status;
    EXPECT_NE(std::string::npos, delivery.error.find(std::to_string(status))) << delivery.error;
    EXPECT_EQ(1u, receiver.count());
    room_.Stop();
    room_.store.Delete(webhook.id, "ann");
  }
}

TEST_P(DispatcherTest, TriesAgainWhereItMayHelp) {
  for (const int status : {408, 429, 500, 502, 504}) {
    Receiver receiver([&](int number) { return Answer(number == 1 ? status : 204, ""); });
    const Webhook webhook = room_.Create(receiver.Url());
    room_.Start();
    room_.Happen(status);
    EXPECT_EQ(2, room_.WaitForNewest(webhook.id, DeliveryState::kDelivered).attempts) << status;
    room_.Stop();
    room_.store.Delete(webhook.id, "ann");
  }
}

// A port that nobody listens on, and then somebody does.
TEST_P(DispatcherTest, KeepsDeadLettersAndReplaysThem) {
  std::atomic<bool> is_up = false;
  Receiver receiver([&](int) { return is_up ? Answer(200, "") : std::string(); });
  const Webhook webhook = room_.Create(receiver.Url());
  room_.Start({.retry = {.attempts_max = 2, .first_ms = 1}});
  room_.Happen(1);
  room_.Happen(2);
  const Delivery dead = room_.WaitForNewest(webhook.id, DeliveryState::kDead);
  EXPECT_EQ(2, dead.attempts);
  EXPECT_NE("", dead.error);
  EXPECT_EQ(2, room_.log.CountUnfinished()[webhook.seq].dead);
  int died = 0;
  for (const auto& event : room_.events.After(0, 100))
    died += event.kind == "webhook.delivery_died" ? 1 : 0;
  EXPECT_EQ(2, died);

  is_up = true;
  const size_t before = receiver.count();
  EXPECT_EQ(2, room_.log.ReplayDead(webhook.id, "ann"));
  auto requests = receiver.WaitFor(before + 2);
  requests.erase(requests.begin(), requests.begin() + static_cast<ptrdiff_t>(before));
  EXPECT_EQ((std::vector<int64_t>{1, 2}), Numbers(requests));
  EXPECT_EQ(dead.id.str(), requests[1].Header("X-Id"));
  EXPECT_EQ(3, room_.WaitForNewest(webhook.id, DeliveryState::kDelivered).attempts);
  EXPECT_EQ(0, room_.log.CountUnfinished()[webhook.seq].dead);

  room_.log.Replay(dead.id, "ann");
  EXPECT_EQ(2, Numbers(receiver.WaitFor(before + 3)).back());
}

TEST_P(DispatcherTest, GoesOnAfterAnEndInMidDelivery) {
  std::promise<void> let_go;
  auto gate = let_go.get_future().share();
  Receiver receiver([&](int number) {
    if (number == 1) gate.wait();
    return Answer(200, "");
  });
  const Webhook webhook = room_.Create(receiver.Url());
  room_.Start();
  room_.Happen(1);
  room_.Happen(2);
  receiver.WaitFor(1);
  room_.Stop();  // breaks the call off: nobody wrote down what came of it
  room_.Happen(3);
  let_go.set_value();
  room_.Start();
  const auto requests = receiver.WaitFor(4);
  EXPECT_EQ((std::vector<int64_t>{1, 1, 2, 3}), Numbers(requests));
  EXPECT_EQ(requests[0].Header("X-Id"), requests[1].Header("X-Id"));
}

TEST_P(DispatcherTest, SendsNothingMoreOfADeletedWebhook) {
  std::promise<void> let_go;
  auto gate = let_go.get_future().share();
  Receiver receiver([&](int) {
    gate.wait();
    return Answer(500, "");
  });
  Receiver other;
  const Webhook webhook = room_.Create(receiver.Url(), {"run.created"}, "s");
  room_.Create(other.Url(), {"run.deleted"});
  room_.Start();
  for (int i = 1; i <= 3; ++i) room_.Happen(i);
  receiver.WaitFor(1);
  room_.store.Delete(webhook.id, "ann");
  let_go.set_value();
  room_.Happen(9, "run.deleted");
  other.WaitFor(1);
  EXPECT_THROW(room_.log.List(webhook.id, {}), Error);
  room_.Stop();
  EXPECT_EQ(1u, receiver.count());
  Outbox outbox(db(), room_.events, room_.clock, kTestFormats, {});
  while (outbox.Prune(INT64_MAX / 2)) {
  }
  EXPECT_FALSE(outbox.Prune(INT64_MAX / 2));
  EXPECT_EQ(1u, db().Read([](storage::Connection& connection) {
    return connection.Select(sql::kActiveWebhooks).size();
  }));
}

TEST_P(DispatcherTest, HoldsADisabledWebhooksDeliveriesBack) {
  Receiver receiver;
  Receiver other;
  const Webhook webhook = room_.Create(receiver.Url());
  room_.Create(other.Url());
  room_.Happen(1);
  FanOut fan_out(db(), room_.events, room_.clock, kTestFormats);
  fan_out.Reload();
  ASSERT_TRUE(fan_out.Step());
  room_.store.Update(webhook.id, {.status = WebhookStatus::kDisabled}, "ann");
  room_.Start();
  room_.Happen(2);
  other.WaitFor(2);
  EXPECT_EQ(0u, receiver.count());
  room_.store.Update(webhook.id, {.status = WebhookStatus::kActive}, "ann");
  room_.Happen(3);
  EXPECT_EQ((std::vector<int64_t>{1, 3}), Numbers(receiver.WaitFor(2)));
}

TEST_P(DispatcherTest, TellsEachEventOnceWithSeveralServers) {
  Receiver receiver;
  const Webhook webhook = room_.Create(receiver.Url());
  room_.Start({.owner = "one"});
  Dispatcher second(db(), room_.events, room_.clock, room_.courier, {.owner = "two"});
  for (int i = 1; i <= 50; ++i) room_.Happen(i);
  std::vector<int64_t> expected;
  for (int i = 1; i <= 50; ++i) expected.push_back(i);
  EXPECT_EQ(expected, Numbers(receiver.WaitFor(50)));
  room_.WaitForNewest(webhook.id, DeliveryState::kDelivered);
  EXPECT_EQ(50u, receiver.count());
  EXPECT_EQ(50u, room_.log.List(webhook.id, {.limit = 100}).size());
}

TEST_P(DispatcherTest, TakesOverFromAServerThatEnded) {
  Receiver receiver;
  const Webhook webhook = room_.Create(receiver.Url());
  room_.Start({.owner = "one"});
  room_.Happen(1);
  room_.WaitForNewest(webhook.id, DeliveryState::kDelivered);
  Dispatcher second(db(), room_.events, room_.clock, room_.courier,
                    {.owner = "two", .lease_ms = 30});
  room_.Stop();
  room_.Happen(2);
  EXPECT_EQ(2, Numbers(receiver.WaitFor(2)).back());
}

TEST_P(DispatcherTest, IsNotFedByItsOwnFailures) {
  Receiver receiver([](int) { return Answer(404, ""); });
  const Webhook webhook = room_.Create(receiver.Url(), {"*"});
  room_.Start();
  // Its own creation is the first thing it hears of.
  const Delivery first = room_.WaitForNewest(webhook.id, DeliveryState::kDead);
  EXPECT_EQ("webhook.created", first.topic);
  room_.Happen(1);
  receiver.WaitFor(2);
  while (room_.WaitForNewest(webhook.id, DeliveryState::kDead).topic != "run.created") {
  }
  for (const Delivery& delivery : room_.log.List(webhook.id, {}))
    EXPECT_NE("webhook.delivery_died", delivery.topic);
}

TEST_P(DispatcherTest, ReadsTheLogByStateTopicAndPage) {
  Receiver receiver([](int number) { return Answer(number == 2 ? 404 : 200, ""); });
  const Webhook webhook = room_.Create(receiver.Url(), {"run.*"});
  room_.Start();
  for (int i = 1; i <= 4; ++i) room_.Happen(i, i == 3 ? "run.deleted" : "run.created");
  receiver.WaitFor(4);
  room_.WaitForNewest(webhook.id, DeliveryState::kDelivered);
  const auto subjects = [&](const DeliverySearch& search) {
    std::string text;
    for (const Delivery& one : room_.log.List(webhook.id, search)) text += one.subject + " ";
    return text;
  };
  EXPECT_EQ("run:4 run:3 run:2 run:1 ", subjects({}));
  EXPECT_EQ("run:2 ", subjects({.state = DeliveryState::kDead}));
  EXPECT_EQ("run:3 ", subjects({.topic = "run.deleted"}));
  const auto page = room_.log.List(webhook.id, {.limit = 2});
  EXPECT_EQ("run:2 run:1 ", subjects({.before_seq = page.back().seq, .limit = 2}));
}

TEST_P(DispatcherTest, RefusesAnAddressThatANameGotLater) {
  const AddressPolicy strict({});
  Courier courier(kTestFormats, room_.box, strict, room_.clock, 1'000);
  Receiver receiver;
  const Sending sending = courier.Send({.webhook = WebhookId("w"),
                                        .url = receiver.Url(),
                                        .format = "test",
                                        .delivery = DeliveryId("d"),
                                        .body = "{}"});
  EXPECT_EQ(Verdict::kRefused, sending.verdict);
  EXPECT_NE(std::string::npos, sending.attempt.error.find("127.0.0.1"));
  EXPECT_EQ(0u, receiver.count());
}

TEST_P(DispatcherTest, SendsNothingUnsignedWhenItsKeyIsGone) {
  Receiver receiver;
  const Webhook webhook = room_.Create(receiver.Url(), {"run.created"}, "s");
  const security::SecretBox other(room_.dir.path() / "other");
  Courier courier(kTestFormats, other, room_.policy, room_.clock, 1'000);
  const Sending sending = courier.Test(webhook, "run.created");
  EXPECT_EQ(Verdict::kRetry, sending.verdict);
  EXPECT_NE(std::string::npos, sending.attempt.error.find("--secret-key-file"));
  EXPECT_EQ(0u, receiver.count());
}

TEST_P(DispatcherTest, BoundsWhatItReadsOfAnAnswer) {
  Receiver endless([](int number) {
    const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n";
    return number == 1 ? head + std::string(1 << 20, 'x') : head + "a\x01\xff\xc3\xa4\n";
  });
  const Webhook webhook = room_.Create(endless.Url());
  Courier courier(kTestFormats, room_.box, room_.policy, room_.clock, 10'000);
  const Sending large = courier.Test(webhook, "t");
  EXPECT_EQ(Verdict::kDelivered, large.verdict);
  EXPECT_EQ(kResponseBytesMax, large.attempt.response.size());
  Courier impatient(kTestFormats, room_.box, room_.policy, room_.clock, 1'000);
  const Sending unfinished = impatient.Test(webhook, "t");
  EXPECT_EQ(Verdict::kDelivered, unfinished.verdict);
  EXPECT_EQ("a??\xc3\xa4\n", unfinished.attempt.response);
}

TEST_P(DispatcherTest, QueuesNoMoreThanItsLimitAndNoGiants) {
  Receiver receiver;
  const Webhook webhook = room_.Create(receiver.Url());
  db().Write([&](storage::Connection& connection) {
    for (int64_t i = 0; i < kQueueMax - 1; ++i)
      connection.Execute(sql::kInsertDelivery,
                         {webhook.seq, "d" + std::to_string(i), i, std::string("run.created"),
                          std::string("run:0"), std::string("{}"), std::string("pending"),
                          int64_t{0}, std::string(), storage::Value()});
  });
  room_.Happen(1);
  room_.Happen(2);
  FanOut fan_out(db(), room_.events, room_.clock, kTestFormats);
  fan_out.Reload();
  fan_out.Step();
  const auto newest = room_.log.List(webhook.id, {.limit = 2});
  EXPECT_EQ(DeliveryState::kDead, newest[0].state);
  EXPECT_NE("", newest[0].error);
  EXPECT_EQ(DeliveryState::kPending, newest[1].state);

  const Webhook other = room_.Create(receiver.Url());
  db().Write([&](storage::Connection& connection) {
    room_.events.Append(connection, "run.created", "run:3", "ann",
                        Json::Of({{"text", std::string(kBodyBytesMax, 'x')}}));
  });
  while (fan_out.Step()) {
  }
  const Delivery giant = room_.log.List(other.id, {}).front();
  EXPECT_EQ(DeliveryState::kDead, giant.state);
  EXPECT_THROW(room_.log.Replay(giant.id, "ann"), Error);
  EXPECT_EQ(0, room_.log.ReplayDead(other.id, "ann"));
}

TEST_P(DispatcherTest, RemovesWhatEndedLongAgo) {
  Receiver receiver([](int number) { return Answer(number == 1 ? 200 : 404, ""); });
  const Webhook webhook = room_.Create(receiver.Url());
  room_.Start();
  room_.Happen(1);
  room_.Happen(2);
  room_.WaitForNewest(webhook.id, DeliveryState::kDead);
  room_.Stop();
  room_.Happen(3);
  FanOut fan_out(db(), room_.events, room_.clock, kTestFormats);
  fan_out.Reload();
  ASSERT_TRUE(fan_out.Step());
  Outbox outbox(db(), room_.events, room_.clock, kTestFormats, {});
  outbox.Prune(1'000'000);
  EXPECT_EQ(3u, room_.log.List(webhook.id, {}).size());
  outbox.Prune(-1'000'000);
  const auto left = room_.log.List(webhook.id, {});
  ASSERT_EQ(1u, left.size());
  EXPECT_EQ("run:3", left[0].subject);
}

// Of receivers of alerts: messages of one group stay in order, those of others do not wait, and
// none is given up within a day.
TEST_P(DispatcherTest, ReceiversOfAlertsAreTriedForADayAndGroupsDoNotWaitForOneAnother) {
  constexpr int64_t kHourMs = 3'600'000;
  static const Format kAlerts = {
      .name = "alert.test",
      .id_header = "",
      .timestamp_header = "",
      .signature_header = "",
      .word = [](const events::Event&) -> std::optional<Message> { return std::nullopt; },
      .knows = [](std::string_view) { return false; },
      .example = [](std::string_view, int64_t) { return std::string(); },
      .keep_trying_ms = 26 * kHourMs};
  static constexpr const Format* kFormats[] = {&kAlerts};
  ManualClock clock(1'700'000'000'000);
  const Webhook webhook = room_.store.Create({.name = "ops",
                                              .description = std::nullopt,
                                              .url = "http://127.0.0.1:1/",
                                              .format = "alert.test",
                                              .topics = {"alerts"},
                                              .secret = ""},
                                             "ann");
  // It is none of the webhooks that are told of events.
  EXPECT_TRUE(room_.store.List({}).empty());
  db().Write([&](storage::Connection& connection) {
    for (const char* body : {"a1", "a2"})
      EXPECT_TRUE(Enqueue(connection, {webhook.id, "new", "a", body}, clock.NowMs()));
    EXPECT_TRUE(Enqueue(connection, {webhook.id, "new", "b", "b1"}, clock.NowMs()));
  });
  Outbox outbox(db(), room_.events, clock, kFormats, {});
  const auto fail = [&] {
    const auto loaded = outbox.Load(outbox.Turns().front());
    outbox.Note(*loaded, {.verdict = Verdict::kRetry, .attempt = {}});
    return loaded->outgoing.body;
  };
  EXPECT_EQ(fail(), "a1");
  EXPECT_EQ(fail(), "b1");  // while a1 waits for its next attempt, and a2 for a1
  EXPECT_EQ(outbox.Turns().size(), 2u);
  for (int i = 0; i < 25 * 12; ++i) {  // every five minutes
    clock.Advance(kHourMs / 12);
    fail();
    fail();
  }
  EXPECT_EQ(room_.log.List(webhook.id, {.state = DeliveryState::kDead}).size(), 0u);
  EXPECT_GT(room_.log.List(webhook.id, {}).back().attempts, 200);
  clock.Advance(kHourMs);
  for (int i = 0; i < 3; ++i) fail();
  EXPECT_EQ(room_.log.List(webhook.id, {.state = DeliveryState::kDead}).size(), 3u);
  EXPECT_TRUE(outbox.Turns().empty());
}

TEST_P(DispatcherTest, AClockThatWasSetBackMakesNobodyWait) {
  ManualClock clock(1'700'000'000'000);
  const Webhook webhook = room_.Create("http://127.0.0.1:1/");
  db().Write([&](storage::Connection& connection) {
    Enqueue(connection, {webhook.id, "run.created", "run:1", "{}"}, clock.NowMs());
  });
  Outbox outbox(db(), room_.events, clock, kTestFormats, {});
  EXPECT_EQ(outbox.Turns().front().start_ms, clock.NowMs());
  clock.Advance(-3'600'000);
  const auto turn = outbox.Turns().front();
  EXPECT_EQ(turn.start_ms, clock.NowMs());
  EXPECT_TRUE(outbox.Load(turn));
}

MILLWRIGHT_ON_BOTH_DATABASES(DispatcherTest);

TEST(RetryDelay, DoublesUpToItsLimitWithJitter) {
  const RetryPlan plan{.attempts_max = 10, .first_ms = 1'000, .delay_ms_max = 60'000};
  for (const auto& [tries, full_ms] : std::vector<std::pair<int64_t, int64_t>>{
           {1, 1'000}, {2, 2'000}, {5, 16'000}, {50, 60'000}}) {
    std::set<int64_t> seen;
    for (int i = 0; i < 100; ++i) {
      const int64_t delay_ms = RetryDelayMs(plan, tries, 0);
      EXPECT_GE(delay_ms, full_ms / 2);
      EXPECT_LE(delay_ms, full_ms);
      seen.insert(delay_ms);
    }
    EXPECT_GT(seen.size(), 10u);
  }
  EXPECT_EQ(30'000, RetryDelayMs(plan, 1, 30'000));
  EXPECT_EQ(60'000, RetryDelayMs(plan, 1, 3'600'000));
}

}  // namespace
}  // namespace millwright::webhooks
