#include "alerts/alert_store.h"

#include <fmt/format.h>

#include <algorithm>

#include "alerts/alert_rows.h"
#include "alerts/sql.h"
#include "base/error.h"
#include "base/option.h"

namespace millwright::alerts {
namespace {

using storage::Connection;
using storage::Row;

constexpr const char* kTopic = "alerts";
constexpr const char* kRoutingSubject = "alert_routes:0";

StoredRule ReadRule(const Row& row) {
  StoredRule stored;
  stored.version = row.Int(1);
  stored.updated_ms = row.Int(3);
  stored.who = row.Text(4);
  stored.rule = Rule::FromJson(ParseJson(row.Text(2)));
  return stored;
}

StoredRouting ReadRouting(Connection& connection) {
  StoredRouting stored;
  if (const auto row = connection.SelectOne(sql::kGetRouting)) {
    stored.version = row->Int(0);
    stored.routing = Routing::FromJson(ParseJson(row->Text(1)));
    stored.updated_ms = row->Int(2);
    stored.who = row->Text(3);
  }
  return stored;
}

std::string RuleSubject(const std::string& name) {
  return "alert_rule:" + name;
}

webhooks::NewWebhook WebhookOf(const AlertConfig::NewReceiver& receiver) {
  return {.name = receiver.name,
          .description = {},
          .url = receiver.url,
          .format = "alert." + receiver.kind,
          .topics = {kTopic},
          .secret = receiver.secret.value_or(""),
          .status = webhooks::WebhookStatus::kActive,
          .settings = receiver.settings.Dump()};
}

void RequireNote(std::string_view field, const std::string& text) {
  if (text.size() > kNoteBytesMax)
    throw InvalidArgument("{} has at most {} bytes", field, kNoteBytesMax)
        .WithField(std::string(field));
}

}  // namespace

AlertStore::AlertStore(storage::Database& database, events::EventLog& events, const Clock& clock,
                       webhooks::WebhookStore& webhooks)
    : database_(database), events_(events), clock_(clock), webhooks_(webhooks) {}

void AlertStore::ApplyReceiver(Connection& connection, const AlertConfig::NewReceiver& receiver,
                               const std::string& who, Applied* applied) {
  const auto all = ReadReceivers(connection);
  const auto known = std::find_if(all.begin(), all.end(),
                                  [&](const Receiver& one) { return one.name == receiver.name; });
  webhooks::WebhookId webhook;
  if (known != all.end() && known->kind == receiver.kind) {
    const bool same = known->url == receiver.url && known->settings == receiver.settings &&
                      known->send_resolved == receiver.send_resolved && !receiver.secret;
    if (same) return;
    webhook = known->webhook;
    webhooks_.Update(connection, webhook,
                     {.name = {},
                      .description = {},
                      .url = receiver.url,
                      .topics = {},
                      .secret = receiver.secret,
                      .status = {},
                      .settings = receiver.settings.Dump()},
                     who);
  } else {
    if (static_cast<int64_t>(all.size()) >= kReceiversMax)
      throw ResourceExhausted("There are {} receivers, more cannot be made", kReceiversMax);
    if (known != all.end()) webhooks_.Delete(connection, known->webhook, who);
    webhook = webhooks_.Create(connection, WebhookOf(receiver), who).id;
  }
  connection.Execute(sql::kPutReceiver, {receiver.name, webhook.str(), receiver.kind,
                                         int64_t{receiver.send_resolved}, clock_.NowMs(), who});
  events_.Append(connection, "alert_receiver.updated", "alert_receiver:" + receiver.name, who,
                 Json::Of({{"kind", receiver.kind}}));
  applied->receivers.push_back(receiver.name);
}

Applied AlertStore::Apply(const AlertConfig& config, bool prune, const std::string& who) {
  Applied applied;
  if (config.routing) {
    std::vector<std::string> names;
    for (const Receiver& one : Receivers()) names.push_back(one.name);
    for (const auto& one : config.receivers) names.push_back(one.name);
    for (const std::string& wanted : config.routing->Receivers()) {
      if (std::find(names.begin(), names.end(), wanted) != names.end()) continue;
      const std::string nearest = NearestName(wanted, {names.begin(), names.end()});
      throw InvalidArgument("there is no receiver {}{}", wanted,
                            nearest.empty() ? "" : "; did you mean " + nearest + "?")
          .WithField("routes.receiver");
    }
  }
  for (const auto& receiver : config.receivers) webhooks_.Require(WebhookOf(receiver));
  database_.Write([&](Connection& connection) {
    applied = {};  // a work may be run again
    for (const auto& receiver : config.receivers)
      ApplyReceiver(connection, receiver, who, &applied);
    std::map<std::string, std::string> known;
    for (const Row& row : connection.Select(sql::kListRules)) known[row.Text(0)] = row.Text(2);
    const auto write = [&](const std::string& name, const std::optional<std::string>& spec) {
      const int64_t version = connection.SelectOne(sql::kLastRuleVersion, {name})->Int(0) + 1;
      const int64_t now_ms = clock_.NowMs();
      connection.Execute(sql::kPutRuleVersion,
                         {name, version, storage::Optional(spec), now_ms, who});
      if (spec) {
        connection.Execute(sql::kPutRule, {name, version, *spec, now_ms, who});
      } else {
        connection.Execute(sql::kDeleteRule, {name});
      }
      events_.Append(connection, spec ? "alert_rule.updated" : "alert_rule.deleted",
                     RuleSubject(name), who, Json::Of({{"version", version}}));
    };
    for (const Rule& rule : config.rules) {
      const std::string spec = rule.ToJson().Dump();
      const auto found = known.find(rule.name);
      auto& list = found == known.end()    ? applied.created
                   : found->second == spec ? applied.unchanged
                                           : applied.updated;
      list.push_back(rule.name);
      if (found == known.end() || found->second != spec) write(rule.name, spec);
      if (found != known.end()) known.erase(found);
    }
    const auto total = static_cast<int64_t>(known.size() + config.rules.size());
    if (!prune && total > kRulesMax)
      throw ResourceExhausted("There are at most {} rules of alerts", kRulesMax);
    if (prune) {
      for (const auto& [name, spec] : known) {
        write(name, std::nullopt);
        applied.deleted.push_back(name);
      }
    }
    if (!config.routing) return;
    const StoredRouting before = ReadRouting(connection);
    const std::string spec = config.routing->ToJson().Dump();
    if (before.version > 0 && before.routing.ToJson().Dump() == spec) return;
    connection.Execute(sql::kPutRouting, {before.version + 1, spec, clock_.NowMs(), who});
    events_.Append(connection, "alert_routes.updated", kRoutingSubject, who,
                   Json::Of({{"version", before.version + 1}}));
    applied.routing = true;
  });
  return applied;
}

std::vector<StoredRule> AlertStore::Rules() const {
  return database_.Read([](Connection& connection) {
    std::vector<StoredRule> rules;
    for (const Row& row : connection.Select(sql::kListRules)) rules.push_back(ReadRule(row));
    return rules;
  });
}

StoredRule AlertStore::GetRule(const std::string& name) const {
  const auto row = database_.Read(
      [&](Connection& connection) { return connection.SelectOne(sql::kGetRule, {name}); });
  if (!row) throw NotFound("Rule of alerts", name);
  return ReadRule(*row);
}

std::vector<RuleVersion> AlertStore::RuleVersions(const std::string& name) const {
  return database_.Read([&](Connection& connection) {
    std::vector<RuleVersion> versions;
    for (const Row& row :
         connection.Select(sql::kListRuleVersions, {name, kRuleVersionsShownMax})) {
      RuleVersion version{row.Int(0), {}, row.Int(2), row.Text(3)};
      if (const auto spec = row.OptionalText(1)) version.spec = ParseJson(*spec);
      versions.push_back(std::move(version));
    }
    return versions;
  });
}

void AlertStore::DeleteRule(const std::string& name, const std::string& who) {
  database_.Write([&](Connection& connection) {
    if (connection.Execute(sql::kDeleteRule, {name}) == 0) throw NotFound("Rule of alerts", name);
    const int64_t version = connection.SelectOne(sql::kLastRuleVersion, {name})->Int(0) + 1;
    connection.Execute(sql::kPutRuleVersion,
                       {name, version, storage::Value(), clock_.NowMs(), who});
    events_.Append(connection, "alert_rule.deleted", RuleSubject(name), who,
                   Json::Of({{"version", version}}));
  });
}

StoredRouting AlertStore::GetRouting() const {
  return database_.Read([](Connection& connection) { return ReadRouting(connection); });
}

std::vector<Receiver> AlertStore::ReadReceivers(Connection& connection) const {
  std::vector<Receiver> receivers;
  for (const Row& row : connection.Select(sql::kListReceivers)) {
    Receiver receiver;
    receiver.name = row.Text(0);
    receiver.webhook = webhooks::WebhookId(row.Text(1));
    receiver.kind = row.Text(2);
    receiver.send_resolved = row.Int(3) != 0;
    receiver.updated_ms = row.Int(4);
    receiver.who = row.Text(5);
    const webhooks::Webhook webhook = webhooks_.Get(connection, receiver.webhook);
    receiver.url = webhook.url;
    receiver.settings = ParseJson(webhook.settings);
    receiver.has_secret = webhook.sealed_secret.has_value();
    receivers.push_back(std::move(receiver));
  }
  return receivers;
}

std::vector<Receiver> AlertStore::Receivers() const {
  return database_.Read([&](Connection& connection) { return ReadReceivers(connection); });
}

Receiver AlertStore::GetReceiver(const std::string& name) const {
  for (Receiver& receiver : Receivers())
    if (receiver.name == name) return std::move(receiver);
  throw NotFound("Receiver of alerts", name);
}

void AlertStore::DeleteReceiver(const std::string& name, const std::string& who) {
  const Receiver receiver = GetReceiver(name);
  database_.Write([&](Connection& connection) {
    const auto used = ReadRouting(connection).routing.Receivers();
    if (std::find(used.begin(), used.end(), name) != used.end())
      throw FailedPrecondition("A route leads to the receiver {}; change the routes first", name);
    connection.Execute(sql::kDeleteReceiver, {name});
    webhooks_.Delete(connection, receiver.webhook, who);
    events_.Append(connection, "alert_receiver.deleted", "alert_receiver:" + name, who);
  });
}

Silence AlertStore::AddSilence(Silence silence, const std::string& who) {
  const int64_t now_ms = clock_.NowMs();
  silence.id = SilenceId(NewShortId("si-"));
  silence.who = who;
  silence.created_ms = now_ms;
  silence.starts_ms = std::max(silence.starts_ms, now_ms);
  RequireNote("comment", silence.comment);
  if (silence.comment.empty())
    throw InvalidArgument("A silence says why: give a comment").WithField("comment");
  const bool says_something = std::any_of(silence.matchers.begin(), silence.matchers.end(),
                                          [](const Matcher& one) { return !one.Matches({}); });
  if (!says_something)
    throw InvalidArgument("A silence needs a condition that not every alert fulfils")
        .WithField("matchers");
  if (silence.ends_ms <= silence.starts_ms || silence.ends_ms - now_ms > kSilenceMsMax)
    throw InvalidArgument("A silence ends after it begins, within a year").WithField("ends_ms");
  database_.Write([&](Connection& connection) {
    if (connection.SelectOne(sql::kCountSilences, {now_ms})->Int(0) >= kSilencesMax)
      throw ResourceExhausted("There are {} silences, more cannot be made", kSilencesMax);
    connection.Execute(sql::kInsertSilence,
                       {silence.id.str(), MatchersJson(silence.matchers).Dump(), silence.starts_ms,
                        silence.ends_ms, who, silence.comment, now_ms});
    events_.Append(connection, "silence.created", "silence:" + silence.id.str(), who,
                   Json::Of({{"matchers", MatchersJson(silence.matchers)},
                             {"ends_ms", silence.ends_ms},
                             {"comment", silence.comment}}));
  });
  return silence;
}

void AlertStore::ExpireSilence(const SilenceId& id, const std::string& who) {
  database_.Write([&](Connection& connection) {
    if (!connection.SelectOne(sql::kGetSilence, {id.str()})) throw NotFound("Silence", id.str());
    if (connection.Execute(sql::kExpireSilence, {id.str(), clock_.NowMs(), who}) == 0) return;
    events_.Append(connection, "silence.expired", "silence:" + id.str(), who);
  });
}

std::vector<Silence> AlertStore::Silences(int64_t ended_within_ms) const {
  return database_.Read([&](Connection& connection) {
    std::vector<Silence> silences;
    for (const Row& row :
         connection.Select(sql::kListSilences, {clock_.NowMs() - ended_within_ms, kSilencesMax}))
      silences.push_back(ReadSilence(row));
    return silences;
  });
}

std::vector<Alert> AlertStore::Alerts(const AlertSearch& search) const {
  return database_.Read([&](Connection& connection) {
    std::vector<Alert> alerts;
    for (const Row& row : connection.Select(
             sql::kListAlerts, {std::string(search.phase ? PhaseName(*search.phase) : ""),
                                search.rule, search.severity, search.before_ms, search.before_id,
                                std::string(search.with_pending ? "" : "no"),
                                std::clamp<int64_t>(search.limit, 1, kAlertsPageMax + 1)}))
      alerts.push_back(ReadAlert(row));
    return alerts;
  });
}

std::optional<Alert> AlertStore::FindAlert(const AlertId& id) const {
  const auto row = database_.Read(
      [&](Connection& connection) { return connection.SelectOne(sql::kGetAlert, {id.str()}); });
  if (!row) return std::nullopt;
  return ReadAlert(*row);
}

std::vector<TimelineEntry> AlertStore::Timeline(const AlertId& id) const {
  return database_.Read([&](Connection& connection) {
    std::vector<TimelineEntry> entries;
    for (const Row& row : connection.Select(sql::kListTimeline, {id.str(), kTimelineMax}))
      entries.push_back({row.Int(0), row.Text(1), row.Text(2), row.Text(3)});
    std::reverse(entries.begin(), entries.end());
    return entries;
  });
}

void AlertStore::Acknowledge(const AlertId& id, const std::string& note, const std::string& who) {
  RequireNote("note", note);
  SetAcknowledgement(id, note, who);
}

void AlertStore::WithdrawAcknowledgement(const AlertId& id, const std::string& who) {
  SetAcknowledgement(id, std::nullopt, who);
}

void AlertStore::SetAcknowledgement(const AlertId& id, const std::optional<std::string>& note,
                                    const std::string& who) {
  const bool takes = note.has_value();
  database_.Write([&](Connection& connection) {
    const auto row = connection.SelectOne(sql::kGetAlert, {id.str()});
    if (!row) throw NotFound("Alert", id.str());
    const int64_t now_ms = clock_.NowMs();
    const bool changed =
        connection.Execute(
            sql::kAckAlert,
            {id.str(), takes ? storage::Value(who) : storage::Value(), storage::Optional(note),
             takes ? storage::Value(now_ms) : storage::Value()}) > 0;
    if (!changed) throw FailedPrecondition("The alert is resolved already: {}", id.str());
    AppendTimeline(
        connection, id,
        {now_ms, takes ? "acknowledged" : "acknowledgement withdrawn", who, note.value_or("")});
    events_.Append(
        connection, "alert.acknowledged", "alert:" + id.str(), who,
        Json::Of({{"alert_id", id.str()}, {"note", note.value_or("")}, {"withdrawn", !takes}}));
  });
}

std::map<std::pair<std::string, std::string>, int64_t> AlertStore::CountLive() const {
  return database_.Read([](Connection& connection) {
    std::map<std::pair<std::string, std::string>, int64_t> counts;
    for (const Row& row : connection.Select(sql::kCountLiveAlerts))
      counts[{row.Text(0), row.Text(1)}] = row.Int(2);
    return counts;
  });
}

}  // namespace millwright::alerts
