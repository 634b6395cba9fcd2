// Rules of alerts, and who is told of them.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "alerts/alert_store.h"
#include "alerts/series.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/alert_files.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/name_option.h"

namespace millwright::cli {
namespace {

constexpr const char* kRules = "/api/v1/alert-rules";
constexpr const char* kReceivers = "/api/v1/alert-receivers";

std::string RulePath(const std::string& name) {
  return std::string(kRules) + "/" + fetch::PercentEncode(name);
}
std::string ReceiverPath(const std::string& name) {
  return std::string(kReceivers) + "/" + fetch::PercentEncode(name);
}

struct FilesOptions {
  std::vector<std::string> files;
  bool prune = false;
};
constexpr Option<FilesOptions> kCheckOptions[] = {
    {"", "FILE", "YAML files, or folders of them", &FilesOptions::files, "", 0, 0,
     Option<FilesOptions>::Kind::kRequired},
};
constexpr Option<FilesOptions> kApplyOptions[] = {
    {"", "FILE", "YAML files, or folders of them", &FilesOptions::files, "", 0, 0,
     Option<FilesOptions>::Kind::kRequired},
    {"", "--prune", "Delete the rules that are in none of the files", &FilesOptions::prune},
};

std::string Counted(size_t count, const char* noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

int CheckFiles(const FilesOptions& options, Console& console) {
  const AlertFiles files = ReadAlertFiles(options.files);
  console.Answer(Json::Of({{"files", files.files.size()},
                           {"rules", files.rules},
                           {"receivers", files.receivers},
                           {"routes", files.routes}}));
  console.Line(fmt::format("{}, {} and {}: nothing is wrong with them",
                           Counted(files.rules, "rule"), Counted(files.receivers, "receiver"),
                           files.routes ? "routes" : "no routes"));
  return 0;
}

int ApplyFiles(const FilesOptions& options, Console& console) {
  Json document = ReadAlertFiles(options.files).document;
  document.Set("prune", options.prune);
  const Json applied = console.client().Post("/api/v1/alert-config", document);
  console.Answer(applied);
  for (const char* what : {"created", "updated", "deleted"})
    for (const std::string& name : applied.GetStrings(what))
      console.Line(fmt::format("Rule {} is {}", name, what));
  const size_t unchanged = applied.GetStrings("unchanged").size();
  if (unchanged > 0)
    console.Line(
        fmt::format("{} {} as before", Counted(unchanged, "rule"), unchanged == 1 ? "is" : "are"));
  for (const std::string& name : applied.GetStrings("receivers"))
    console.Line("Receiver " + name + " is set");
  if (applied.GetBool("routes")) console.Line("The routes are changed");
  console.Hint("See what they find: millwright alerts list --phase firing");
  return 0;
}

std::string LimitOf(const Json& rule) {
  for (const char* word : {"above", "at_least", "below", "at_most"})
    if (const Json* value = rule.Find(word); value != nullptr && value->is_number())
      return fmt::format("{} {:.6g}", word, value->AsDouble());
  return "any";
}

int ListRules(const LimitOptions&, Console& console) {
  const Json result = console.client().Get(kRules);
  console.Answer(result);
  std::vector<std::vector<std::string>> rows;
  for (const Json& one : result.At("rules").AsArray())
    rows.push_back({one.GetString("name"), one.GetString("severity"), LimitOf(one),
                    one.GetString("for"), one.GetBool("enabled") ? "" : "disabled",
                    std::to_string(one.GetInt("version")), one.GetString("expr")});
  console.PrintTable({"NAME", "SEVERITY", "LIMIT", "FOR", "", "VERSION", "EXPRESSION"}, rows);
  if (rows.empty())
    console.Hint("Begin with: millwright alerts apply deploy/alerts/millwright.yaml");
  return 0;
}

int ShowRule(const NameOptions& options, Console& console) {
  const Json rule = console.client().Get(RulePath(options.name));
  console.Answer(rule);
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, value] : rule.AsObject())
    if (name != "versions")
      rows.push_back({"  " + name, value.is_string() ? value.AsString() : value.Dump()});
  console.PrintTable({"", ""}, rows);
  rows.clear();
  for (const Json& one : rule.At("versions").AsArray())
    rows.push_back({"  " + std::to_string(one.GetInt("version")), FormatTime(one.GetInt("time_ms")),
                    one.GetString("who"), one.At("spec").is_null() ? "deleted" : ""});
  console.PrintTable({"  VERSION", "SINCE", "WHO", ""}, rows);
  return 0;
}

int DeleteRule(const NameOptions& options, Console& console) {
  console.Answer(console.client().Delete(RulePath(options.name)));
  console.Line("Rule " + options.name + " is gone; its alerts end");
  return 0;
}

int TestRule(const NameOptions& options, Console& console) {
  const Json result =
      console.client().Post(std::string(kRules) + "/test", Json::Of({{"name", options.name}}));
  console.Answer(result);
  std::vector<std::vector<std::string>> rows;
  for (const Json& one : result.At("series").AsArray())
    rows.push_back({alerts::LabelsText(alerts::LabelsFromJson(one.At("labels"))),
                    fmt::format("{:.6g}", one.At("value").is_number() ? one.GetDouble("value") : 0),
                    one.GetBool("exceeds") ? "too much" : "well", one.GetString("summary")});
  console.PrintTable({"LABELS", "VALUE", "", {"SUMMARY", Column::Align::kSentence}}, rows);
  if (rows.empty()) console.Line("There is no data for this rule now");
  return 0;
}

struct ExportOptions {
  std::vector<std::string> files;
};
constexpr Option<ExportOptions> kExportOptions[] = {
    {"", "FILE", "YAML files or folders; the server's rules when not given", &ExportOptions::files},
};

int ExportRules(const ExportOptions& options, Console& console) {
  const Json given =
      options.files.empty() ? console.client().Get(kRules) : ReadAlertFiles(options.files).document;
  std::vector<alerts::Rule> rules;
  for (Json rule : given.At("rules").AsArray()) {
    std::erase_if(rule.AsObject(), [](const auto& field) {
      return field.first == "version" || field.first.starts_with("updated_");
    });
    rules.push_back(alerts::Rule::FromJson(rule));
  }
  const std::string text = alerts::PrometheusRules(rules, "millwright");
  console.Answer(Json::Of({{"rules", rules.size()}, {"text", text}}));
  console.Line(std::string_view(text).substr(0, text.size() - 1));
  return 0;
}

void AddRoute(const Json& route, const std::string& indent,
              std::vector<std::vector<std::string>>* rows) {
  rows->push_back(
      {fmt::format("{}{}", indent,
                   route.Has("match") ? fmt::format("{}", fmt::join(route.GetStrings("match"), " "))
                                      : "every alert"),
       route.GetString("receiver"), fmt::format("{}", fmt::join(route.GetStrings("group_by"), " ")),
       route.GetString("group_wait"), route.GetString("group_interval"),
       route.GetString("repeat_interval")});
  for (const Json& inner : route.At("routes").AsArray()) AddRoute(inner, indent + "  ", rows);
}

int ShowRoutes(const LimitOptions&, Console& console) {
  const Json result = console.client().Get("/api/v1/alert-routes");
  console.Answer(result);
  std::vector<std::vector<std::string>> rows;
  if (result.GetInt("version") > 0) AddRoute(result.At("routes"), "", &rows);
  console.PrintTable({"MATCH", "RECEIVER", "GROUP BY", "WAIT", "INTERVAL", "REPEAT"}, rows);
  if (rows.empty()) console.Line("Nobody is told of alerts");
  return 0;
}

int ListReceivers(const LimitOptions&, Console& console) {
  const Json result = console.client().Get(kReceivers);
  console.Answer(result);
  std::vector<std::vector<std::string>> rows;
  for (const Json& one : result.At("receivers").AsArray())
    rows.push_back({one.GetString("name"), one.GetString("kind"),
                    std::to_string(one.GetInt("pending")), std::to_string(one.GetInt("dead")),
                    one.GetString("url")});
  console.PrintTable({"NAME", "KIND", "WAITING", "DEAD", "WHERE"}, rows);
  return 0;
}

int DeleteReceiver(const NameOptions& options, Console& console) {
  console.Answer(console.client().Delete(ReceiverPath(options.name)));
  console.Line("Receiver " + options.name + " is gone, and its deliveries with it");
  return 0;
}

int TestReceiver(const NameOptions& options, Console& console) {
  const Json result =
      console.client().Post(ReceiverPath(options.name) + "/test", Json::MakeObject());
  console.Answer(result);
  const bool delivered = result.GetBool("delivered");
  const Json* status = result.Find("status");
  console.Line(fmt::format("{} {} the message: {} after {}", options.name,
                           delivered ? "took" : "did not take",
                           status == nullptr || status->is_null() ? result.GetString("error")
                                                                  : std::to_string(status->AsInt()),
                           FormatDuration(result.GetInt("duration_ms"))));
  return delivered ? 0 : 1;
}

struct DeliveriesOptions {
  std::string receiver, state;
  int limit = 50;
};
constexpr Option<DeliveriesOptions> kDeliveriesOptions[] = {
    {"", "RECEIVER", "Its name", &DeliveriesOptions::receiver, "", 0, 0,
     Option<DeliveriesOptions>::Kind::kRequired},
    {"", "--state", "pending, delivered or dead; all if not given", &DeliveriesOptions::state,
     "STATE"},
    {"", "--limit", "How many to list, the newest first", &DeliveriesOptions::limit, "N", 1, 500},
};

int ListDeliveries(const DeliveriesOptions& options, Console& console) {
  Query query{{"limit", std::to_string(options.limit)}};
  if (!options.state.empty()) query.emplace_back("state", options.state);
  const Json result = console.client().Get(ReceiverPath(options.receiver) + "/deliveries", query);
  console.Answer(result);
  std::vector<std::vector<std::string>> rows;
  for (const Json& one : result.At("deliveries").AsArray())
    rows.push_back({one.GetString("id"), one.GetString("event"), one.GetString("subject"),
                    one.GetString("state"), std::to_string(one.GetInt("attempts")),
                    FormatTime(one.GetInt("created_ms")), one.GetString("error")});
  console.PrintTable(
      {"ID", "WHY", "GROUP", "STATE", "ATTEMPTS", "QUEUED", {"ERROR", Column::Align::kSentence}},
      rows);
  return 0;
}

int Replay(const NameOptions& options, Console& console) {
  const Json result =
      console.client().Post(ReceiverPath(options.name) + "/replay", Json::MakeObject());
  console.Answer(result);
  const int64_t replayed = result.GetInt("replayed");
  console.Line(fmt::format("{} dead letter{} of {} queued again", FormatCount(replayed),
                           replayed == 1 ? "" : "s", options.name));
  return 0;
}

struct SeriesOptions {
  std::string topic;
};
constexpr Option<SeriesOptions> kSeriesOptions[] = {
    {"", "WORD", "Only those that have this word in their name, labels or description",
     &SeriesOptions::topic},
};

int ListSeries(const SeriesOptions& options, Console& console) {
  Json list = Json::MakeArray();
  std::vector<std::vector<std::string>> rows;
  for (const auto& series : alerts::AllSeries()) {
    const std::string all = fmt::format("{} {} {}", series.name, series.labels, series.help);
    if (all.find(options.topic) == std::string::npos) continue;
    rows.push_back({std::string(series.name), std::string(series.type), std::string(series.labels),
                    std::string(series.help)});
    list.Append(Json::Of({{"name", series.name},
                          {"type", series.type},
                          {"labels", series.labels},
                          {"topic", series.topic},
                          {"help", series.help}}));
  }
  console.Answer(Json::Of({{"series", list}}));
  console.PrintTable({"SERIES", "TYPE", "LABELS", {"WHAT IT IS", Column::Align::kSentence}}, rows);
  return 0;
}

}  // namespace

