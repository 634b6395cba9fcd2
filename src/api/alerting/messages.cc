#include "api/alerting/messages.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/alerting/mail.h"
#include "base/clock.h"

namespace millwright::api::alerting {
namespace {

using alerts::Alert;
using alerts::AlertPhase;
using alerts::Notification;
using alerts::Reason;

// A receiver that is away for a night and a working day still gets everything.
constexpr int64_t kKeepTryingMs = 26LL * 3'600'000;
// Slack's own limits, in characters; bytes are at least as many.
constexpr size_t kSlackTextBytesMax = 2'900;
constexpr size_t kSlackBlocksMax = 20;

std::string WordWebhook(const Notification& notification) {
  Json list = Json::MakeArray();
  for (const auto* some : {&notification.firing, &notification.resolved}) {
    for (const Alert& alert : *some) {
      Json json = AlertJson(alert);
      list.Append(json.Set("url", AlertUrl(notification, alert)));
    }
  }
  return Json::Of({{"version", 1},
                   {"receiver", notification.receiver},
                   {"reason", notification.is_test ? "test" : ReasonWord(notification.reason)},
                   {"status", notification.firing.empty() ? "resolved" : "firing"},
                   {"headline", Headline(notification)},
                   {"group", alerts::LabelsJson(notification.group)},
                   {"alerts", list},
                   {"left_out", notification.more},
                   {"held_back", notification.held},
                   {"server_url", notification.server_url},
                   {"time_ms", notification.time_ms}})
      .Dump();
}

// Slack takes &, < and > for its own marks.
std::string SlackText(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else {
      out += c;
    }
  }
  return out;
}

// Cuts between characters of UTF-8.
std::string Cut(std::string text, size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xc0) == 0x80) --bytes_max;
  return text.substr(0, bytes_max) + "…";
}

std::string SlackAlert(const Notification& notification, const Alert& alert) {
  const bool fires = alert.phase != AlertPhase::kResolved;
  std::string text =
      fmt::format("{} *<{}|{}>* {}\n{}",
                  fires ? (alert.severity == "critical" ? ":red_circle:" : ":large_orange_circle:")
                        : ":large_green_circle:",
                  AlertUrl(notification, alert), SlackText(alert.rule),
                  fires ? (alert.flapping ? "flapping" : alert.severity) : "resolved",
                  SlackText(alert.summary));
  std::string labels;
  for (const auto& [name, value] : alert.labels)
    if (name != "rule" && name != "severity")
      labels += fmt::format("{}{}: {}", labels.empty() ? "" : " · ", name, value);
  if (!labels.empty()) text += "\n" + SlackText(labels);
  if (const auto runbook = alert.annotations.find("runbook_url");
      runbook != alert.annotations.end())
    text += fmt::format("\n<{}|Runbook>", SlackText(runbook->second));
  return Cut(text, kSlackTextBytesMax);
}

Json Section(const std::string& text) {
  return Json::Of({{"type", "section"}, {"text", Json::Of({{"type", "mrkdwn"}, {"text", text}})}});
}

