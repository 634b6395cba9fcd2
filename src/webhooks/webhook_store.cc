#include "webhooks/webhook_store.h"

#include <algorithm>

#include "base/error.h"
#include "fetch/retry.h"
#include "webhooks/rows.h"
#include "webhooks/sql.h"

namespace millwright::webhooks {
namespace {

using storage::Connection;

std::string Subject(const WebhookId& id) {
  return "webhook:" + id.str();
}

// What the event of a change tells: not the secret, and of the URL not what may be secret in it.
Json Told(const Webhook& webhook) {
  return Json::Of({{"name", webhook.name},
                   {"url", fetch::WithoutSecrets(webhook.url)},
                   {"status", StatusName(webhook.status)}});
}

std::optional<std::string> NonEmpty(const std::optional<std::string>& text) {
  return text && text->empty() ? std::nullopt : text;
}

void RequireShort(std::string_view field, const std::string& text, size_t bytes_max) {
  if (text.size() > bytes_max)
    throw InvalidArgument("{} has at most {} bytes", field, bytes_max)
        .WithField(std::string(field));
}

void RequireTopics(const std::vector<std::string>& topics) {
  if (topics.empty()) throw InvalidArgument("A webhook needs something to be told of");
  if (topics.size() > kTopicsMax)
    throw InvalidArgument("A webhook asks for at most {} kinds of events", kTopicsMax);
}

std::vector<std::string> Sorted(std::vector<std::string> topics) {
  std::sort(topics.begin(), topics.end());
  topics.erase(std::unique(topics.begin(), topics.end()), topics.end());
  return topics;
}

constexpr std::string_view kMailFormat = "alert.email";

// A receiver of mail has a mail server; any other a URL that webhooks may have, and where that is
// the secret itself, that one.
void RequireAddress(const AddressPolicy& policy, const std::string& format, const std::string& url,
                    const std::string& secret) {
  if (format == kMailFormat) return policy.RequireMailUrl(url);
  policy.RequireUrl(url);
  if (format == "alert.slack" && !secret.empty()) policy.RequireUrl(secret);
}

}  // namespace

WebhookStore::WebhookStore(storage::Database& database, events::EventLog& events,
                           const Clock& clock, const security::SecretBox& box,
                           const AddressPolicy& policy)
    : database_(database), events_(events), clock_(clock), box_(box), policy_(policy) {}

std::string WebhookStore::SecretPurpose(const WebhookId& id) {
  return Subject(id);
}

void WebhookStore::Require(const NewWebhook& webhook) const {
  RequireWebhookName(webhook.name);
  RequireShort("description", webhook.description.value_or(""), kDescriptionBytesMax);
  RequireShort("secret", webhook.secret, kSecretBytesMax);
  RequireAddress(policy_, webhook.format, webhook.url, webhook.secret);
  RequireTopics(webhook.topics);
}

void WebhookStore::Require(const WebhookChange& change, const std::string& format) const {
  if (change.name) RequireWebhookName(*change.name);
  RequireShort("description", change.description.value_or(""), kDescriptionBytesMax);
  RequireShort("secret", change.secret.value_or(""), kSecretBytesMax);
  if (change.url) RequireAddress(policy_, format, *change.url, change.secret.value_or(""));
  if (change.topics) RequireTopics(*change.topics);
}

Webhook WebhookStore::Create(const NewWebhook& webhook, const std::string& who) {
  Require(webhook);
  return database_.Write([&](Connection& connection) { return Create(connection, webhook, who); });
}

Webhook WebhookStore::Create(Connection& connection, const NewWebhook& webhook,
                             const std::string& who) {
  if (connection.SelectOne(sql::kCountWebhooks)->Int(0) >= kWebhooksMax)
    throw ResourceExhausted("There are {} webhooks, more cannot be made", kWebhooksMax);
  Webhook made{.id = WebhookId(NewHexId()),
               .name = webhook.name,
               .description = NonEmpty(webhook.description),
               .url = webhook.url,
               .format = webhook.format,
               .topics = Sorted(webhook.topics),
               .status = webhook.status,
               .sealed_secret = std::nullopt,
               .after_seq = events_.Last(),
               .created_ms = clock_.NowMs(),
               .created_by = who,
               .settings = webhook.settings};
  made.updated_ms = made.created_ms;
  if (!webhook.secret.empty())
    made.sealed_secret = box_.Seal(webhook.secret, SecretPurpose(made.id));
  made.seq =
      connection
          .SelectOne(sql::kInsertWebhook,
                     {made.id.str(), made.name, storage::Optional(made.description), made.url,
                      made.format, TopicsText(made.topics), std::string(StatusName(made.status)),
                      storage::Optional(made.sealed_secret), made.after_seq, made.created_ms, who,
                      made.settings})
          ->Int(0);
  events_.Append(connection, "webhook.created", Subject(made.id), who, Told(made));
  return made;
}

Webhook WebhookStore::Get(const WebhookId& id) const {
  return database_.Read([&](Connection& connection) { return Get(connection, id); });
}

Webhook WebhookStore::Get(Connection& connection, const WebhookId& id) const {
  return FindWebhook(connection, id);
}

std::vector<Webhook> WebhookStore::List(const WebhookSearch& search) const {
  return database_.Read([&](Connection& connection) {
    std::vector<Webhook> webhooks;
    for (const auto& row :
         connection.Select(sql::kListWebhooks, {search.before_seq, search.limit, search.format}))
      webhooks.push_back(ReadWebhook(row));
    return webhooks;
  });
}

Webhook WebhookStore::Update(const WebhookId& id, const WebhookChange& change,
                             const std::string& who) {
  Require(change, change.url ? Get(id).format : "");
  return database_.Write(
      [&](Connection& connection) { return Update(connection, id, change, who); });
}

Webhook WebhookStore::Update(Connection& connection, const WebhookId& id,
                             const WebhookChange& change, const std::string& who) {
  Webhook webhook = FindWebhook(connection, id);
  if (change.name) webhook.name = *change.name;
  if (change.description) webhook.description = NonEmpty(change.description);
  if (change.url) webhook.url = *change.url;
  if (change.topics) webhook.topics = Sorted(*change.topics);
  if (change.status) webhook.status = *change.status;
  if (change.settings) webhook.settings = *change.settings;
  if (change.secret && change.secret->empty()) webhook.sealed_secret = std::nullopt;
  if (change.secret && !change.secret->empty())
    webhook.sealed_secret = box_.Seal(*change.secret, SecretPurpose(id));
  webhook.updated_ms = clock_.NowMs();
  connection.Execute(
      sql::kUpdateWebhook,
      {webhook.seq, webhook.name, storage::Optional(webhook.description), webhook.url,
       TopicsText(webhook.topics), std::string(StatusName(webhook.status)),
       storage::Optional(webhook.sealed_secret), webhook.updated_ms, webhook.settings});
  events_.Append(connection, "webhook.updated", Subject(id), who, Told(webhook));
  return webhook;
}

void WebhookStore::Delete(const WebhookId& id, const std::string& who) {
  database_.Write([&](Connection& connection) { Delete(connection, id, who); });
}

void WebhookStore::Delete(Connection& connection, const WebhookId& id, const std::string& who) {
  const Webhook webhook = FindWebhook(connection, id);
  connection.Execute(sql::kDeleteWebhook, {webhook.seq, clock_.NowMs()});
  events_.Append(connection, "webhook.deleted", Subject(id), who, Told(webhook));
}

}  // namespace millwright::webhooks
