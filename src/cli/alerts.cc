// Alerts themselves and silences; rules and receivers are in alert_rules.cc.
#include <fmt/format.h>

#include "base/clock.h"
#include "base/error.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/name_option.h"

namespace millwright::cli {
namespace {

constexpr const char* kAlerts = "/api/v1/alerts";
constexpr const char* kSilences = "/api/v1/silences";

std::string AlertPath(const std::string& id) {
  return std::string(kAlerts) + "/" + fetch::PercentEncode(id);
}

struct ListOptions {
  std::string state, phase, rule, severity, monitor, before;
  int limit = 100;
};
constexpr Option<ListOptions> kListOptions[] = {
    {"", "--state", "open or closed; both if not given", &ListOptions::state, "STATE"},
    {"", "--phase", "pending, firing or resolved", &ListOptions::phase, "PHASE"},
    {"", "--rule", "Only of this rule", &ListOptions::rule, "NAME"},
    {"", "--severity", "info, warning or critical", &ListOptions::severity, "SEVERITY"},
    {"", "--monitor", "Only what this monitor raised", &ListOptions::monitor, "NAME"},
    {"", "--limit", "How many to show, the newest first", &ListOptions::limit, "N", 1, 1000},
    {"", "--before", "Where to go on: what the list before gave as next", &ListOptions::before,
     "NEXT"},
};

std::string StateOf(const Json& alert) {
  std::string state = alert.GetString("phase", alert.GetString("state"));
  if (alert.GetBool("flapping")) state = "flapping";
  if (const Json* ack = alert.Find("acknowledged"); ack != nullptr && !ack->is_null())
    state += ", ack " + ack->GetString("who");
  return state;
}

int ListAlerts(const ListOptions& options, Console& console) {
  Query query{{"limit", std::to_string(options.limit)}};
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) query.emplace_back(name, value);
  };
  add("state", options.state);
  add("phase", options.phase);
  add("rule", options.rule);
  add("severity", options.severity);
  add("monitor", options.monitor);
  add("before", options.before);
  const Json result = console.client().Get(kAlerts, query);
  console.Answer(result);
  std::vector<std::vector<std::string>> rows;
  for (const Json& one : result.At("alerts").AsArray())
    rows.push_back({one.GetString("id"), one.GetString("rule"), one.GetString("severity"),
                    StateOf(one), FormatTime(one.GetInt("opened_ms")), one.GetString("message")});
  console.PrintTable(
      {"ID", "RULE", "SEVERITY", "STATE", "OPENED", {"MESSAGE", Column::Align::kSentence}}, rows);
  if (result.Has("next")) console.Hint("Older ones: --before " + result.GetString("next"));
  return 0;
}

int ShowAlert(const NameOptions& options, Console& console) {
  const Json alert = console.client().Get(AlertPath(options.name));
  console.Answer(alert);
  console.Line(fmt::format("{} ({}, {})", alert.GetString("message"), alert.GetString("severity"),
                           StateOf(alert)));
  std::vector<std::vector<std::string>> rows;
  const auto add = [&](const std::string& name, const std::string& value) {
    if (!value.empty()) rows.push_back({"  " + name, value});
  };
  const auto text = [](const Json& json) {
    return json.is_string() ? json.AsString() : json.Dump();
  };
  add("rule", alert.GetString("rule"));
  for (const char* field : {"value", "threshold"})
    if (const Json* value = alert.Find(field)) add(field, text(*value));
  add("opened", FormatTime(alert.GetInt("opened_ms")));
  if (alert.Has("closed_ms")) add("closed", FormatTime(alert.GetInt("closed_ms")));
  for (const char* section : {"labels", "annotations", "cause"})
    if (const Json* given = alert.Find(section); given != nullptr && given->is_object())
      for (const auto& [name, value] : given->AsObject())
        if (name != "summary" && name != "rule")
          add(fmt::format("{}.{}", section, name), text(value));
  for (const std::string& silence : alert.GetStrings("silenced_by")) add("silenced by", silence);
  if (alert.GetBool("inhibited")) add("inhibited", "by an alert that is more important");
  console.PrintTable({"", ""}, rows);
  rows.clear();
  for (const Json& entry : alert.At("timeline").AsArray())
    rows.push_back({"  " + FormatTime(entry.GetInt("time_ms")), entry.GetString("what"),
                    entry.GetString("who"), entry.GetString("note")});
  console.PrintTable({"  TIME", "WHAT", "WHO", "NOTE"}, rows);
  return 0;
}

