#include "api/native/alert_rules.h"

#include <fmt/format.h>

#include "alerts/alert_store.h"
#include "alerts/evaluator.h"
#include "alerts/series.h"
#include "api/alerting/messages.h"
#include "api/native/request_reader.h"
#include "api/native/webhooks.h"
#include "base/clock.h"
#include "base/error.h"
#include "webhooks/courier.h"
#include "webhooks/delivery_log.h"

namespace millwright::api::native {
namespace {

Json TextsJson(const std::vector<std::string>& texts) {
  Json list = Json::MakeArray();
  for (const std::string& text : texts) list.Append(text);
  return list;
}

Json RuleJson(const alerts::StoredRule& stored) {
  Json json = stored.rule.ToJson();
  json.Set("version", stored.version).Set("updated_ms", stored.updated_ms);
  return json.Set("updated_by", stored.who);
}

std::string NameOf(const http::Request& request) {
  return std::string(request.PathValue("name"));
}

Json ReceiverJson(const alerts::Receiver& receiver, const webhooks::Unfinished& unfinished) {
  return Json::Of({{"name", receiver.name},
                   {"kind", receiver.kind},
                   {"url", receiver.url},
                   {"settings", receiver.settings},
                   {"has_secret", receiver.has_secret},
                   {"send_resolved", receiver.send_resolved},
                   {"updated_ms", receiver.updated_ms},
                   {"updated_by", receiver.who},
                   {"pending", unfinished.pending},
                   {"dead", unfinished.dead}});
}

}  // namespace

http::Response ApplyAlertConfig(Context& context, const http::Request& request) {
  Json body = BodyObject(request);
  const bool prune = body.GetBool("prune");
  Json::Object& fields = body.AsObject();
  std::erase_if(fields, [](const auto& field) { return field.first == "prune"; });
  std::vector<alerts::AlertConfig::Problem> problems;
  const auto config = alerts::AlertConfig::FromJson(body, &problems);
  if (!problems.empty()) {
    std::string message;
    for (const auto& [path, what] : problems)
      message += fmt::format("{}{}: {}", message.empty() ? "" : "\n", path, what);
    throw InvalidArgument("{}", message).WithField(problems.front().path);
  }
  const auto applied = context.alerts.Apply(config, prune, request.principal);
  return Answer(Json::Of({{"created", TextsJson(applied.created)},
                          {"updated", TextsJson(applied.updated)},
                          {"unchanged", TextsJson(applied.unchanged)},
                          {"deleted", TextsJson(applied.deleted)},
                          {"receivers", TextsJson(applied.receivers)},
                          {"routes", applied.routing}}));
}

http::Response ListAlertRules(Context& context, const http::Request&) {
  Json list = Json::MakeArray();
  for (const auto& stored : context.alerts.Rules()) list.Append(RuleJson(stored));
  return Answer(Json::Of({{"rules", list}}));
}

http::Response GetAlertRule(Context& context, const http::Request& request) {
  const std::string name = NameOf(request);
  Json json = RuleJson(context.alerts.GetRule(name));
  Json versions = Json::MakeArray();
  for (const auto& one : context.alerts.RuleVersions(name))
    versions.Append(Json::Of({{"version", one.version},
                              {"time_ms", one.time_ms},
                              {"who", one.who},
                              {"spec", one.spec ? *one.spec : Json()}}));
  return Answer(json.Set("versions", versions));
}

http::Response DeleteAlertRule(Context& context, const http::Request& request) {
  context.alerts.DeleteRule(NameOf(request), request.principal);
  return Answer(Json::MakeObject());
}

http::Response TestAlertRule(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  const alerts::Rule rule = body.Has("expr") ? alerts::Rule::FromJson(body)
                                             : context.alerts.GetRule(body.GetString("name")).rule;
  Json list = Json::MakeArray();
  for (const auto& element : context.evaluator.Try(rule, context.metrics_text())) {
    const bool exceeds = rule.Exceeds(element.value);
    Json one = Json::Of({{"labels", alerts::LabelsJson(element.labels)},
                         {"value", element.value},
                         {"exceeds", exceeds}});
    const auto summary = rule.annotations.find("summary");
    if (exceeds && summary != rule.annotations.end())
      one.Set("summary", alerts::FillTemplate(summary->second, {.value = element.value,
                                                                .threshold = rule.threshold,
                                                                .labels = element.labels}));
    list.Append(std::move(one));
  }
  return Answer(Json::Of({{"rule", rule.name},
                          {"expr", rule.expression.text()},
                          {"comparison", ComparisonWord(rule.comparison)},
                          {"threshold", rule.threshold},
                          {"series", list}}));
}

http::Response GetAlertRoutes(Context& context, const http::Request&) {
  const auto stored = context.alerts.GetRouting();
  Json json = stored.routing.ToJson();
  json.Set("version", stored.version).Set("updated_ms", stored.updated_ms);
  return Answer(json.Set("updated_by", stored.who));
}

http::Response ListAlertSeries(Context&, const http::Request&) {
  Json list = Json::MakeArray();
  for (const auto& series : alerts::AllSeries())
    list.Append(Json::Of({{"name", series.name},
                          {"type", series.type},
                          {"labels", series.labels},
                          {"topic", series.topic},
                          {"help", series.help}}));
  return Answer(Json::Of({{"series", list}}));
}

http::Response ListAlertReceivers(Context& context, const http::Request&) {
  auto unfinished = context.deliveries.CountUnfinished();
  Json list = Json::MakeArray();
  for (const auto& receiver : context.alerts.Receivers())
    list.Append(ReceiverJson(receiver, unfinished[context.webhooks.Get(receiver.webhook).seq]));
  return Answer(Json::Of({{"receivers", list}}));
}

http::Response DeleteAlertReceiver(Context& context, const http::Request& request) {
  context.alerts.DeleteReceiver(NameOf(request), request.principal);
  return Answer(Json::MakeObject());
}

http::Response TestAlertReceiver(Context& context, const http::Request& request) {
  const auto receiver = context.alerts.GetReceiver(NameOf(request));
  const auto webhook = context.webhooks.Get(receiver.webhook);
  const auto notification = alerting::TestNotification(receiver.name, receiver.settings,
                                                       context.server_url(), context.clock.NowMs());
  const auto sending = context.courier.Send(
      {.webhook = webhook.id,
       .url = webhook.url,
       .format = webhook.format,
       .sealed_secret = webhook.sealed_secret,
       .delivery = webhooks::DeliveryId(NewHexId()),
       .body = FindWording(alerting::Wordings(), receiver.kind).word(notification),
       .settings = webhook.settings});
  Json answer = AttemptJson(sending.attempt);
  return Answer(answer.Set("delivered", sending.verdict == webhooks::Verdict::kDelivered));
}

http::Response ListAlertDeliveries(Context& context, const http::Request& request) {
  return DeliveriesOf(context, context.alerts.GetReceiver(NameOf(request)).webhook, request);
}

http::Response ReplayAlertDeliveries(Context& context, const http::Request& request) {
  const auto receiver = context.alerts.GetReceiver(NameOf(request));
  const int64_t replayed = context.deliveries.ReplayDead(receiver.webhook, request.principal);
  return Answer(Json::Of({{"replayed", replayed}}));
}

}  // namespace millwright::api::native
