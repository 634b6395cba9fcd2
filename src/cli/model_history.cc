// Moving aliases and stages, and what a model was when.
#include <fmt/format.h>

#include "base/clock.h"
#include "base/error.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/progress.h"

namespace millwright::cli {
namespace {

std::string ModelPath(const std::string& name) {
  return "/api/v1/models/" + fetch::PercentEncode(name);
}

std::string AliasPath(const std::string& name, const std::string& alias) {
  return fmt::format("{}/aliases/{}", ModelPath(name), fetch::PercentEncode(alias));
}

void RequireReason(bool is_override, const std::string& reason) {
  if (is_override && reason.empty()) {
    throw InvalidArgument("--override needs a --reason").WithField("--reason");
  }
}

struct AliasOptions {
  std::string name, alias, version, reason;
  bool is_override = false;
};
constexpr Option<AliasOptions> kAliasOptions[] = {
    {"", "NAME", "The registered model's name", &AliasOptions::name, "", 0, 0,
     Option<AliasOptions>::Kind::kRequired},
    {"", "ALIAS", "The alias, such as champion", &AliasOptions::alias, "", 0, 0,
     Option<AliasOptions>::Kind::kRequired},
    {"", "VERSION", "The version it shall name", &AliasOptions::version, "", 0, 0,
     Option<AliasOptions>::Kind::kRequired},
    {"", "--reason", "Why, for the history", &AliasOptions::reason, "TEXT"},
    {"", "--override", "Move it although a gate refuses; needs a reason and the role manager",
     &AliasOptions::is_override},
};

int SetAlias(const AliasOptions& options, Console& console) {
  RequireReason(options.is_override, options.reason);
  auto progress = console.StartProgress("alias " + options.name);
  const std::string path = AliasPath(options.name, options.alias);
  console.client().Post(options.is_override ? path + "/override" : path,
                        Json::Of({{"version", options.version}, {"reason", options.reason}}));
  progress->Finish(
      fmt::format("{} of {} is version {}", options.alias, options.name, options.version));
  console.Answer(
      Json::Of({{"model", options.name}, {"alias", options.alias}, {"version", options.version}}));
  return 0;
}

struct RollbackOptions {
  std::string name, alias = "champion", reason;
  int64_t from = 0;
  bool is_override = false;
};
constexpr Option<RollbackOptions> kRollbackOptions[] = {
    {"", "NAME", "The registered model's name", &RollbackOptions::name, "", 0, 0,
     Option<RollbackOptions>::Kind::kRequired},
    {"", "--alias", "The alias that goes back", &RollbackOptions::alias, "ALIAS"},
    {"", "--from", "Only if the alias names this version still", &RollbackOptions::from, "VERSION",
     0, 1e15},
    {"", "--reason", "Why, for the history", &RollbackOptions::reason, "TEXT"},
    {"", "--override", "Go back although a gate refuses; needs a reason and the role manager",
     &RollbackOptions::is_override},
};

int RollBack(const RollbackOptions& options, Console& console) {
  RequireReason(options.is_override, options.reason);
  Json body = Json::Of({{"reason", options.reason}});
  if (options.from > 0) body.Set("from", options.from);
  if (options.is_override) body.Set("rollback", true);
  const Json moved = console.client().Post(
      AliasPath(options.name, options.alias) + (options.is_override ? "/override" : "/rollback"),
      body);
  console.Answer(moved);
  console.Line(fmt::format("{} of {} is version {} again", options.alias, options.name,
                           moved.GetString("version")));
  console.Hint(fmt::format("next: millwright models history {}", options.name));
  return 0;
}

struct StageOptions {
  std::string name, version, stage, reason;
  bool archive_existing = false;
  bool is_override = false;
};
constexpr Option<StageOptions> kStageOptions[] = {
    {"", "NAME", "The registered model's name", &StageOptions::name, "", 0, 0,
     Option<StageOptions>::Kind::kRequired},
    {"", "VERSION", "The version", &StageOptions::version, "", 0, 0,
     Option<StageOptions>::Kind::kRequired},
    {"", "STAGE", "None, Staging, Production or Archived", &StageOptions::stage, "", 0, 0,
     Option<StageOptions>::Kind::kRequired},
    {"", "--archive-existing", "Archive the other versions in the stage",
     &StageOptions::archive_existing},
    {"", "--reason", "Why, for the history", &StageOptions::reason, "TEXT"},
    {"", "--override", "Move it although a gate refuses; needs a reason and the role manager",
     &StageOptions::is_override},
};

int MoveStage(const StageOptions& options, Console& console) {
  RequireReason(options.is_override, options.reason);
  const std::string path = fmt::format("{}/versions/{}/stage", ModelPath(options.name),
                                       fetch::PercentEncode(options.version));
  const Json moved = console.client().Post(options.is_override ? path + "/override" : path,
                                           Json::Of({{"stage", options.stage},
                                                     {"archive_existing", options.archive_existing},
                                                     {"reason", options.reason}}));
  console.Answer(moved);
  console.Line(fmt::format("{} version {} is in {}", options.name, options.version,
                           moved.GetString("stage")));
  return 0;
}

struct HistoryOptions {
  std::string name, version, kind, since, until, page;
  int limit = 100;
};
constexpr Option<HistoryOptions> kHistoryOptions[] = {
    {"", "NAME", "The name that the model has, or had", &HistoryOptions::name, "", 0, 0,
     Option<HistoryOptions>::Kind::kRequired},
    {"", "--version", "Only what happened to this version", &HistoryOptions::version, "VERSION"},
    {"", "--kind", "Only events of this kind, such as alias.moved", &HistoryOptions::kind, "KIND"},
    {"", "--since", "From this time on, such as 2026-03-03T14:00Z", &HistoryOptions::since, "TIME"},
    {"", "--until", "Before this time", &HistoryOptions::until, "TIME"},
    {"", "--limit", "How many to show", &HistoryOptions::limit, "N", 1, 10'000},
    {"", "--page", "Go on where the last page ended", &HistoryOptions::page, "TOKEN"},
};

int ShowHistory(const HistoryOptions& options, Console& console) {
  Query query = {{"limit", std::to_string(options.limit)}};
  const std::pair<const char*, const std::string*> given[] = {{"version", &options.version},
                                                              {"kind", &options.kind},
                                                              {"since", &options.since},
                                                              {"until", &options.until},
                                                              {"page_token", &options.page}};
  for (const auto& [name, value] : given) {
    if (!value->empty()) query.emplace_back(name, *value);
  }
  const Json history = console.client().Get(ModelPath(options.name) + "/history", query);
  console.Answer(history);
  std::vector<std::vector<std::string>> rows;
  for (const Json& change : history.At("changes").AsArray()) {
    rows.push_back({FormatTime(change.GetInt("time_ms")), change.GetString("who"),
                    change.GetString("summary"), change.GetString("reason")});
  }
  constexpr auto kSentence = Column::Align::kSentence;
  console.PrintTable({"TIME", "WHO", {"WHAT", kSentence}, {"WHY", kSentence}}, rows);
  if (const std::string token = history.GetString("next_page_token"); !token.empty()) {
    console.Hint(fmt::format("next: millwright models history {} --page {}", options.name, token));
  }
  return 0;
}

struct AsOfOptions {
  std::string name, time, alias;
};
constexpr Option<AsOfOptions> kAsOfOptions[] = {
    {"", "NAME", "The name that the model had then, or has now", &AsOfOptions::name, "", 0, 0,
     Option<AsOfOptions>::Kind::kRequired},
    {"", "TIME", "The time, such as 2026-03-03T14:00Z", &AsOfOptions::time, "", 0, 0,
     Option<AsOfOptions>::Kind::kRequired},
    {"", "--alias", "Only print the version that this alias named", &AsOfOptions::alias, "ALIAS"},
};

std::string SinceText(const Json& what) {
  std::string text = "since " + FormatTime(what.GetInt("since_ms"));
  if (what.Has("who")) text += ", by " + what.GetString("who");
  if (what.Has("reason")) text += ": " + what.GetString("reason");
  return text;
}

int PrintAliasAsOf(const AsOfOptions& options, const Json& past, Console& console) {
  for (const Json& alias : past.At("aliases").AsArray()) {
    if (alias.GetString("alias") != options.alias) continue;
    console.Answer(alias);
    console.Line(fmt::format("{} was version {}, {}", options.alias, alias.GetString("version"),
                             SinceText(alias)));
    return 0;
  }
  throw NotFound("Alias at that time", options.alias);
}

int ShowAsOf(const AsOfOptions& options, Console& console) {
  const Json past =
      console.client().Get(ModelPath(options.name) + "/as-of", {{"time", options.time}});
  if (!options.alias.empty()) return PrintAliasAsOf(options, past, console);
  console.Answer(past);
  console.Line(fmt::format("{} at {}", past.GetString("name"), FormatTime(past.GetInt("time_ms"))));
  std::vector<std::vector<std::string>> aliases;
  for (const Json& alias : past.At("aliases").AsArray()) {
    aliases.push_back({alias.GetString("alias"), alias.GetString("version"), SinceText(alias)});
  }
  console.PrintTable({"ALIAS", "VERSION", "SINCE"}, aliases);
  std::vector<std::vector<std::string>> versions;
  for (const Json& version : past.At("versions").AsArray()) {
    std::string tags;
    for (const Json& tag : version.At("tags").AsArray()) {
      tags += fmt::format("{}{}={}", tags.empty() ? "" : " ", tag.GetString("key"),
                          tag.GetString("value"));
    }
    versions.push_back({version.GetString("version"), version.At("stage").GetString("name"), tags});
  }
  console.PrintTable({"VERSION", "STAGE", "TAGS"}, versions);
  return 0;
}

}  // namespace

void AddModelHistoryCommands(Commands& commands) {
  commands.push_back(
      MakeCommand("models alias", "Move an alias, through the gates", kAliasOptions, SetAlias));
  commands.push_back(MakeCommand("models rollback", "Move an alias back to the version before",
                                 kRollbackOptions, RollBack));
  commands.push_back(MakeCommand("models stage", "Move a version to a stage, through the gates",
                                 kStageOptions, MoveStage));
  commands.push_back(MakeCommand("models history", "Show who changed what of a model and why",
                                 kHistoryOptions, ShowHistory));
  commands.push_back(
      MakeCommand("models as-of", "Show what a model was at a time", kAsOfOptions, ShowAsOf));
}

}  // namespace millwright::cli