struct AckOptions {
  std::string id, note;
};
constexpr Option<AckOptions> kAckOptions[] = {
    {"", "ALERT", "Its id", &AckOptions::id, "", 0, 0, Option<AckOptions>::Kind::kRequired},
    {"", "--note", "What is being done about it", &AckOptions::note, "TEXT"},
};

int AckAlert(const AckOptions& options, Console& console) {
  const Json alert =
      console.client().Post(AlertPath(options.id) + "/ack", Json::Of({{"note", options.note}}));
  console.Answer(alert);
  console.Line(fmt::format("{} is acknowledged by {}; nobody is reminded of it", options.id,
                           alert.At("acknowledged").GetString("who")));
  return 0;
}

int UnackAlert(const NameOptions& options, Console& console) {
  console.Answer(console.client().Delete(AlertPath(options.name) + "/ack"));
  console.Line(options.name + " is no longer acknowledged");
  return 0;
}

struct SilenceOptions {
  std::vector<std::string> matchers;
  std::string lasts = "2h", comment, from;
};
constexpr Option<SilenceOptions> kSilenceOptions[] = {
    {"", "MATCHER",
     "A condition on a label: rule=disk-nearly-full, team=~\"risk|fraud\"; all of them",
     &SilenceOptions::matchers, "", 0, 0, Option<SilenceOptions>::Kind::kRequired},
    {"", "--for", "How long, such as 30m or 8h", &SilenceOptions::lasts, "DURATION"},
    {"", "--from", "When it begins, as 2026-11-29T22:00:00Z; now if not given",
     &SilenceOptions::from, "TIME"},
    {"", "--comment", "Why", &SilenceOptions::comment, "TEXT", 0, 0,
     Option<SilenceOptions>::Kind::kRequired},
};

int Silence(const SilenceOptions& options, Console& console) {
  Json matchers = Json::MakeArray();
  for (const std::string& matcher : options.matchers) matchers.Append(matcher);
  Json body =
      Json::Of({{"matchers", matchers}, {"for", options.lasts}, {"comment", options.comment}});
  if (!options.from.empty()) body.Set("starts_ms", ParseTime(options.from));
  const Json silence = console.client().Post(kSilences, body);
  console.Answer(silence);
  console.Line(fmt::format("{} is in force until {}", silence.GetString("id"),
                           FormatTime(silence.GetInt("ends_ms"))));
  console.Hint("End it before: millwright alerts unsilence " + silence.GetString("id"));
  return 0;
}

struct SilencesOptions {
  bool ended = false;
};
constexpr Option<SilencesOptions> kSilencesOptions[] = {
    {"", "--ended", "Those that ended within a week too", &SilencesOptions::ended},
};

int ListSilences(const SilencesOptions& options, Console& console) {
  Query query;
  if (options.ended) query.emplace_back("ended", "true");
  const Json result = console.client().Get(kSilences, query);
  console.Answer(result);
  std::vector<std::vector<std::string>> rows;
  for (const Json& one : result.At("silences").AsArray()) {
    std::string matchers;
    for (const std::string& matcher : one.GetStrings("matchers"))
      matchers += (matchers.empty() ? "" : " ") + matcher;
    rows.push_back({one.GetString("id"), one.GetString("state"), matchers, one.GetString("who"),
                    FormatTime(one.GetInt("ends_ms")), one.GetString("comment")});
  }
  console.PrintTable(
      {"ID", "STATE", "MATCHERS", "WHO", "ENDS", {"COMMENT", Column::Align::kSentence}}, rows);
  return 0;
}

int Unsilence(const NameOptions& options, Console& console) {
  console.Answer(
      console.client().Delete(std::string(kSilences) + "/" + fetch::PercentEncode(options.name)));
  console.Line("The silence " + options.name + " has ended");
  return 0;
}

}  // namespace

void AddAlertCommands(Commands& commands) {
  commands.push_back(MakeCommand("alerts list", "List alerts", kListOptions, ListAlerts));
  commands.push_back(MakeCommand("alerts show",
                                 "Show an alert, what caused it and what became of it",
                                 kNameOptions, ShowAlert));
  commands.push_back(
      MakeCommand("alerts ack", "Say that you take care of an alert", kAckOptions, AckAlert));
  commands.push_back(MakeCommand("alerts unack", "Take that back", kNameOptions, UnackAlert));
  commands.push_back(MakeCommand("alerts silence", "Tell nobody of some alerts for a while",
                                 kSilenceOptions, Silence));
  commands.push_back(
      MakeCommand("alerts silences", "List silences", kSilencesOptions, ListSilences));
  commands.push_back(MakeCommand("alerts unsilence", "End a silence", kNameOptions, Unsilence));
}

}  // namespace millwright::cli
