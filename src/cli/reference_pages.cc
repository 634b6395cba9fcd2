#include "cli/reference_pages.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <vector>

#include "alerts/series.h"
#include "events/kinds.h"
#include "quality/expectation_type.h"
#include "server/config.h"

namespace millwright::cli {
namespace {

constexpr char kOrigin[] =
    "<!-- Written by `make docs` from the program's own tables; change those instead. -->\n\n";

// A cell of a table: a bar would end it.
std::string Cell(std::string_view text) {
  std::string cell;
  for (const char c : text) {
    if (c == '|') cell += '\\';
    cell += c == '\n' ? ' ' : c;
  }
  return cell;
}

std::string Code(std::string_view text) {
  return text.empty() ? "" : fmt::format("`{}`", Cell(text));
}

std::string Flag(const BoundOption& option) {
  std::string flag(option.flag);
  if (option.is_switch && option.initial == "true") flag = "--no-" + flag.substr(2);
  if (!option.metavar.empty()) flag += fmt::format(" {}", option.metavar);
  return flag;
}

// Defaults that do not say anything are left out.
std::string Default(const BoundOption& option) {
  const bool silent =
      option.is_required || option.is_secret || (option.is_switch && option.initial == "false");
  return silent ? "" : Code(option.initial);
}

void AppendConfigured(const std::vector<BoundOption>& options, std::string* page) {
  *page += "| key | flag | environment variable | default | what it says |\n";
  *page += "| --- | --- | --- | --- | --- |\n";
  for (const auto& option : options) {
    if (option.key.empty()) continue;
    *page += fmt::format("| {} | {} | {} | {} | {} |\n", Code(option.key), Code(Flag(option)),
                         Code(EnvironmentName(option.key)), Default(option), Cell(option.help));
  }
}

std::string Usage(const Command& command, const std::vector<BoundOption>& options) {
  std::string usage = fmt::format("millwright {}", command.name());
  bool has_flags = false;
  for (const auto& option : options) {
    if (option.flag.starts_with("-")) {
      if (option.is_required) usage += " " + Flag(option);
      has_flags = has_flags || !option.is_required;
    }
  }
  for (const auto& option : options) {
    if (option.flag.empty() || option.flag.starts_with("-")) continue;
    const std::string words = fmt::format("{}{}", option.flag, option.is_list ? "..." : "");
    usage += option.is_required ? " " + words : fmt::format(" [{}]", words);
  }
  return usage + (has_flags ? " [options]" : "");
}

void AppendCommand(Command& command, std::string* page) {
  const auto options = command.BoundOptions();
  *page += fmt::format("## {}\n\n{}.\n\n```\n{}\n```\n\n", command.name(), command.summary(),
                       Usage(command, options));
  std::string rows;
  for (const auto& option : options) {
    if (option.flag.empty()) continue;
    const std::string alias = option.alias.empty() ? "" : fmt::format(", {}", Code(option.alias));
    rows += fmt::format("| {}{} | {} | {} |\n", Code(Flag(option)), alias, Default(option),
                        Cell(option.help));
  }
  if (!rows.empty()) *page += "| argument | default | what it says |\n| --- | --- | --- |\n" + rows;
  *page += "\n";
}

}  // namespace

std::string ConfigurationPage(Commands& commands) {
  std::string page = "# Configuration\n\n";
  page += kOrigin;
  page +=
      "A flag wins over an environment variable, that over the YAML file of `--config` (or of\n"
      "`MILLWRIGHT_CONFIG`), and that over the default. In the file, dots are levels:\n"
      "`server.port` is `port` below `server`. `millwright config show` prints what is in force\n"
      "and where each value came from.\n\n## millwright server\n\n";
  server::Config config;
  AppendConfigured(BindOptions(server::kServerOptions, config), &page);
  page += "\n## millwright serve\n\nA model server reads no file.\n\n";
  for (const auto& command : commands)
    if (command->name() == "serve") AppendConfigured(command->BoundOptions(), &page);
  page +=
      "\n## What commands read from the environment\n\n"
      "| variable | what it says |\n| --- | --- |\n"
      "| `MILLWRIGHT_URI`, else `MLFLOW_TRACKING_URI` | the server to talk to |\n"
      "| `MILLWRIGHT_TOKEN`, else `MLFLOW_TRACKING_TOKEN` | the token to show it |\n"
      "| `MLFLOW_TRACKING_USERNAME`, `MLFLOW_TRACKING_PASSWORD` | a user, when there is no token "
      "|\n"
      "| `MILLWRIGHT_OUTPUT` | a file to which answers are appended as `key=value`, for tasks of "
      "pipelines |\n"
      "| `MILLWRIGHT_ORT_LIBRARY` | where libonnxruntime.so.1 is, if not beside the program |\n"
      "| `MILLWRIGHT_ADMIN_PASSWORD` | the first password of the user admin |\n";
  return page;
}

std::string CommandsPage(Commands& commands) {
  std::string page = "# Commands\n\n";
  page += kOrigin;
  page +=
      "Every command takes `--json` (the answer as one JSON document; of `runs tail --follow` a\n"
      "document a line), `--uri URI` (the server to talk to) and `--help`. It ends with 0 when it\n"
      "is done, 1 when it cannot be done (the message is on standard error) and 2 for wrong "
      "usage;\n"
      "`quality validate` ends with 3 when an expectation is not met, `models compare`,\n"
      "`models parity` and `models register` with 99 when the answer is to hold.\n\n";
  for (const auto& command : commands) {
    if (!command->hidden()) AppendCommand(*command, &page);
  }
  page.pop_back();
  return page;
}

std::string EventsPage() {
  std::string page = "# Events\n\n";
  page += kOrigin;
  page +=
      "Every change of state is one row of the event log, written in the transaction of the "
      "change\n"
      "itself. `/api/v1/events` lists and `/api/v1/events/stream` streams them, and a pipeline's "
      "trigger names one of these "
      "kinds.\n\n"
      "| kind | what happened |\n| --- | --- |\n";
  for (const auto& row : events::kEventKinds)
    page += fmt::format("| {} | {} |\n", Code(row.kind), Cell(row.help));
  return page;
}

std::string ExpectationsPage() {
  std::string page = "# Expectations\n\n";
  page += kOrigin;
  page +=
      "What a suite can say, as `millwright quality expectations` prints it. Each type is named as "
      "in Great\nExpectations' JSON and, in brackets, as in the YAML form; so are its kwargs, of "
      "which those with a star are\nneeded.\n\n"
      "| type | kwargs | what it says |\n| --- | --- | --- |\n";
  for (const auto& type : quality::ExpectationTypes()) {
    std::string kwargs;
    for (const auto& use : quality::KwargsOf(type)) {
      if (!kwargs.empty()) kwargs += ", ";
      kwargs += Code(use.kwarg->brief) + (use.is_required ? "\\*" : "");
    }
    page += fmt::format("| {} ({}) | {} | {} |\n", Code(type.type), Code(type.brief), kwargs,
                        Cell(type.summary));
  }
  page += "\n## Kwargs\n\n| in JSON | in YAML | form | what it says |\n| --- | --- | --- | --- |\n";
  const auto append = [&](const quality::Kwarg& kwarg) {
    page += fmt::format("| {} | {} | {} | {} |\n", Code(kwarg.name), Code(kwarg.brief),
                        Cell(kwarg.form), Cell(kwarg.summary));
  };
  std::set<std::string_view> seen;
  for (const auto& type : quality::ExpectationTypes()) {
    for (const auto& use : quality::KwargsOf(type)) {
      if (seen.insert(use.kwarg->name).second) append(*use.kwarg);
    }
  }
  page +=
      "\nAll types take these, too:\n\n| in JSON | in YAML | form | what it says |\n"
      "| --- | --- | --- | --- |\n";
  for (const auto& kwarg : quality::CommonKwargs()) append(kwarg);
  return page;
}

std::string RoutesPage(const Json& routes) {
  std::string page = "# Routes\n\n";
  page += kOrigin;
  page +=
      "What a running server answers at `/api/routes`. `{name}` is one segment of a path,\n"
      "`{name...}` the rest of it. With `--auth basic` the caller needs the permission; `public`\n"
      "needs no principal. Routes of MLflow below `/api/` are also there below `/ajax-api/`, as\n"
      "browsers call them.\n";
  std::vector<std::string> order;
  std::map<std::string, std::string> tables;
  std::set<std::string> seen;
  for (const Json& route : routes.AsArray())
    seen.insert(route.GetString("method") + route.GetString("pattern"));
  for (const Json& route : routes.AsArray()) {
    const std::string method = route.GetString("method"), pattern = route.GetString("pattern");
    constexpr std::string_view kMirror = "/ajax-api/";
    if (pattern.starts_with(kMirror) &&
        seen.count(method + "/api/" + pattern.substr(kMirror.size())) > 0)
      continue;
    const std::string protocol = route.GetString("protocol");
    if (tables.count(protocol) == 0) order.push_back(protocol);
    tables[protocol] +=
        fmt::format("| {} | {} | {} | {} |\n", method, Code(pattern), route.GetString("permission"),
                    Cell(route.GetString("summary")));
  }
  for (const auto& protocol : order)
    page += fmt::format(
        "\n## {}\n\n| method | path | permission | what it does |\n| --- | --- | --- | --- |\n{}",
        protocol, tables[protocol]);
  return page;
}

std::string SeriesPage() {
  return kOrigin + alerts::SeriesPage();
}

}  // namespace millwright::cli