void AddAlertRuleCommands(Commands& commands) {
  const auto add = [&](std::string_view name, std::string_view summary, const auto& options,
                       auto* run) { commands.push_back(MakeCommand(name, summary, options, run)); };
  add("alerts check", "Say what is wrong with files of alerts, without a server", kCheckOptions,
      CheckFiles);
  add("alerts apply", "Store rules, receivers and routes", kApplyOptions, ApplyFiles);
  add("alerts rules list", "List rules", kLimitOptions, ListRules);
  add("alerts rules show", "Show a rule and its versions", kNameOptions, ShowRule);
  add("alerts rules test", "Say what a rule would find now", kNameOptions, TestRule);
  add("alerts rules delete", "Delete a rule; its alerts end", kNameOptions, DeleteRule);
  add("alerts rules export", "Print rules in the form of Prometheus", kExportOptions, ExportRules);
  add("alerts series", "List the series that rules may ask for", kSeriesOptions, ListSeries);
  add("alerts routes", "Show who is told of which alerts", kLimitOptions, ShowRoutes);
  add("alerts receivers list", "List receivers", kLimitOptions, ListReceivers);
  add("alerts receivers test", "Send a receiver a made-up message, now", kNameOptions,
      TestReceiver);
  add("alerts receivers delete", "Delete a receiver and its deliveries", kNameOptions,
      DeleteReceiver);
  add("alerts deliveries", "List what a receiver was told", kDeliveriesOptions, ListDeliveries);
  add("alerts replay", "Send what a receiver could not be told once more", kNameOptions, Replay);
}

}  // namespace millwright::cli
