#include <fmt/format.h>

#include <charconv>

#include "base/clock.h"
#include "base/error.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/progress.h"

namespace millwright::cli {
namespace {

struct GcOptions {
  bool dry_run = false;
  bool unknown = false;
  bool remove_unknown = false;
  std::string older_than;
  std::vector<std::string> run_ids, experiment_ids, logged_model_ids;
};
constexpr Option<GcOptions> kGcOptions[] = {
    {"", "--dry-run", "Say what would be removed and why, remove nothing", &GcOptions::dry_run},
    {"", "--older-than",
     "The grace period since something was deleted: 30d, 12h, 1d6h30m, 0s; 30d where none is named "
     "and no ids are",
     &GcOptions::older_than, "PERIOD"},
    {"", "--run-ids", "Only these runs, which must be deleted: IDs with commas, repeatable",
     &GcOptions::run_ids, "IDS"},
    {"", "--experiment-ids", "Only these experiments, with their runs: IDs with commas, repeatable",
     &GcOptions::experiment_ids, "IDS"},
    {"", "--logged-model-ids", "Only these logged models: IDs with commas, repeatable",
     &GcOptions::logged_model_ids, "IDS"},
    {"", "--unknown", "List what is in the artifact store and nothing here knows",
     &GcOptions::unknown},
    {"", "--remove-unknown",
     "Delete what nothing here knows and was written before the grace period; `artifacts restore` "
     "brings it back until the next gc",
     &GcOptions::remove_unknown},
};

int64_t UnitMs(char unit) {
  switch (unit) {
    case 'd':
      return 86'400'000;
    case 'h':
      return 3'600'000;
    case 'm':
      return 60'000;
    case 's':
      return 1000;
    default:
      return 0;
  }
}

// "1d2h3m4s", as MLflow's own command writes it.
int64_t ParsePeriod(const std::string& text) {
  int64_t total_ms = 0;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    int64_t number = 0;
    const auto [behind, error] = std::from_chars(at, end, number);
    const int64_t unit_ms = behind == end ? 0 : UnitMs(*behind);
    constexpr int64_t kNumberMax = 1'000'000;
    if (error != std::errc() || unit_ms == 0 || number < 0 || number > kNumberMax) break;
    total_ms += number * unit_ms;
    at = behind + 1;
  }
  if (text.empty() || at != end)
    throw InvalidArgument("Not a period such as 30d or 1d6h: {}", text).WithField("--older-than");
  return total_ms;
}

// "a,b" and "c" as [a, b, c].
Json SplitIds(const std::vector<std::string>& given) {
  Json ids = Json::MakeArray();
  for (std::string_view text : given) {
    while (!text.empty()) {
      const size_t end = std::min(text.find(','), text.size());
      if (end > 0) ids.Append(std::string(text.substr(0, end)));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }
  return ids;
}

Json RequestOf(const GcOptions& options) {
  Json request = Json::Of({{"dry_run", options.dry_run},
                           {"run_ids", SplitIds(options.run_ids)},
                           {"experiment_ids", SplitIds(options.experiment_ids)},
                           {"logged_model_ids", SplitIds(options.logged_model_ids)}});
  if (!options.older_than.empty()) request.Set("grace_ms", ParsePeriod(options.older_than));
  if (options.unknown) request.Set("unknown", "list");
  if (options.remove_unknown) request.Set("unknown", "delete");
  return request;
}

// What a collection found, page by page.
struct Collected {
  Json rows = Json::MakeArray();
  size_t removed = 0;
  int64_t bytes = 0;  // of what was removed, where they were counted
};

Collected CollectAll(const Json& request, Console& console) {
  const auto bar = console.StartProgress("collect garbage");
  Collected all;
  Json next = request;
  std::string after;
  do {
    const Json page = console.client().Post("/api/v1/gc", next);
    for (const Json& row : page.At("rows").AsArray()) {
      const bool removes = row.GetString("action") == "remove";
      all.removed += removes ? 1 : 0;
      if (removes) all.bytes += row.GetInt("bytes");
      all.rows.Append(row);
    }
    after = page.GetString("after");
    next.Set("after", after);
    // How much is still to come is not known before it was looked at.
    bar->Update(0, fmt::format("{} looked at",
                               FormatCount(static_cast<int64_t>(all.rows.AsArray().size()))));
  } while (!after.empty());
  bar->Finish(
      fmt::format("{} looked at", FormatCount(static_cast<int64_t>(all.rows.AsArray().size()))));
  return all;
}

// What a person knows a thing by: a run has a name and an id, a file its path.
std::string WhatOf(const Json& row) {
  const std::string name = row.GetString("name");
  if (name.empty()) return row.GetString("path");
  const std::string id = row.GetString("id");
  return name == id ? id : name + " (" + id + ")";
}

std::vector<std::string> TableRow(const Json& row) {
  const int64_t since_ms = row.GetInt("deleted_ms", row.GetInt("written_ms"));
  const bool is_file = row.GetString("kind") == "artifact";
  return {row.GetString("kind"),
          WhatOf(row),
          is_file ? row.GetString("id") : "",
          since_ms == 0 ? "" : FormatTime(since_ms),
          row.Has("bytes") ? FormatBytes(static_cast<uint64_t>(row.GetInt("bytes"))) : "",
          row.GetString("action"),
          row.GetString("why")};
}

int CollectGarbage(const GcOptions& options, Console& console) {
  const Collected all = CollectAll(RequestOf(options), console);
  std::vector<std::vector<std::string>> rows;
  for (const Json& row : all.rows.AsArray()) rows.push_back(TableRow(row));
  const size_t kept = rows.size() - all.removed;
  console.Answer(Json::Of({{"dry_run", options.dry_run}, {"rows", all.rows}}));
  if (!rows.empty())
    console.PrintTable({"KIND", "WHAT", "RESTORE ID", "SINCE", "SIZE", "ACTION", "WHY"}, rows);
  console.Line(fmt::format("{} {}, {} kept", all.removed,
                           options.dry_run ? "would be removed" : "removed", kept));
  return 0;
}

struct RestoreOptions {
  std::string id;
};
constexpr Option<RestoreOptions> kRestoreOptions[] = {
    {"", "ID", "The id that gc showed it by", &RestoreOptions::id, "", 0, 0,
     Option<RestoreOptions>::Kind::kRequired},
};

int RestoreArtifact(const RestoreOptions& options, Console& console) {
  const Json restored = console.client().Post(
      "/api/v1/artifacts/deleted/" + fetch::PercentEncode(options.id) + "/restore", Json::Of({}));
  console.Answer(restored);
  console.Line(restored.GetString("path") + " is back");
  return 0;
}

}  // namespace

void AddCollectingCommands(Commands& commands) {
  commands.push_back(MakeCommand(
      "gc",
      "Remove for good the runs, experiments, models and files that were deleted and that nothing "
      "refers to",
      kGcOptions, CollectGarbage));
  commands.push_back(MakeCommand("artifacts restore", "Bring a deleted artifact back, by its id",
                                 kRestoreOptions, RestoreArtifact));
}

}  // namespace millwright::cli
