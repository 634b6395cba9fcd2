#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/run_finder.h"
#include "cli/terminal_text.h"

namespace millwright::cli {
namespace {

struct ListOptions {
  std::string filter;
  std::vector<std::string> order_by;
  std::string page;
  bool deleted = false;
  int limit = 100;
};
constexpr Option<ListOptions> kListOptions[] = {
    {"", "--filter", "Such as \"name LIKE 'flights%' AND tags.team = 'ml'\"", &ListOptions::filter,
     "FILTER"},
    {"", "--order-by", "Such as \"name ASC\"; repeatable; the newest first if not given",
     &ListOptions::order_by, "KEY"},
    {"", "--deleted", "Show deleted experiments instead", &ListOptions::deleted},
    {"", "--limit", "How many to show", &ListOptions::limit, "N", 1, 50000},
    {"", "--page", "The page that an answer before has named", &ListOptions::page, "TOKEN"},
};

struct SearchOptions : ListOptions {};
constexpr Option<SearchOptions> kSearchOptions[] = {
    {"", "FILTER", "Such as \"name LIKE 'flights%' AND tags.team = 'ml'\"", &SearchOptions::filter,
     "", 0, 0, Option<SearchOptions>::Kind::kRequired},
    {"", "--order-by", "Such as \"name ASC\"; repeatable; the newest first if not given",
     &SearchOptions::order_by, "KEY"},
    {"", "--deleted", "Search deleted experiments instead", &SearchOptions::deleted},
    {"", "--limit", "How many to show", &SearchOptions::limit, "N", 1, 50000},
    {"", "--page", "The page that an answer before has named", &SearchOptions::page, "TOKEN"},
};

int List(const ListOptions& options, Console& console) {
  Json body = Json::Of(
      {{"max_results", options.limit},
       {"view_type", ViewTypeName(options.deleted ? Lifecycle::kDeleted : Lifecycle::kActive)}});
  if (!options.filter.empty()) body.Set("filter", options.filter);
  if (!options.page.empty()) body.Set("page_token", options.page);
  for (const auto& key : options.order_by) {
    Json keys = body.Has("order_by") ? body.At("order_by") : Json::MakeArray();
    body.Set("order_by", keys.Append(key));
  }
  const Json result = console.client().MlflowPost("experiments/search", body);
  console.Answer(result);
  const int64_t now_ms = SystemClock().NowMs();
  Rows rows;
  if (const Json* experiments = result.Find("experiments"))
    for (const Json& one : experiments->AsArray())
      rows.push_back({one.GetString("experiment_id"), one.GetString("name"),
                      one.GetString("lifecycle_stage"),
                      FormatAge(one.GetInt("creation_time"), now_ms),
                      FormatAge(one.GetInt("last_update_time"), now_ms)});
  console.PrintTable({{"ID", Column::Align::kRight}, "NAME", "STAGE", "CREATED", "CHANGED"}, rows);
  if (const auto token = result.GetString("next_page_token"); !token.empty())
    console.Hint(fmt::format("There are more: --page {}", token));
  return 0;
}

int Search(const SearchOptions& options, Console& console) {
  return List(options, console);
}

struct ShowOptions {
  std::string name;
};
constexpr Option<ShowOptions> kShowOptions[] = {
    {"", "NAME", "The experiment's name or id", &ShowOptions::name, "", 0, 0,
     Option<ShowOptions>::Kind::kRequired},
};

constexpr int kRunsShown = 5;

int Show(const ShowOptions& options, Console& console) {
  const Json experiment = FindExperiment(console.client(), options.name);
  const std::string& id = experiment.At("experiment_id").AsString();
  const Json runs = console.client().MlflowPost(
      "runs/search",
      Json::Of({{"experiment_ids", Json(Json::Array{id})}, {"max_results", kRunsShown}}));
  const Json none = Json::MakeArray();
  const Json& newest = runs.Has("runs") ? runs.At("runs") : none;
  console.Answer(Json::Of({{"experiment", experiment}, {"newest_runs", newest}}));
  console.Line(fmt::format("{}  experiment {}  {}", Printable(experiment.GetString("name")), id,
                           experiment.GetString("lifecycle_stage")));
  console.Line(fmt::format("created    {}", FormatTime(experiment.GetInt("creation_time"))));
  console.Line(fmt::format("changed    {}", FormatTime(experiment.GetInt("last_update_time"))));
  console.Line(fmt::format("artifacts  {}", Printable(experiment.GetString("artifact_location"))));
  if (const Json* tags = experiment.Find("tags"); tags != nullptr && !tags->AsArray().empty()) {
    Rows rows;
    for (const Json& tag : tags->AsArray())
      rows.push_back({"  " + tag.GetString("key"), tag.GetString("value")});
    console.PrintTable({"tags", ""}, rows);
  }
  if (newest.AsArray().empty()) return 0;
  Rows rows;
  for (const Json& run : newest.AsArray()) {
    const Json& info = run.At("info");
    rows.push_back({"  " + ShortId(info.GetString("run_id")), info.GetString("run_name"),
                    info.GetString("status"),
                    FormatAge(info.GetInt("start_time"), SystemClock().NowMs())});
  }
  console.PrintTable({"newest runs", "", "", ""}, rows);
  console.Hint(fmt::format("All of them: millwright runs list --experiment {}", id));
  return 0;
}

struct CreateOptions {
  std::string name, artifact_location;
  std::vector<std::string> tags;
};
constexpr Option<CreateOptions> kCreateOptions[] = {
    {"", "NAME", "The experiment's name", &CreateOptions::name, "", 0, 0,
     Option<CreateOptions>::Kind::kRequired},
    {"", "--artifact-location", "Where artifacts go; the server's default if not given",
     &CreateOptions::artifact_location, "URI"},
    {"", "--tag", "KEY=VALUE; repeatable", &CreateOptions::tags, "TAG"},
};

int Create(const CreateOptions& options, Console& console) {
  Json tags = Json::MakeArray();
  for (const auto& tag : options.tags) {
    const size_t at = tag.find('=');
    if (at == 0 || at == std::string::npos)
      throw InvalidArgument("--tag takes KEY=VALUE, not {}", tag).WithField("--tag");
    tags.Append(Json::Of({{"key", tag.substr(0, at)}, {"value", tag.substr(at + 1)}}));
  }
  Json body = Json::Of({{"name", options.name}, {"tags", tags}});
  if (!options.artifact_location.empty()) body.Set("artifact_location", options.artifact_location);
  const Json result = console.client().MlflowPost("experiments/create", body);
  console.Answer(result);
  console.Line(fmt::format("Created experiment {} with id {}", options.name,
                           result.GetString("experiment_id")));
  return 0;
}

struct RenameOptions {
  std::string name, new_name;
};
constexpr Option<RenameOptions> kRenameOptions[] = {
    {"", "NAME", "The experiment's name or id", &RenameOptions::name, "", 0, 0,
     Option<RenameOptions>::Kind::kRequired},
    {"", "NEW-NAME", "The name to have from now on", &RenameOptions::new_name, "", 0, 0,
     Option<RenameOptions>::Kind::kRequired},
};

int Rename(const RenameOptions& options, Console& console) {
  const Json experiment = FindExperiment(console.client(), options.name);
  const std::string& id = experiment.At("experiment_id").AsString();
  console.client().MlflowPost("experiments/update",
                              Json::Of({{"experiment_id", id}, {"new_name", options.new_name}}));
  console.Answer(Json::Of({{"experiment_id", id},
                           {"old_name", experiment.At("name")},
                           {"new_name", options.new_name}}));
  console.Line(fmt::format("Renamed experiment {} from {} to {}", id,
                           Printable(experiment.GetString("name")), options.new_name));
  return 0;
}

struct NamesOptions {
  std::vector<std::string> names;
};
constexpr Option<NamesOptions> kNamesOptions[] = {
    {"", "NAME", "Names or ids of experiments", &NamesOptions::names, "", 0, 0,
     Option<NamesOptions>::Kind::kRequired},
};

// Moves experiments between the lifecycle stages; none is moved when one of them is not found.
int SetStage(const std::vector<std::string>& names, std::string_view stage, Console& console) {
  const bool deletes = stage == "deleted";
  std::vector<Json> experiments;
  for (const auto& name : names) {
    Json found = FindExperiment(console.client(), name);
    if (std::find(experiments.begin(), experiments.end(), found) == experiments.end())
      experiments.push_back(std::move(found));
  }
  Json done = Json::MakeArray();
  Json unchanged = Json::MakeArray();
  for (const Json& experiment : experiments) {
    const std::string& id = experiment.At("experiment_id").AsString();
    const std::string name = Printable(experiment.GetString("name"));
    const bool is_there = experiment.GetString("lifecycle_stage") == stage;
    (is_there ? unchanged : done).Append(id);
    if (is_there) {
      console.Line(fmt::format("Experiment {} (id {}) is {} already", name, id, stage));
      continue;
    }
    console.client().MlflowPost(deletes ? "experiments/delete" : "experiments/restore",
                                Json::Of({{"experiment_id", id}}));
    console.Line(
        fmt::format("{} experiment {} (id {})", deletes ? "Deleted" : "Restored", name, id));
  }
  console.Answer(Json::Of({{deletes ? "deleted" : "restored", done}, {"unchanged", unchanged}}));
  return 0;
}

int Delete(const NamesOptions& options, Console& console) {
  SetStage(options.names, "deleted", console);
  console.Hint("Their runs went with them; back: millwright experiments restore NAME");
  return 0;
}

int Restore(const NamesOptions& options, Console& console) {
  return SetStage(options.names, "active", console);
}

}  // namespace

void AddExperimentCommands(Commands& commands) {
  commands.push_back(MakeCommand("experiments list", "List experiments", kListOptions, List));
  commands.push_back(
      MakeCommand("experiments search", "Search experiments by a filter", kSearchOptions, Search));
  commands.push_back(MakeCommand("experiments show", "Show an experiment and its newest runs",
                                 kShowOptions, Show));
  commands.push_back(
      MakeCommand("experiments create", "Create an experiment", kCreateOptions, Create));
  commands.push_back(
      MakeCommand("experiments rename", "Rename an experiment", kRenameOptions, Rename));
  commands.push_back(MakeCommand("experiments delete", "Mark experiments and their runs as deleted",
                                 kNamesOptions, Delete));
  commands.push_back(MakeCommand(
      "experiments restore", "Restore deleted experiments and their runs", kNamesOptions, Restore));
}

}  // namespace millwright::cli
