#include "api/native/webhooks.h"

#include <algorithm>

#include "api/native/events.h"
#include "api/native/request_reader.h"
#include "base/error.h"
#include "events/kinds.h"
#include "webhooks/courier.h"
#include "webhooks/delivery_log.h"
#include "webhooks/webhook_store.h"

namespace millwright::api::native {
namespace {

using webhooks::Delivery;
using webhooks::DeliveryId;
using webhooks::Webhook;
using webhooks::WebhookId;

bool IsMatch(std::string_view pattern, std::string_view kind) {
  if (pattern.ends_with('*')) return kind.starts_with(pattern.substr(0, pattern.size() - 1));
  return kind == pattern;
}

// The first kind that a pattern ("alias.moved", "alias.*", "*") stands for, nullptr where none.
const events::EventKind* FirstMatch(std::string_view pattern) {
  if (pattern.ends_with('*') && pattern != "*" && !pattern.ends_with(".*")) return nullptr;
  const auto found = std::find_if(std::begin(events::kEventKinds), std::end(events::kEventKinds),
                                  [&](const auto& row) { return IsMatch(pattern, row.kind); });
  return found == std::end(events::kEventKinds) ? nullptr : found;
}

std::string BodyOf(const events::Event& event) {
  std::string body;
  JsonWriter writer(&body);
  WriteEvent(event, writer);
  return body;
}

std::string Example(std::string_view topic, int64_t now_ms) {
  const events::EventKind* kind = FirstMatch(topic);
  if (kind == nullptr) throw InvalidArgument("Unknown event: {}", topic).WithField("event");
  return BodyOf({.seq = 0,
                 .time_ms = now_ms,
                 .kind = std::string(kind->kind),
                 .subject = "test:test",
                 .who = "test",
                 .payload = Json::Of({{"test", true}})});
}

const webhooks::Format& FormatOf(Context& context, const std::string& name) {
  for (const webhooks::Format* format : context.courier.formats())
    if (format->name == name) return *format;
  throw InvalidArgument("format must be event or mlflow, not \"{}\"", name).WithField("format");
}

// The kinds that a body asks for; the store checks how many there are.
std::vector<std::string> TopicsOf(const Json& body, const webhooks::Format& format) {
  auto topics = body.GetStrings("events");
  for (const std::string& topic : topics)
    if (!format.knows(topic)) throw InvalidArgument("Unknown event: {}", topic).WithField("events");
  return topics;
}

Json WebhookJson(const Webhook& webhook, const webhooks::Unfinished& unfinished) {
  Json events = Json::MakeArray();
  for (const std::string& topic : webhook.topics) events.Append(topic);
  return Json::Of({{"id", webhook.id.str()},
                   {"name", webhook.name},
                   {"description", webhook.description ? Json(*webhook.description) : Json()},
                   {"url", webhook.url},
                   {"format", webhook.format},
                   {"events", events},
                   {"status", webhooks::StatusName(webhook.status)},
                   {"signed", webhook.sealed_secret.has_value()},
                   {"created_ms", webhook.created_ms},
                   {"updated_ms", webhook.updated_ms},
                   {"created_by", webhook.created_by},
                   {"pending", unfinished.pending},
                   {"dead", unfinished.dead}});
}

Json WebhookJson(Context& context, const Webhook& webhook) {
  return WebhookJson(webhook, context.deliveries.CountUnfinished()[webhook.seq]);
}

Json DeliveryJson(const Delivery& delivery) {
  return Json::Of({{"seq", delivery.seq},
                   {"id", delivery.id.str()},
                   {"webhook", delivery.webhook.str()},
                   {"event_seq", delivery.event_seq},
                   {"event", delivery.topic},
                   {"subject", delivery.subject},
                   {"state", webhooks::StateName(delivery.state)},
                   {"attempts", delivery.attempts},
                   {"due_ms", delivery.due_ms},
                   {"error", delivery.error},
                   {"created_ms", delivery.created_ms},
                   {"finished_ms", delivery.finished_ms ? Json(*delivery.finished_ms) : Json()}});
}

WebhookId IdOf(const http::Request& request) {
  return WebhookId(std::string(request.PathValue("id")));
}

// Reads a text that may be absent; null counts as an empty one, which takes the old away.
std::optional<std::string> TextIn(const Json& body, std::string_view key) {
  if (!body.Has(key)) return std::nullopt;
  return body.GetString(key);
}

}  // namespace

Json AttemptJson(const webhooks::Attempt& attempt) {
  return Json::Of({{"number", attempt.number},
                   {"started_ms", attempt.started_ms},
                   {"duration_ms", attempt.duration_ms},
                   {"status", attempt.status ? Json(*attempt.status) : Json()},
                   {"error", attempt.error},
                   {"response", attempt.response}});
}

http::Response ListWebhooks(Context& context, const http::Request& request) {
  const int64_t limit = QueryInt(request, "limit", 100, 1, webhooks::kWebhooksPageMax);
  auto found = context.webhooks.List(
      {.before_seq = QueryInt(request, "before", INT64_MAX, 1, INT64_MAX), .limit = limit + 1});
  const bool more = static_cast<int64_t>(found.size()) > limit;
  if (more) found.pop_back();
  auto unfinished = context.deliveries.CountUnfinished();
  Json list = Json::MakeArray();
  for (const Webhook& webhook : found) list.Append(WebhookJson(webhook, unfinished[webhook.seq]));
  Json answer = Json::Of({{"webhooks", list}});
  if (more) answer.Set("next", found.back().seq);
  return Answer(answer);
}

http::Response CreateWebhook(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  const auto& format =
      FormatOf(context, body.GetString("format", std::string(kWebhookFormat.name)));
  const auto webhook =
      context.webhooks.Create({.name = body.At("name").AsString("name"),
                               .description = body.GetString("description"),
                               .url = body.At("url").AsString("url"),
                               .format = std::string(format.name),
                               .topics = TopicsOf(body, format),
                               .secret = body.GetString("secret"),
                               .status = webhooks::ParseStatus(body.GetString("status", "ACTIVE"))},
                              request.principal);
  return Answer(WebhookJson(context, webhook));
}

http::Response GetWebhook(Context& context, const http::Request& request) {
  return Answer(WebhookJson(context, context.webhooks.Get(IdOf(request))));
}

http::Response UpdateWebhook(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  webhooks::WebhookChange change{.name = TextIn(body, "name"),
                                 .description = TextIn(body, "description"),
                                 .url = TextIn(body, "url"),
                                 .topics = {},
                                 .secret = TextIn(body, "secret"),
                                 .status = {}};
  if (body.Has("events"))
    change.topics = TopicsOf(body, FormatOf(context, context.webhooks.Get(IdOf(request)).format));
  if (body.Has("status"))
    change.status = webhooks::ParseStatus(body.At("status").AsString("status"));
  return Answer(
      WebhookJson(context, context.webhooks.Update(IdOf(request), change, request.principal)));
}

http::Response DeleteWebhook(Context& context, const http::Request& request) {
  context.webhooks.Delete(IdOf(request), request.principal);
  return Answer(Json::MakeObject());
}

http::Response TestWebhook(Context& context, const http::Request& request) {
  const Webhook webhook = context.webhooks.Get(IdOf(request));
  const std::string topic = BodyObject(request).GetString("event", webhook.topics.front());
  const webhooks::Sending sending = context.courier.Test(webhook, topic);
  Json answer = AttemptJson(sending.attempt);
  return Answer(answer.Set("delivered", sending.verdict == webhooks::Verdict::kDelivered));
}

http::Response ReplayDeadDeliveries(Context& context, const http::Request& request) {
  const int64_t replayed = context.deliveries.ReplayDead(IdOf(request), request.principal);
  return Answer(Json::Of({{"replayed", replayed}}));
}

http::Response ListDeliveries(Context& context, const http::Request& request) {
  return DeliveriesOf(context, IdOf(request), request);
}

http::Response DeliveriesOf(Context& context, const webhooks::WebhookId& webhook,
                            const http::Request& request) {
  const std::string state = QueryText(request, "state");
  const int64_t limit = QueryInt(request, "limit", 100, 1, webhooks::kDeliveriesPageMax);
  webhooks::DeliverySearch search{
      .state = std::nullopt,
      .topic = QueryText(request, "event"),
      .before_seq = QueryInt(request, "before", INT64_MAX, 1, INT64_MAX),
      .limit = limit};
  if (!state.empty()) search.state = webhooks::ParseState(state);
  const auto found = context.deliveries.List(webhook, search);
  Json list = Json::MakeArray();
  for (const Delivery& delivery : found) list.Append(DeliveryJson(delivery));
  Json answer = Json::Of({{"deliveries", list}});
  if (static_cast<int64_t>(found.size()) == limit) answer.Set("next", found.back().seq);
  return Answer(answer);
}

http::Response GetDelivery(Context& context, const http::Request& request) {
  const Delivery delivery =
      context.deliveries.Get(DeliveryId(std::string(request.PathValue("id"))));
  Json log = Json::MakeArray();
  for (const auto& attempt : context.deliveries.Attempts(delivery))
    log.Append(AttemptJson(attempt));
  Json answer = DeliveryJson(delivery);
  return Answer(answer.Set("body", delivery.body).Set("log", log));
}

http::Response ReplayDelivery(Context& context, const http::Request& request) {
  const DeliveryId id(std::string(request.PathValue("id")));
  context.deliveries.Replay(id, request.principal);
  return Answer(DeliveryJson(context.deliveries.Get(id)));
}

const webhooks::Format kWebhookFormat = {
    .name = "event",
    .id_header = "webhook-id",
    .timestamp_header = "webhook-timestamp",
    .signature_header = "webhook-signature",
    .word = [](const events::Event& event) -> std::optional<webhooks::Message> {
      return webhooks::Message{event.kind, BodyOf(event)};
    },
    .knows = [](std::string_view topic) { return FirstMatch(topic) != nullptr; },
    .example = Example,
};

}  // namespace millwright::api::native
