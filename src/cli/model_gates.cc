// The gates of a model: applied from a file, tried, approved.
#include <fmt/format.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/exit_status.h"
#include "cli/model_name.h"
#include "registry/gate_file.h"

namespace millwright::cli {
namespace {

std::string GatePath(const std::string& name) {
  return "/api/v1/models/" + fetch::PercentEncode(name) + "/gate";
}

// The text of a gates.yaml, read here first so that a mistake is told with the file's name.
std::string GateText(const std::string& file) {
  std::string text = ReadFile(file);
  try {
    registry::GateFile::FromYaml(text);
  } catch (const Error& error) {
    throw InvalidArgument("{}: {}", file, error.message());
  }
  return text;
}

struct ApplyOptions {
  std::string name, file, reason;
};
constexpr Option<ApplyOptions> kApplyOptions[] = {
    {"", "NAME", "The registered model's name; made when it is not there", &ApplyOptions::name, "",
     0, 0, Option<ApplyOptions>::Kind::kRequired},
    {"", "FILE", "The gates.yaml", &ApplyOptions::file, "", 0, 0,
     Option<ApplyOptions>::Kind::kRequired},
    {"", "--reason", "Why, for the history", &ApplyOptions::reason, "TEXT"},
};

int Apply(const ApplyOptions& options, Console& console) {
  const std::string text = GateText(options.file);
  RegisterModelName(console.client(), options.name);
  const Json applied = console.client().Post(
      GatePath(options.name), Json::Of({{"yaml", text}, {"reason", options.reason}}));
  console.Answer(applied);
  console.Line(fmt::format("{}: {} {}, version {}", options.name,
                           applied.At("gates").AsArray().size(),
                           applied.At("gates").AsArray().size() == 1 ? "gate" : "gates",
                           applied.GetInt("gate_version")));
  return 0;
}

struct ShowOptions {
  std::string name;
  int64_t gate_version = 0;
  bool versions = false;
};
constexpr Option<ShowOptions> kShowOptions[] = {
    {"", "NAME", "The registered model's name", &ShowOptions::name, "", 0, 0,
     Option<ShowOptions>::Kind::kRequired},
    {"", "--gate-version", "The gates as they were in this version", &ShowOptions::gate_version,
     "N", 0, 1e15},
    {"", "--versions", "List the versions instead", &ShowOptions::versions},
};

int Show(const ShowOptions& options, Console& console) {
  if (options.versions) {
    const Json list = console.client().Get(GatePath(options.name) + "/versions");
    console.Answer(list);
    std::vector<std::vector<std::string>> rows;
    for (const Json& version : list.At("versions").AsArray()) {
      rows.push_back({std::to_string(version.GetInt("gate_version")),
                      FormatTime(version.GetInt("created_ms")), version.GetString("who"),
                      version.GetString("reason")});
    }
    console.PrintTable({"VERSION", "TIME", "WHO", "WHY"}, rows);
    return 0;
  }
  Query query;
  if (options.gate_version > 0) {
    query.emplace_back("gate_version", std::to_string(options.gate_version));
  }
  const Json gates = console.client().Get(GatePath(options.name), query);
  console.Answer(gates);
  console.Line(gates.GetString("source"));
  return 0;
}

struct TestOptions {
  std::string name, version, alias, stage, file;
};
constexpr Option<TestOptions> kTestOptions[] = {
    {"", "NAME", "The registered model's name", &TestOptions::name, "", 0, 0,
     Option<TestOptions>::Kind::kRequired},
    {"", "VERSION", "The version that would move", &TestOptions::version, "", 0, 0,
     Option<TestOptions>::Kind::kRequired},
    {"", "--alias", "The alias that it would bear; champion by default", &TestOptions::alias,
     "ALIAS"},
    {"", "--stage", "The stage that it would go to", &TestOptions::stage, "STAGE"},
    {"", "--file", "Gates that are not applied yet", &TestOptions::file, "FILE"},
};

int Test(const TestOptions& options, Console& console) {
  Json body = Json::Of({{"version", options.version}});
  if (!options.stage.empty()) body.Set("stage", options.stage);
  if (!options.alias.empty()) body.Set("alias", options.alias);
  if (options.stage.empty() && options.alias.empty()) body.Set("alias", "champion");
  if (!options.file.empty()) body.Set("yaml", GateText(options.file));
  const Json result = console.client().Post(GatePath(options.name) + "/test", body);
  console.Answer(result);
  for (const Json& gate : result.At("gates").AsArray()) {
    const std::string name = gate.GetString("gate_name");
    console.Line(fmt::format("{} {}{}: {}", gate.GetBool("passed") ? "✓" : "✗",
                             name.empty() ? "" : name + " ", gate.GetString("gate"),
                             gate.GetString("reason")));
  }
  if (result.At("gates").AsArray().empty()) console.Line("No gate stands in the way");
  return result.GetBool("passed") ? 0 : kHold;
}

struct ApproveOptions {
  std::string name, version, gate, reason;
  bool withdraw = false;
};
constexpr Option<ApproveOptions> kApproveOptions[] = {
    {"", "NAME", "The registered model's name", &ApproveOptions::name, "", 0, 0,
     Option<ApproveOptions>::Kind::kRequired},
    {"", "VERSION", "The version that is approved", &ApproveOptions::version, "", 0, 0,
     Option<ApproveOptions>::Kind::kRequired},
    {"", "--gate", "The gate's name, where it has one", &ApproveOptions::gate, "GATE"},
    {"", "--reason", "Why, for the history", &ApproveOptions::reason, "TEXT"},
    {"", "--withdraw", "Take the approval back", &ApproveOptions::withdraw},
};

int Approve(const ApproveOptions& options, Console& console) {
  const std::string path =
      fmt::format("/api/v1/models/{}/versions/{}/approvals", fetch::PercentEncode(options.name),
                  fetch::PercentEncode(options.version));
  const Json body = Json::Of({{"gate", options.gate}, {"reason", options.reason}});
  const Json result =
      options.withdraw ? console.client().Delete(path, body) : console.client().Post(path, body);
  console.Answer(result);
  std::string people;
  for (const Json& approval : result.At("approvals").AsArray()) {
    if (approval.GetString("gate") != options.gate) continue;
    people += (people.empty() ? "" : ", ") + approval.GetString("who");
  }
  console.Line(people.empty() ? "Nobody approves it now" : fmt::format("Approved by {}", people));
  return 0;
}

}  // namespace

void AddModelGateCommands(Commands& commands) {
  commands.push_back(MakeCommand("models gates apply",
                                 "Say what aliases and stages of a model ask of a version",
                                 kApplyOptions, Apply));
  commands.push_back(
      MakeCommand("models gates show", "Show the gates of a model", kShowOptions, Show));
  commands.push_back(MakeCommand("models gates test",
                                 "Judge a move without making it; exit 99 if it is refused",
                                 kTestOptions, Test));
  commands.push_back(MakeCommand("models gates approve", "Approve a version for a gate",
                                 kApproveOptions, Approve));
}

}  // namespace millwright::cli