std::string WordSlack(const Notification& notification) {
  const std::string headline = Cut(SlackText(Headline(notification)), 1'000);
  Json blocks = Json::MakeArray();
  blocks.Append(Section("*" + headline + "*"));
  int64_t more = notification.more;
  for (const auto* some : {&notification.firing, &notification.resolved}) {
    for (const Alert& alert : *some) {
      if (blocks.AsArray().size() > kSlackBlocksMax) {
        ++more;
      } else {
        blocks.Append(Section(SlackAlert(notification, alert)));
      }
    }
  }
  if (more > 0)
    blocks.Append(Section(fmt::format("… and <{}/alerts|{} more>", notification.server_url, more)));
  Json json = Json::Of({{"text", headline}, {"blocks", blocks}});
  const std::string channel = notification.settings.GetString("channel");
  if (!channel.empty()) json.Set("channel", channel);
  return json.Dump();
}

Json AlertmanagerAlert(const Notification& notification, const Alert& alert) {
  alerts::Labels labels;
  for (const auto& [name, value] : alert.labels)
    if (!value.empty()) labels[name == "rule" ? "alertname" : name] = value;
  alerts::Labels annotations = alert.annotations;
  if (!alert.summary.empty()) annotations["summary"] = alert.summary;
  const int64_t starts_ms = alert.fired_ms.value_or(alert.pending_ms);
  // Heard of again long before: this only counts when this server dies.
  const int64_t ends_ms =
      alert.resolved_ms ? *alert.resolved_ms : notification.time_ms + 5 * alerts::kResendMs;
  return Json::Of({{"labels", alerts::LabelsJson(labels)},
                   {"annotations", alerts::LabelsJson(annotations)},
                   {"startsAt", FormatTime(starts_ms)},
                   {"endsAt", FormatTime(std::max(ends_ms, starts_ms))},
                   {"generatorURL", AlertUrl(notification, alert)}});
}

std::string WordAlertmanager(const Notification& notification) {
  Json list = Json::MakeArray();
  for (const auto* some : {&notification.firing, &notification.resolved})
    for (const Alert& alert : *some) list.Append(AlertmanagerAlert(notification, alert));
  return list.Dump();
}

constexpr alerts::Wording kWordings[] = {{"webhook", WordWebhook},
                                         {"slack", WordSlack},
                                         {"email", WordMail},
                                         {"alertmanager", WordAlertmanager}};

// Receivers of alerts are not told of events.
std::optional<webhooks::Message> NoEvent(const events::Event&) {
  return std::nullopt;
}
bool NoTopic(std::string_view) {
  return false;
}
std::string NoExample(std::string_view, int64_t) {
  return "{}";
}

webhooks::Format FormatOf(std::string_view name, webhooks::SecretUse use) {
  return {.name = name,
          .id_header = "",
          .timestamp_header = "",
          .signature_header = "",
          .word = NoEvent,
          .knows = NoTopic,
          .example = NoExample,
          .secret_use = use,
          .keep_trying_ms = kKeepTryingMs};
}

}  // namespace

Json AlertJson(const Alert& alert) {
  Json json = Json::Of({{"id", alert.id.str()},
                        {"rule", alert.rule},
                        {"severity", alert.severity},
                        {"state", alert.phase == AlertPhase::kResolved ? "closed" : "open"},
                        {"phase", PhaseName(alert.phase)},
                        {"labels", alerts::LabelsJson(alert.labels)},
                        {"message", alert.summary},
                        {"annotations", alerts::LabelsJson(alert.annotations)},
                        {"cause", alert.cause},
                        {"flapping", alert.flapping},
                        {"pending_ms", alert.pending_ms},
                        {"opened_ms", alert.fired_ms.value_or(alert.pending_ms)}});
  if (alert.value) json.Set("value", *alert.value);
  if (alert.threshold) json.Set("threshold", *alert.threshold);
  if (alert.resolved_ms) json.Set("closed_ms", *alert.resolved_ms);
  if (alert.acknowledged)
    json.Set("acknowledged", Json::Of({{"who", alert.acknowledged->who},
                                       {"note", alert.acknowledged->note},
                                       {"time_ms", alert.acknowledged->time_ms}}));
  return json;
}

std::span<const alerts::Wording> Wordings() {
  return kWordings;
}

const webhooks::Format kWebhookFormat = [] {
  webhooks::Format format = FormatOf("alert.webhook", webhooks::SecretUse::kSign);
  format.id_header = "webhook-id";
  format.timestamp_header = "webhook-timestamp";
  format.signature_header = "webhook-signature";
  return format;
}();
const webhooks::Format kSlackFormat = FormatOf("alert.slack", webhooks::SecretUse::kUrl);
const webhooks::Format kAlertmanagerFormat =
    FormatOf("alert.alertmanager", webhooks::SecretUse::kBearer);
const webhooks::Format kMailFormat = [] {
  webhooks::Format format = FormatOf("alert.email", webhooks::SecretUse::kPassword);
  format.is_mail = true;
  return format;
}();

Notification TestNotification(const std::string& receiver, const Json& settings,
                              const std::string& server_url, int64_t now_ms) {
  Notification notification;
  notification.receiver = receiver;
  notification.settings = settings;
  notification.is_test = true;
  notification.server_url = server_url;
  notification.time_ms = now_ms;
  notification.group = {{"rule", "test"}};
  Alert alert;
  alert.id = alerts::AlertId("test");
  alert.rule = "test";
  alert.severity = "info";
  alert.labels = {{"rule", "test"}, {"severity", "info"}, {"receiver", receiver}};
  alert.summary = "This is a test of the receiver " + receiver + "; nothing is wrong";
  alert.phase = AlertPhase::kResolved;  // an Alertmanager does not keep it
  alert.cause = Json::MakeObject();
  alert.pending_ms = now_ms;
  alert.fired_ms = now_ms;
  alert.resolved_ms = now_ms;
  notification.resolved.push_back(std::move(alert));
  return notification;
}

}  // namespace millwright::api::alerting
