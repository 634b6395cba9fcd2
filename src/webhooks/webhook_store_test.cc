#include "webhooks/webhook_store.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "webhooks/test_room.h"

namespace millwright::webhooks {
namespace {

class WebhookStoreTest : public storage::DatabaseTest {
 protected:
  TestRoom room_{db()};
};

constexpr const char* kUrl = "https://192.0.43.8/hook";

TEST_P(WebhookStoreTest, KeepsWhatItWasGiven) {
  const Webhook made = room_.store.Create({.name = "chat",
                                           .description = "tells the team",
                                           .url = kUrl,
                                           .format = "test",
                                           .topics = {"run.*", "alias.moved", "run.*"},
                                           .secret = "s3cret",
                                           .status = WebhookStatus::kDisabled},
                                          "ann");
  const Webhook read = room_.store.Get(made.id);
  EXPECT_EQ("chat", read.name);
  EXPECT_EQ("tells the team", read.description);
  EXPECT_EQ(kUrl, read.url);
  EXPECT_EQ((std::vector<std::string>{"alias.moved", "run.*"}), read.topics);
  EXPECT_EQ(WebhookStatus::kDisabled, read.status);
  EXPECT_EQ("ann", read.created_by);
  EXPECT_EQ(made.seq, read.seq);
}

TEST_P(WebhookStoreTest, SealsSecretsAndTellsNobody) {
  const Webhook webhook = room_.Create(kUrl, {"*"}, "s3cret-of-ours");
  ASSERT_TRUE(room_.store.Get(webhook.id).sealed_secret);
  EXPECT_EQ(std::string::npos, room_.store.Get(webhook.id).sealed_secret->find("s3cret"));
  room_.store.Update(webhook.id, {.secret = "another-s3cret"}, "ann");
  room_.store.Update(webhook.id, {.url = "https://user:s3cret@192.0.43.8/x?key=s3cret"}, "ann");
  room_.store.Delete(webhook.id, "ann");
  for (const auto& event : room_.events.After(0, 100))
    EXPECT_EQ(std::string::npos, event.payload.Dump().find("s3cret")) << event.payload.Dump();
}

TEST_P(WebhookStoreTest, ChangesOnlyWhatIsNamed) {
  const Webhook webhook = room_.Create(kUrl, {"run.created"}, "s");
  const Webhook changed =
      room_.store.Update(webhook.id, {.status = WebhookStatus::kDisabled}, "ann");
  EXPECT_EQ(webhook.name, changed.name);
  EXPECT_EQ(webhook.sealed_secret, changed.sealed_secret);
  EXPECT_EQ(WebhookStatus::kDisabled, room_.store.Get(webhook.id).status);
  EXPECT_FALSE(room_.store.Update(webhook.id, {.secret = ""}, "ann").sealed_secret);
  EXPECT_THROW(room_.store.Update(webhook.id, {.url = "https://10.0.0.1/"}, "ann"), Error);
  EXPECT_THROW(room_.store.Update(webhook.id, {.topics = std::vector<std::string>()}, "ann"),
               Error);
  EXPECT_EQ(kUrl, room_.store.Get(webhook.id).url);
}

TEST_P(WebhookStoreTest, ListsTheNewestFirstInPages) {
  std::vector<WebhookId> made;
  for (int i = 0; i < 5; ++i) made.insert(made.begin(), room_.Create(kUrl).id);
  room_.store.Delete(made[1], "ann");
  made.erase(made.begin() + 1);
  std::vector<WebhookId> listed;
  int64_t before = INT64_MAX;
  for (;;) {
    const auto page = room_.store.List({.before_seq = before, .limit = 2});
    if (page.empty()) break;
    for (const Webhook& webhook : page) listed.push_back(webhook.id);
    before = page.back().seq;
  }
  EXPECT_EQ(made, listed);
  EXPECT_TRUE(room_.store.List({.format = "other"}).empty());
}

TEST_P(WebhookStoreTest, ForgetsADeletedOne) {
  const Webhook webhook = room_.Create(kUrl, {"*"}, "s");
  room_.store.Delete(webhook.id, "ann");
  EXPECT_THROW(room_.store.Get(webhook.id), Error);
  EXPECT_THROW(room_.store.Delete(webhook.id, "ann"), Error);
  EXPECT_THROW(room_.store.Update(webhook.id, {.name = "x"}, "ann"), Error);
}

TEST_P(WebhookStoreTest, RefusesWhatCannotBe) {
  for (const char* name : {"", "-a", "a-", "a b", "a/b", ".a", "\xc3\xa4"})
    EXPECT_THROW(RequireWebhookName(name), Error) << name;
  EXPECT_THROW(RequireWebhookName(std::string(kNameCharactersMax + 1, 'a')), Error);
  EXPECT_NO_THROW(RequireWebhookName(std::string(kNameCharactersMax, 'a')));
  EXPECT_THROW(room_.Create(kUrl, {}), Error);
  EXPECT_THROW(room_.Create(kUrl, {"*"}, std::string(kSecretBytesMax + 1, 's')), Error);
  std::vector<std::string> topics;
  for (size_t i = 0; i <= kTopicsMax; ++i) topics.push_back("t" + std::to_string(i));
  EXPECT_THROW(room_.Create(kUrl, topics), Error);
}

TEST(Webhook, WantsTopicsByNameNounOrAll) {
  const auto wants = [](const char* wanted, const char* topic) {
    return Webhook{.topics = {wanted}}.Wants(topic);
  };
  EXPECT_TRUE(wants("run.created", "run.created"));
  EXPECT_FALSE(wants("run.created", "run.created.x"));
  EXPECT_TRUE(wants("run.*", "run.finished"));
  EXPECT_FALSE(wants("run.*", "runs.finished"));
  EXPECT_TRUE(wants("*", "alias.moved"));
}

MILLWRIGHT_ON_BOTH_DATABASES(WebhookStoreTest);

}  // namespace
}  // namespace millwright::webhooks
