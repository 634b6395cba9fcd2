#include <fmt/format.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/loop_simulation.h"
#include "cli/name_option.h"
#include "loop/policy.h"

namespace millwright::cli {
namespace {

std::string LoopPath(const std::string& model, std::string_view rest = "") {
  return "/api/v1/loops/" + fetch::PercentEncode(model) + std::string(rest);
}

struct FileOptions {
  std::string file;
};
constexpr Option<FileOptions> kFileOptions[] = {
    {"", "FILE", "The policy's YAML file", &FileOptions::file, "", 0, 0,
     Option<FileOptions>::Kind::kRequired},
};

int Apply(const FileOptions& options, Console& console) {
  const Json loop =
      console.client().Post("/api/v1/loops", Json::Of({{"yaml", ReadFile(options.file)}}));
  console.Answer(loop);
  console.Line(fmt::format("The loop of {} retrains by {}, started by {}", loop.GetString("model"),
                           loop.GetString("pipeline"), loop.GetString("triggers")));
  console.Hint("next: millwright loop status " + loop.GetString("model"));
  return 0;
}

// Needs no server.
int Check(const FileOptions& options, Console& console) {
  const loop::Policy policy = loop::ParsePolicy(ReadFile(options.file));
  console.Answer(Json::Of({{"model", policy.model},
                           {"endpoint", policy.endpoint},
                           {"pipeline", policy.retrain.pipeline},
                           {"triggers", loop::TriggersText(policy)}}));
  console.Line(fmt::format("{} is a policy for {}: started by {}, retrained by {}", options.file,
                           policy.model, loop::TriggersText(policy), policy.retrain.pipeline));
  return 0;
}

// What a loop does just now, in a few words.
std::string PhaseText(const Json& loop) {
  std::string text = loop.GetString("phase");
  if (text == "canary") {
    const auto& steps = loop.At("steps").AsArray();
    const auto step = static_cast<size_t>(loop.GetInt("step"));
    if (step < steps.size()) text += fmt::format(" at {} %", steps[step].AsInt());
  }
  if (!loop.GetString("hold").empty()) text += ", held by " + loop.GetString("hold");
  if (loop.GetBool("latched")) text += " until a person says so";
  if (loop.GetBool("paused")) text += ", paused";
  return text;
}

int List(const LimitOptions&, Console& console) {
  const Json result = console.client().Get("/api/v1/loops");
  console.Answer(result);
  std::vector<std::vector<std::string>> rows;
  for (const Json& loop : result.At("loops").AsArray())
    rows.push_back({loop.GetString("model"), loop.GetString("endpoint"), PhaseText(loop),
                    loop.GetString("candidate"), loop.GetString("ending"),
                    loop.GetString("triggers")});
  console.PrintTable({"MODEL", "ENDPOINT", "PHASE", "CANDIDATE", "LAST ENDED", "STARTED BY"}, rows);
  return 0;
}

int Show(const NameOptions& options, Console& console) {
  const Json loop = console.client().Get(LoopPath(options.name));
  console.Answer(loop);
  console.Line(loop.GetString("yaml"));
  return 0;
}

int Status(const NameOptions& options, Console& console) {
  const Json loop = console.client().Get(LoopPath(options.name));
  console.Answer(loop);
  console.Line(fmt::format("{} is {} since {}", options.name, PhaseText(loop),
                           FormatTime(loop.GetInt("since_ms"))));
  if (!loop.GetString("candidate").empty())
    console.Line(fmt::format("candidate {}, compared with {}", loop.GetString("candidate"),
                             loop.GetString("champion", "nothing yet")));
  if (const Json* seen = loop.Find("seen"); seen != nullptr && seen->is_object())
    console.Line(fmt::format("seen: {}", seen->GetString("reason")));
  if (loop.GetBool("paused")) console.Line("paused: " + loop.GetString("pause_reason"));
  if (!loop.GetString("ending").empty())
    console.Line(fmt::format("the last attempt {}: {}", loop.GetString("ending"),
                             loop.GetString("ending_reason")));
  for (const Json& due : loop.At("due").AsArray())
    console.Line(fmt::format("{} is due at {}", due.GetString("trigger"),
                             FormatTime(due.GetInt("time_ms"))));
  std::string acts;
  for (const std::string& act : loop.GetStrings("acts")) acts += (acts.empty() ? "" : ", ") + act;
  console.Hint("a person may: " + acts);
  return 0;
}

struct HistoryOptions {
  std::string name;
  int limit = 100;
};
constexpr Option<HistoryOptions> kHistoryOptions[] = {
    {"", "MODEL", "The model's name", &HistoryOptions::name, "", 0, 0,
     Option<HistoryOptions>::Kind::kRequired},
    {"", "--limit", "How many, newest last", &HistoryOptions::limit, "N", 1, 1000},
};

int History(const HistoryOptions& options, Console& console) {
  const Json result = console.client().Get(LoopPath(options.name, "/decisions"),
                                           {{"limit", std::to_string(options.limit)}});
  console.Answer(result);
  std::vector<std::vector<std::string>> rows;
  const auto& decisions = result.At("decisions").AsArray();
  for (auto one = decisions.rbegin(); one != decisions.rend(); ++one)
    rows.push_back({std::to_string(one->GetInt("number")), FormatTime(one->GetInt("time_ms")),
                    one->GetString("action"), one->GetString("from"), one->GetString("to"),
                    one->GetString("rule"), one->GetString("who"), one->GetString("reason")});
  console.PrintTable({{"NO", Column::Align::kRight},
                      "TIME",
                      "DID",
                      "FROM",
                      "TO",
                      "RULE",
                      "WHO",
                      {"WHY", Column::Align::kSentence}},
                     rows);
  return 0;
}

int Delete(const NameOptions& options, Console& console) {
  console.Answer(console.client().Delete(LoopPath(options.name)));
  console.Line("The loop of " + options.name + " is deleted; its decisions stay");
  return 0;
}

struct ActOptions {
  std::string model, reason, version;
};
constexpr Option<ActOptions> kActOptions[] = {
    {"", "MODEL", "The model's name", &ActOptions::model, "", 0, 0,
     Option<ActOptions>::Kind::kRequired},
    {"", "--reason", "Why; it is kept with the decision", &ActOptions::reason, "TEXT", 0, 0,
     Option<ActOptions>::Kind::kRequired},
};
constexpr Option<ActOptions> kTriggerOptions[] = {
    {"", "MODEL", "The model's name", &ActOptions::model, "", 0, 0,
     Option<ActOptions>::Kind::kRequired},
    {"", "--reason", "Why; it is kept with the decision", &ActOptions::reason, "TEXT", 0, 0,
     Option<ActOptions>::Kind::kRequired},
    {"", "--version", "A version that exists; nothing is trained then", &ActOptions::version,
     "VERSION"},
};

int Act(const ActOptions& options, Console& console, std::string_view verb) {
  Json body = Json::Of({{"reason", options.reason}});
  if (!options.version.empty()) body.Set("version", options.version);
  const Json loop = console.client().Post(LoopPath(options.model, "/" + std::string(verb)), body);
  console.Answer(loop);
  console.Line(fmt::format("{} is {}", options.model, PhaseText(loop)));
  console.Hint("next: millwright loop history " + options.model);
  return 0;
}

int Trigger(const ActOptions& options, Console& console) {
  return Act(options, console, "trigger");
}
int Pause(const ActOptions& options, Console& console) {
  return Act(options, console, "pause");
}
int Resume(const ActOptions& options, Console& console) {
  return Act(options, console, "resume");
}
int Approve(const ActOptions& options, Console& console) {
  return Act(options, console, "approve");
}
int OverrideIt(const ActOptions& options, Console& console) {
  return Act(options, console, "override");
}
int RollBack(const ActOptions& options, Console& console) {
  return Act(options, console, "rollback");
}

}  // namespace

void AddLoopCommands(Commands& commands) {
  commands.push_back(MakeCommand("loop apply", "Store a model's policy", kFileOptions, Apply));
  commands.push_back(
      MakeCommand("loop check", "Check a policy without a server", kFileOptions, Check));
  commands.push_back(MakeCommand("loop list", "List the loops", kLimitOptions, List));
  commands.push_back(MakeCommand("loop show", "Print a model's policy", kNameOptions, Show));
  commands.push_back(MakeCommand("loop status", "Show where a loop is", kNameOptions, Status));
  commands.push_back(
      MakeCommand("loop history", "Show what was decided and why", kHistoryOptions, History));
  commands.push_back(
      MakeCommand("loop trigger", "Begin an attempt by hand", kTriggerOptions, Trigger));
  commands.push_back(MakeCommand("loop pause", "Let a loop decide nothing", kActOptions, Pause));
  commands.push_back(MakeCommand("loop resume", "Let a paused loop go on", kActOptions, Resume));
  commands.push_back(
      MakeCommand("loop approve", "Consent to what waits for it", kActOptions, Approve));
  commands.push_back(
      MakeCommand("loop override", "Let a candidate pass what holds it", kActOptions, OverrideIt));
  commands.push_back(MakeCommand("loop rollback",
                                 "Take a candidate off, or go back to what was live before it",
                                 kActOptions, RollBack));
  commands.push_back(MakeCommand("loop delete", "Delete a loop", kNameOptions, Delete));
  AddLoopSimulation(commands);
}

}  // namespace millwright::cli
