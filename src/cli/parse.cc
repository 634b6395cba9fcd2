#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <sstream>

#include "base/error.h"
#include "base/option.h"
#include "base/version.h"
#include "cli/commands.h"

namespace millwright::cli {
namespace {

constexpr std::string_view kNoServerHint =
    "Start a server with `millwright server`, or say where one is by --uri or MILLWRIGHT_URI.\n";

// CLI11 would print the value that a negated flag stands for, as --no-mounts{false}.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_option_name(const CLI::Option* option, bool is_positional) const override {
    std::string name = CLI::Formatter::make_option_name(option, is_positional);
    if (const size_t value = name.find("{false}"); value != std::string::npos) name.erase(value, 7);
    return name;
  }
};

// Adds a command's options to its CLI11 node; values go through the bound rows, so that limits and
// messages are the table's.
void AddOptions(CLI::App& node, const std::vector<BoundOption>& options, Console& console) {
  for (const auto& option : options) {
    if (option.flag.empty()) continue;
    const bool positional = !option.flag.starts_with("-");
    std::string names(option.flag);
    if (!option.alias.empty()) names += "," + std::string(option.alias);
    std::string help(option.help);
    if (!option.initial.empty() && !option.is_switch && !option.is_secret)
      help += fmt::format(" [{}]", option.initial);
    if (!option.key.empty()) help += fmt::format(" ({})", EnvironmentName(option.key));
    const auto take = [&option, &console](const std::string& value) {
      option.set(value);
      console.given.emplace_back(option.flag, value);
    };
    const auto set = [take](const CLI::results_t& values) {
      for (const auto& value : values) take(value);
      return true;
    };
    CLI::Option* added = nullptr;
    if (option.is_switch) {
      const std::string negative = names.starts_with("--") && option.initial == "true"
                                       ? names + ",!--no-" + names.substr(2)
                                       : names;
      added = node.add_flag_function(
          negative, [take](std::int64_t count) { take(count > 0 ? "true" : "false"); }, help);
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

CLI::App* FindChild(CLI::App& node, const std::string& word) {
  for (CLI::App* child : node.get_subcommands(nullptr))
    if (child->get_name() == word) return child;
  return nullptr;
}

CLI::App& NodeFor(CLI::App& root, std::string_view name, bool hidden) {
  CLI::App* node = &root;
  std::istringstream words{std::string(name)};
  for (std::string word; words >> word;) {
    CLI::App* next = FindChild(*node, word);
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
      {"gates", "What a version must show before an alias or a stage names it"},
      {"endpoints", "Serve models: deploy, shadow, canary, promote, roll back"},
      {"predictions", "What was predicted"},
      {"outcomes", "What really happened"},
      {"monitors", "Drift and performance over time"},
      {"alerts", "What is wrong now, the rules that say so, and who is told"},
      {"rules", "Rules, their versions and what they find"},
      {"receivers", "Who is told, by which way"},
      {"drift", "Has a table changed: comparisons, references, estimates"},
      {"loop", "Retrain, judge and promote models by a policy"},
      {"artifacts", "Files of runs: store, check and bring back"},
      {"pipelines", "Durable pipelines and their runs"},
      {"import", "Move in from another tool"},
      {"export", "Move out to another tool"},
      {"demo", "Walk the whole loop on real data"},
      {"config", "The configuration in force"},
      {"users", "People and their roles"},
      {"webhooks", "Who is told of events, and what came of it"},
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

void PrintError(const Console& console, Code code, const std::string& message) {
  if (console.json) {
    fmt::print(stderr, "{}\n",
               Json::Of({{"error_code", CodeName(code)}, {"message", message}}).Dump());
  } else {
    fmt::print(stderr, "millwright: {}\n", message);
  }
}

// How many of the first words are the command's name; 0 when they are not.
size_t CountNameWords(const Command& command, const std::vector<std::string>& words) {
  std::istringstream name{std::string(command.name())};
  size_t count = 0;
  for (std::string word; name >> word; ++count)
    if (count >= words.size() || words[count] != word) return 0;
  return count;
}

// The command that the words begin with, nullptr when there is none; the longest name wins.
const Command* FindNamed(const Commands& commands, const std::vector<std::string>& words) {
  const Command* named = nullptr;
  size_t count_max = 0;
  for (const auto& command : commands) {
    const size_t count = CountNameWords(*command, words);
    if (count > count_max) named = command.get();
    count_max = std::max(count, count_max);
  }
  return named;
}

// The tree of commands on CLI11 and what they were bound to. Where the words name a command only
// that one is built, for the whole tree takes longer than most commands; where they name none the
// tree is there, without options, to list them and to say what is wrong.
class CommandLine {
 public:
  CommandLine(Commands commands, const std::vector<std::string>& words, Console& console)
      : app_("Millwright takes a machine-learning model from data to production and back.",
             "millwright"),
        commands_(std::move(commands)) {
    app_.set_version_flag("--version", fmt::format("millwright {}", Version()));
    app_.require_subcommand(1);
    app_.formatter(std::make_shared<HelpFormatter>());
    // The rows are referred to by CLI11's callbacks until parsing is done.
    bound_.reserve(commands_.size());
    const Command* named = FindNamed(commands_, words);
    for (const auto& command : commands_) {
      if (named != nullptr && command.get() != named) continue;
      CLI::App& node = NodeFor(app_, command->name(), command->hidden());
      node.description(std::string(command->summary()));
      if (named == nullptr) continue;
      AddOptions(node, bound_.emplace_back(command->BoundOptions()), console);
      node.add_flag("--json", console.json, "Print the answer as JSON");
      node.add_option("--uri", console.uri, "The server to talk to (MILLWRIGHT_URI)");
      by_node_[&node] = command.get();
    }
    DescribeGroups(app_);
  }

  CLI::App& app() { return app_; }

  Command& chosen() {
    CLI::App* node = &app_;
    while (!node->get_subcommands().empty()) node = node->get_subcommands().front();
    return *by_node_.at(node);
  }

 private:
  CLI::App app_;
  Commands commands_;
  std::vector<std::vector<BoundOption>> bound_;
  std::map<CLI::App*, Command*> by_node_;
};

// "models register", as one types it after the program's name; nothing for the root.
std::string WordsOf(const CLI::App& node) {
  if (node.get_parent() == nullptr) return "";
  const std::string before = WordsOf(*node.get_parent());
  return before.empty() ? node.get_name() : before + " " + node.get_name();
}

std::string Hint(std::string_view given, const std::vector<std::string>& known) {
  const std::string nearest = NearestName(given, {known.begin(), known.end()});
  return nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest);
}

std::vector<std::string> ChildNames(const CLI::App& node) {
  std::vector<std::string> names;
  for (const CLI::App* child : node.get_subcommands([](const CLI::App*) { return true; })) {
    if (!child->get_group().empty()) names.push_back(child->get_name());
  }
  return names;
}

// What is wrong with the words, where CLI11 does not say it: a command or an option that there is
// none of comes with the nearest one that there is.
std::string Explain(CLI::App& root, const std::vector<std::string>& words,
                    const CLI::ParseError& error) {
  CLI::App* node = &root;
  for (const std::string& word : words) {
    const std::vector<std::string> children = ChildNames(*node);
    if (children.empty() || word.starts_with("-")) break;
    CLI::App* child = FindChild(*node, word);
    if (child == nullptr) {
      return fmt::format("There is no command {}{}{}{}", WordsOf(*node), node == &root ? "" : " ",
                         word, Hint(word, children));
    }
    node = child;
  }
  if (const auto children = ChildNames(*node); !children.empty()) {
    return fmt::format("{} takes one of the commands {}", WordsOf(*node),
                       fmt::join(children, ", "));
  }
  std::vector<std::string> options;
  for (const CLI::Option* option : node->get_options()) {
    for (const std::string& name : option->get_lnames()) options.push_back("--" + name);
  }
  for (const std::string& word : words) {
    const std::string name = word.substr(0, word.find('='));
    if (name.starts_with("--") && node->get_option_no_throw(name) == nullptr) {
      return fmt::format("{} has no option {}{}", WordsOf(*node), name, Hint(name, options));
    }
  }
  return error.what();
}

}  // namespace

int Main(int argc, char** argv, Commands commands) {
  Console console;
  const std::vector<std::string> words(argv + 1, argv + argc);
  CommandLine line(std::move(commands), words, console);
  try {
    line.app().parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (words.empty()) {
      fmt::print(stderr, "{}", line.app().help());
      return 2;
    }
    if (error.get_exit_code() == 0) return line.app().exit(error);  // help and the version
    fmt::print(stderr, "millwright: {}\nRun with --help for more information.\n",
               Explain(line.app(), words, error));
    return 2;
  } catch (const Error& error) {
    PrintError(console, error.code(), error.message());
    return 2;
  }
  try {
    return line.chosen().Run(console);
  } catch (const Error& error) {
    PrintError(console, error.code(), error.message());
    if (error.code() == Code::kUnavailable && !console.json && console.HasNoServer())
      fmt::print(stderr, "{}", kNoServerHint);
  } catch (const std::exception& error) {
    PrintError(console, Code::kInternal, error.what());
  }
  return 1;
}

Json Call(Console& parent, const std::vector<std::string>& words, const std::string& step) {
  Console console;
  console.uri = parent.ServerUri();
  console.quiet = true;
  console.step = step;
  CommandLine line(AllCommands(), words, console);
  try {
    line.app().parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::ParseError& error) {
    throw Internal("{}: {}", fmt::join(words, " "), error.what());
  }
  const int status = line.chosen().Run(console);
  if (status != 0)
    throw FailedPrecondition("millwright {} ended with status {}", fmt::join(words, " "), status);
  return console.answer();
}

}  // namespace millwright::cli
