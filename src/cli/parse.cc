#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <map>
#include <sstream>

#include "base/error.h"
#include "base/version.h"
#include "cli/command.h"

namespace millwright::cli {
namespace {

// Adds a command's options to its CLI11 node; values go through the bound rows, so that limits and
// messages are the table's.
void AddOptions(CLI::App& node, const std::vector<BoundOption>& options) {
  for (const auto& option : options) {
    if (option.flag.empty()) continue;
    const bool positional = !option.flag.starts_with("-");
    std::string names(option.flag);
    if (!option.alias.empty()) names += "," + std::string(option.alias);
    std::string help(option.help);
    if (!option.initial.empty() && !option.is_switch && !option.is_secret)
      help += fmt::format(" [{}]", option.initial);
    if (!option.key.empty()) help += fmt::format(" ({})", EnvironmentName(option.key));
    const auto set = [&option](const CLI::results_t& values) {
      for (const auto& value : values) option.set(value);
      return true;
    };
    CLI::Option* added = nullptr;
    if (option.is_switch) {
      const std::string negative = names.starts_with("--") && option.initial == "true"
                                       ? names + ",!--no-" + names.substr(2)
                                       : names;
      added = node.add_flag_function(
          negative, [&option](std::int64_t count) { option.set(count > 0 ? "true" : "false"); },
          help);
    } else {
      added = node.add_option(names, set, help);
      added->type_name(std::string(option.metavar));
      if (option.is_list) {
        added->expected(positional ? CLI::detail::expected_max_vector_size : 1);
        added->take_all();
        if (!positional) added->allow_extra_args(false);
      }
    }
    if (option.is_required) added->required();
  }
}

CLI::App& NodeFor(CLI::App& root, std::string_view name, bool hidden) {
  CLI::App* node = &root;
  std::istringstream words{std::string(name)};
  for (std::string word; words >> word;) {
    CLI::App* next = node->get_subcommand_no_throw(word);
    if (next == nullptr) {
      next = node->add_subcommand(word);
      if (hidden) next->group("");
    }
    node = next;
  }
  return *node;
}

void DescribeGroups(CLI::App& root) {
  static const std::map<std::string, std::string> kGroups = {
      {"data", "Sources, dataset versions and splits"},
      {"quality", "Check data against expectation suites"},
      {"experiments", "Experiments"},
      {"runs", "Runs and their metrics"},
      {"models", "Convert, compare, register and promote models"},
      {"endpoints", "Serve models: deploy, shadow, canary, promote, roll back"},
      {"predictions", "What was predicted"},
      {"outcomes", "What really happened"},
      {"monitors", "Drift and performance over time"},
      {"alerts", "Crossed thresholds"},
      {"pipelines", "Durable pipelines and their runs"},
      {"demo", "Walk the whole loop on real data"},
      {"config", "The configuration in force"},
      {"users", "People and their roles"},
      {"tokens", "Tokens for programs"},
  };
  for (CLI::App* group : root.get_subcommands(nullptr)) {
    const auto found = kGroups.find(group->get_name());
    if (found != kGroups.end() && group->get_description().empty())
      group->description(found->second);
    if (!group->get_subcommands(nullptr).empty()) {
      group->require_subcommand(1);
      DescribeGroups(*group);
    }
  }
}

int RunGuarded(Command& command, Console& console) {
  try {
    return command.Run(console);
  } catch (const Error& error) {
    if (console.json) {
      fmt::print(
          stderr, "{}\n",
          Json::Of({{"error_code", CodeName(error.code())}, {"message", error.message()}}).Dump());
    } else {
      fmt::print(stderr, "millwright: {}\n", error.message());
    }
    return 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "millwright: internal error: {}\n", error.what());
    return 1;
  }
}

}  // namespace

int Main(int argc, char** argv, Commands commands) {
  CLI::App app("Millwright takes a machine-learning model from data to production and back.",
               "millwright");
  app.set_version_flag("--version", fmt::format("millwright {}", Version()));
  app.require_subcommand(1);
  Console console;
  // The rows are referred to by CLI11's callbacks until parsing is done.
  std::vector<std::vector<BoundOption>> bound;
  bound.reserve(commands.size());
  std::map<CLI::App*, Command*> by_node;
  for (const auto& command : commands) {
    CLI::App& node = NodeFor(app, command->name(), command->hidden());
    node.description(std::string(command->summary()));
    AddOptions(node, bound.emplace_back(command->BoundOptions()));
    node.add_flag("--json", console.json, "Print the answer as JSON");
    node.add_option("--uri", console.uri, "The server to talk to (MILLWRIGHT_URI)");
    by_node[&node] = command.get();
  }
  DescribeGroups(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int status = app.exit(error);
    return status == 0 ? 0 : 2;
  } catch (const Error& error) {
    fmt::print(stderr, "millwright: {}\n", error.message());
    return 2;
  }
  CLI::App* chosen = &app;
  while (!chosen->get_subcommands().empty()) chosen = chosen->get_subcommands().front();
  return RunGuarded(*by_node.at(chosen), console);
}

}  // namespace millwright::cli
