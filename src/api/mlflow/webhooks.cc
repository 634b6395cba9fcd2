#include "api/mlflow/webhooks.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "api/mlflow/request.h"
#include "api/mlflow/webhook_format.h"
#include "api/mlflow/webhook_messages.h"
#include "base/digest.h"
#include "base/error.h"
#include "webhooks/courier.h"
#include "webhooks/webhook_store.h"

namespace millwright::api::mlflow::webhook_routes {
namespace {

using webhooks::Webhook;
using webhooks::WebhookId;
using webhooks::WebhookStatus;

constexpr int64_t kPageDefault = 100;

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

template <typename E>
std::string_view NameOf(E value) {
  for (const EnumName& row : WireEnum<E>::kNames)
    if (row.number == static_cast<int>(value)) return row.name;
  return "";
}

template <typename E>
E ValueOf(std::string_view name) {
  for (const EnumName& row : WireEnum<E>::kNames)
    if (LowerCase(row.name) == name) return static_cast<E>(row.number);
  return E{};
}

std::string TopicOf(const WireWebhookEvent& event) {
  const std::string entity = LowerCase(NameOf(*event.entity));
  const std::string action = LowerCase(NameOf(*event.action));
  std::string actions;
  for (const WebhookTopic& topic : WebhookTopics()) {
    if (topic.entity != entity) continue;
    if (topic.action == action) return fmt::format("{}.{}", entity, action);
    actions += fmt::format("{}'{}'", actions.empty() ? "" : ", ", topic.action);
  }
  throw InvalidArgument("Invalid action '{}' for entity '{}'. Valid actions are: [{}]", action,
                        entity, actions)
      .WithField("events");
}

std::vector<std::string> TopicsOf(const std::vector<WireWebhookEvent>& events) {
  if (events.empty())
    throw InvalidArgument("Webhook events must be a non-empty list of WebhookEvent objects: [].")
        .WithField("events");
  std::set<std::string> topics;
  for (const auto& event : events)
    if (const auto [at, is_new] = topics.insert(TopicOf(event)); !is_new)
      throw FailedPrecondition("Webhook events must not repeat: {}", *at).WithField("events");
  return {topics.begin(), topics.end()};
}

WireWebhook ToWire(const Webhook& webhook) {
  WireWebhook wire{.webhook_id = webhook.id.str(),
                   .name = webhook.name,
                   .description = webhook.description,
                   .url = webhook.url,
                   .events = {},
                   .status = webhook.status == WebhookStatus::kActive
                                 ? WireWebhookStatus::kActive
                                 : WireWebhookStatus::kDisabled,
                   .creation_timestamp = webhook.created_ms,
                   .last_updated_timestamp = webhook.updated_ms};
  for (const std::string& topic : webhook.topics) {
    const size_t dot = topic.find('.');
    wire.events.push_back({ValueOf<WebhookEntity>(topic.substr(0, dot)),
                           ValueOf<WebhookAction>(topic.substr(dot + 1))});
  }
  return wire;
}

WebhookStatus StatusOf(WireWebhookStatus status) {
  return status == WireWebhookStatus::kActive ? WebhookStatus::kActive : WebhookStatus::kDisabled;
}

// The webhook that the path names, if this protocol made it.
Webhook Named(Context& context, const http::Request& request) {
  const WebhookId id(std::string(request.PathValue("webhook_id")));
  Webhook webhook = context.webhooks.Get(id);
  if (webhook.format != kWebhookFormat.name)
    throw Error(Code::kNotFound, fmt::format("Webhook with ID {} not found.", id.str()));
  return webhook;
}

// A token holds the place of the last webhook of its page.
int64_t BeforeOf(const std::string& token) {
  if (token.empty()) return INT64_MAX;
  const std::string decoded = DecodePageToken(token);
  int64_t seq = 0;
  const auto [end, error] = std::from_chars(decoded.data(), decoded.data() + decoded.size(), seq);
  if (error != std::errc() || end != decoded.data() + decoded.size()) throw WrongPageToken(decoded);
  return seq;
}

}  // namespace

http::Response Create(Context& context, const http::Request& request) {
  const auto message = Read<CreateWebhook>(request);
  const auto webhook = context.webhooks.Create({.name = message.name,
                                                .description = message.description,
                                                .url = message.url,
                                                .format = std::string(kWebhookFormat.name),
                                                .topics = TopicsOf(message.events),
                                                .secret = message.secret,
                                                .status = StatusOf(message.status)},
                                               request.principal);
  return Answer(WebhookAnswer{ToWire(webhook)});
}

http::Response List(Context& context, const http::Request& request) {
  const auto message = Read<ListWebhooks>(request);
  // Zero is what a client sends that asks for no particular number.
  const int64_t limit = message.max_results == 0 ? kPageDefault : message.max_results;
  if (limit < 1 || limit > webhooks::kWebhooksPageMax)
    throw InvalidArgument("max_results must be between 1 and {}.", webhooks::kWebhooksPageMax)
        .WithField("max_results");
  auto found = context.webhooks.List({.format = std::string(kWebhookFormat.name),
                                      .before_seq = BeforeOf(message.page_token),
                                      .limit = limit + 1});
  WebhooksAnswer answer;
  if (static_cast<int64_t>(found.size()) > limit) {
    found.pop_back();
    answer.next_page_token = Base64(std::to_string(found.back().seq));
  }
  for (const Webhook& webhook : found) answer.webhooks.push_back(ToWire(webhook));
  return Answer(answer);
}

http::Response Get(Context& context, const http::Request& request) {
  return Answer(WebhookAnswer{ToWire(Named(context, request))});
}

http::Response Update(Context& context, const http::Request& request) {
  const auto message = Read<UpdateWebhook>(request);
  webhooks::WebhookChange change{.name = message.name,
                                 .description = message.description,
                                 .url = message.url,
                                 .topics = {},
                                 .secret = message.secret,
                                 .status = {}};
  if (!message.events.empty()) change.topics = TopicsOf(message.events);
  if (message.status) change.status = StatusOf(*message.status);
  // MLflow's clients send no empty secret to take one away.
  if (change.secret && change.secret->empty()) change.secret.reset();
  const WebhookId id = Named(context, request).id;
  return Answer(WebhookAnswer{ToWire(context.webhooks.Update(id, change, request.principal))});
}

http::Response Delete(Context& context, const http::Request& request) {
  context.webhooks.Delete(Named(context, request).id, request.principal);
  return Empty();
}

http::Response Test(Context& context, const http::Request& request) {
  const auto message = Read<TestWebhook>(request);
  const Webhook webhook = Named(context, request);
  const std::string topic = message.event ? TopicOf(*message.event) : webhook.topics.front();
  const webhooks::Attempt attempt = context.courier.Test(webhook, topic).attempt;
  WebhookTestResult result{.success = attempt.status && attempt.status < 400};
  if (attempt.status) {
    result.response_status = attempt.status;
    result.response_body = attempt.response;
  } else {
    result.error_message = "Failed to test webhook: " + attempt.error;
  }
  return Answer(WebhookTestAnswer{result});
}

}  // namespace millwright::api::mlflow::webhook_routes
