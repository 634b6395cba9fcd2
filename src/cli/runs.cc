#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>

#include "base/clock.h"
#include "base/error.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/metric_history.h"
#include "cli/run_comparison.h"
#include "cli/run_export.h"
#include "cli/run_finder.h"
#include "cli/run_page.h"
#include "cli/run_table.h"
#include "cli/terminal_text.h"

namespace millwright::cli {
namespace {

struct ListOptions {
  std::string filter;
  std::vector<std::string> experiments, order_by, metrics, params;
  std::string page;
  bool deleted = false;
  int limit = 20;
};
constexpr Option<ListOptions> kListOptions[] = {
    {"", "--experiment", "The experiment's name or id; repeatable; Default if not given",
     &ListOptions::experiments, "NAME", 0, 0, Option<ListOptions>::Kind::kPlain, "-e"},
    {"", "--filter", "Such as \"metrics.test_auc > 0.6 AND params.eta = '0.1'\"",
     &ListOptions::filter, "FILTER"},
    {"", "--order-by",
     "Such as \"metrics.test_auc DESC\"; repeatable; the newest first if not given",
     &ListOptions::order_by, "KEY"},
    {"", "--metrics", "The metrics to show, as auc,loss; those that most runs have if not given",
     &ListOptions::metrics, "KEYS"},
    {"", "--params", "The params to show, as lr,depth", &ListOptions::params, "KEYS"},
    {"", "--deleted", "Show deleted runs instead", &ListOptions::deleted},
    {"", "--limit", "How many to show", &ListOptions::limit, "N", 1, 50000},
    {"", "--page", "The page that an answer before has named", &ListOptions::page, "TOKEN"},
};

struct SearchOptions : ListOptions {};
constexpr Option<SearchOptions> kSearchOptions[] = {
    {"", "FILTER", "Such as \"metrics.test_auc > 0.6 AND params.eta = '0.1'\"",
     &SearchOptions::filter, "", 0, 0, Option<SearchOptions>::Kind::kRequired},
    {"", "--experiment", "The experiment's name or id; repeatable; all if not given",
     &SearchOptions::experiments, "NAME", 0, 0, Option<SearchOptions>::Kind::kPlain, "-e"},
    {"", "--order-by",
     "Such as \"metrics.test_auc DESC\"; repeatable; the newest first if not given",
     &SearchOptions::order_by, "KEY"},
    {"", "--metrics", "The metrics to show, as auc,loss; those that most runs have if not given",
     &SearchOptions::metrics, "KEYS"},
    {"", "--params", "The params to show, as lr,depth", &SearchOptions::params, "KEYS"},
    {"", "--deleted", "Search deleted runs instead", &SearchOptions::deleted},
    {"", "--limit", "How many to show", &SearchOptions::limit, "N", 1, 50000},
    {"", "--page", "The page that an answer before has named", &SearchOptions::page, "TOKEN"},
};

Json ExperimentIds(const std::vector<std::string>& names, Client& client) {
  Json ids = Json::MakeArray();
  for (const auto& name : names) ids.Append(FindExperiment(client, name).At("experiment_id"));
  return ids;
}

int ShowRuns(const ListOptions& options, const Json& experiment_ids, Console& console) {
  Json body = Json::Of({{"experiment_ids", experiment_ids},
                        {"max_results", options.limit},
                        {"run_view_type", ViewTypeName(options.deleted ? Lifecycle::kDeleted
                                                                       : Lifecycle::kActive)}});
  if (!options.filter.empty()) body.Set("filter", options.filter);
  if (!options.page.empty()) body.Set("page_token", options.page);
  Json order = Json::MakeArray();
  for (const auto& key : options.order_by) order.Append(key);
  body.Set("order_by", order);
  const Json result = console.client().MlflowPost("runs/search", body);
  console.Answer(result);
  const Json none = Json::MakeArray();
  const auto& runs = (result.Has("runs") ? result.At("runs") : none).AsArray();
  const auto metrics = SplitKeys(options.metrics);
  PrintRuns(runs, metrics.empty() ? UsualMetrics(runs) : metrics, SplitKeys(options.params),
            console);
  if (const auto token = result.GetString("next_page_token"); !token.empty())
    console.Hint(fmt::format("There are more: --page {}", token));
  return 0;
}

int List(const ListOptions& options, Console& console) {
  const std::vector<std::string> standard = {"Default"};
  const auto& names = options.experiments.empty() ? standard : options.experiments;
  return ShowRuns(options, ExperimentIds(names, console.client()), console);
}

int Search(const SearchOptions& options, Console& console) {
  return ShowRuns(options,
                  options.experiments.empty()
                      ? AllExperimentIds(console.client(), Lifecycle::kAll)
                      : ExperimentIds(options.experiments, console.client()),
                  console);
}

struct RunOptions {
  std::string run;
};
constexpr Option<RunOptions> kRunOptions[] = {
    {"", "RUN", "The run's id, the beginning of it, or its name", &RunOptions::run, "", 0, 0,
     Option<RunOptions>::Kind::kRequired},
};

int Show(const RunOptions& options, Console& console) {
  PrintRunPage(FindRun(console.client(), options.run, Lifecycle::kAll), console);
  return 0;
}

struct CompareOptions {
  std::vector<std::string> runs;
  bool all = false;
};
constexpr Option<CompareOptions> kCompareOptions[] = {
    {"", "RUN", "Two or more runs; deltas are against the first", &CompareOptions::runs, "", 0, 0,
     Option<CompareOptions>::Kind::kRequired},
    {"", "--all", "Show what is the same as well", &CompareOptions::all},
};

// Each run once, in the order given.
Json::Array FindRuns(const std::vector<std::string>& words, Lifecycle lifecycle, Client& client) {
  Json::Array runs;
  for (const auto& one : words) {
    Json run = FindRun(client, one, lifecycle);
    const auto is_same = [&](const Json& other) {
      return other.At("info").At("run_id") == run.At("info").At("run_id");
    };
    if (std::none_of(runs.begin(), runs.end(), is_same)) runs.push_back(std::move(run));
  }
  return runs;
}

Json RowsJson(const std::vector<RunComparison::Row>& rows) {
  Json list = Json::MakeArray();
  for (const auto& row : rows) {
    Json one = Json::Of({{"key", row.key}, {"same", row.is_same}, {"values", row.values}});
    if (!row.deltas.empty()) one.Set("deltas", row.deltas);
    list.Append(one);
  }
  return list;
}

std::string ComparedCell(const RunComparison::Row& row, size_t i) {
  const Json& value = row.values[i];
  if (value.is_null()) return "-";
  if (row.deltas.empty()) return value.AsString();
  std::string cell = FormatMetricValue(ReadMetricValue(value));
  if (i > 0 && !row.deltas[i].is_null()) {
    const double delta = row.deltas[i].AsDouble();
    cell += fmt::format(" ({}{})", delta >= 0 ? "+" : "", FormatMetricValue(delta));
  }
  return cell;
}

void PrintComparedRows(const char* title, const std::vector<RunComparison::Row>& rows,
                       const Json::Array& runs, Console& console) {
  if (rows.empty()) return;
  const auto align = rows.front().deltas.empty() ? Column::Align::kLeft : Column::Align::kRight;
  std::vector<Column> columns = {title};
  for (const Json& run : runs)
    columns.emplace_back(ShortId(run.At("info").GetString("run_id")), align);
  Rows cells;
  for (const auto& row : rows) {
    auto& line = cells.emplace_back();
    line.push_back("  " + row.key);
    for (size_t i = 0; i < runs.size(); ++i) line.push_back(ComparedCell(row, i));
  }
  console.PrintTable(columns, cells);
}

int Compare(const CompareOptions& options, Console& console) {
  const Json::Array runs = FindRuns(options.runs, Lifecycle::kAll, console.client());
  if (runs.size() < 2) throw InvalidArgument("Name two different runs to compare").WithField("RUN");
  auto comparison = CompareRuns(runs);
  const size_t same = options.all ? 0 : KeepDifferences(&comparison);
  Json infos = Json::MakeArray();
  for (const Json& run : runs) infos.Append(run.At("info"));
  console.Answer(Json::Of({{"runs", infos},
                           {"params", RowsJson(comparison.params)},
                           {"metrics", RowsJson(comparison.metrics)},
                           {"tags", RowsJson(comparison.tags)},
                           {"same_left_out", same}}));
  PrintRuns(runs, {}, {}, console);
  PrintComparedRows("params", comparison.params, runs, console);
  PrintComparedRows("metrics", comparison.metrics, runs, console);
  PrintComparedRows("tags", comparison.tags, runs, console);
  if (same > 0) console.Hint(fmt::format("{} rows are the same in all runs (--all)", same));
  return 0;
}

struct RunsOptions {
  std::vector<std::string> runs;
};
constexpr Option<RunsOptions> kRunsOptions[] = {
    {"", "RUN", "Ids, beginnings of ids or names of runs", &RunsOptions::runs, "", 0, 0,
     Option<RunsOptions>::Kind::kRequired},
};

// Moves runs between the lifecycle stages; none is moved when one of them is not found.
int SetStage(const std::vector<std::string>& words, std::string_view stage, Console& console) {
  const bool deletes = stage == "deleted";
  Json done = Json::MakeArray();
  Json unchanged = Json::MakeArray();
  for (const Json& run : FindRuns(words, Lifecycle::kAll, console.client())) {
    const Json& id = run.At("info").At("run_id");
    const bool is_there = run.At("info").GetString("lifecycle_stage") == stage;
    (is_there ? unchanged : done).Append(id);
    if (is_there) {
      console.Line(fmt::format("Run {} is {} already", RunTitle(run), stage));
      continue;
    }
    console.client().MlflowPost(deletes ? "runs/delete" : "runs/restore",
                                Json::Of({{"run_id", id}}));
    console.Line(fmt::format("{} run {}", deletes ? "Deleted" : "Restored", RunTitle(run)));
  }
  console.Answer(Json::Of({{deletes ? "deleted" : "restored", done}, {"unchanged", unchanged}}));
  console.Line(fmt::format("{} {}, {} unchanged", done.AsArray().size(),
                           deletes ? "deleted" : "restored", unchanged.AsArray().size()));
  return 0;
}

int Delete(const RunsOptions& options, Console& console) {
  SetStage(options.runs, "deleted", console);
  console.Hint("Back again: millwright runs restore RUN");
  return 0;
}

int Restore(const RunsOptions& options, Console& console) {
  return SetStage(options.runs, "active", console);
}

struct ExportOptions {
  std::string run, format = "json", output;
};
constexpr Option<ExportOptions> kExportOptions[] = {
    {"", "RUN", "The run's id, the beginning of it, or its name", &ExportOptions::run, "", 0, 0,
     Option<ExportOptions>::Kind::kRequired},
    {"", "--format", "json or csv", &ExportOptions::format, "FORMAT"},
    {"", "--output", "A file to write; standard output if not given", &ExportOptions::output,
     "FILE", 0, 0, Option<ExportOptions>::Kind::kPlain, "-o"},
};

int Export(const ExportOptions& options, Console& console) {
  const RunExporter exporter = FindRunExporter(options.format);
  Client& client = console.client();
  const Json run = FindRun(client, options.run, Lifecycle::kAll);
  const auto write = [&](std::ostream& out) { return exporter(client, run, out); };
  if (options.output.empty()) {
    write(std::cout);
    std::cout.flush();
    if (!std::cout) throw ResourceExhausted("Cannot write to standard output");
    return 0;
  }
  const int64_t points = WriteWhole(options.output, write);
  console.Answer(Json::Of(
      {{"run_id", run.At("info").At("run_id")}, {"file", options.output}, {"points", points}}));
  console.Line(fmt::format("Wrote run {} with {} points to {}", RunTitle(run), FormatCount(points),
                           options.output));
  return 0;
}

}  // namespace

void AddRunCommands(Commands& commands) {
  commands.push_back(
      MakeCommand("runs list", "List the runs of an experiment", kListOptions, List));
  commands.push_back(MakeCommand("runs search", "Search runs of all experiments by a filter",
                                 kSearchOptions, Search));
  commands.push_back(MakeCommand("runs show", "Show a run", kRunOptions, Show));
  commands.push_back(MakeCommand("runs compare", "Show how runs differ", kCompareOptions, Compare));
  commands.push_back(MakeCommand("runs delete", "Mark runs as deleted", kRunsOptions, Delete));
  commands.push_back(MakeCommand("runs restore", "Restore deleted runs", kRunsOptions, Restore));
  commands.push_back(MakeCommand("runs export", "Write a run with its metrics' whole histories",
                                 kExportOptions, Export));
  AddRunTailCommand(commands);
}

}  // namespace millwright::cli
