#include <fmt/format.h>

#include <charconv>

#include "base/clock.h"
#include "base/error.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/name_option.h"

namespace millwright::cli {
namespace {

struct GcOptions {
  bool dry_run = false;
  std::string older_than = "30d";
};
constexpr Option<GcOptions> kGcOptions[] = {
    {"", "--dry-run", "Say what would be removed and why, remove nothing", &GcOptions::dry_run},
    {"", "--older-than", "The grace period since a file was deleted: 30d, 12h, 1d6h30m, 0s",
     &GcOptions::older_than, "PERIOD"},
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

int CollectGarbage(const GcOptions& options, Console& console) {
  const int64_t grace_ms = ParsePeriod(options.older_than);
  Json all = Json::MakeArray();
  std::string after;
  do {
    const Json page = console.client().Post(
        "/api/v1/gc",
        Json::Of({{"dry_run", options.dry_run}, {"grace_ms", grace_ms}, {"after", after}}));
    for (const Json& row : page.At("rows").AsArray()) all.Append(row);
    after = page.GetString("after");
  } while (!after.empty());
  size_t removed = 0;
  std::vector<std::vector<std::string>> rows;
  for (const Json& row : all.AsArray()) {
    const bool removes = row.GetString("action") == "remove";
    removed += removes ? 1 : 0;
    rows.push_back({row.GetString("id"), row.GetString("path"),
                    FormatTime(row.GetInt("deleted_ms")), row.GetString("action"),
                    row.GetString("why")});
  }
  const size_t kept = rows.size() - removed;
  console.Answer(Json::Of({{"dry_run", options.dry_run}, {"rows", std::move(all)}}));
  if (!rows.empty()) console.PrintTable({"ID", "PATH", "DELETED", "ACTION", "WHY"}, rows);
  console.Line(fmt::format("{} {}, {} kept", removed,
                           options.dry_run ? "would be removed" : "removed", kept));
  return 0;
}

int RestoreArtifact(const NameOptions& options, Console& console) {
  const Json restored = console.client().Post(
      "/api/v1/artifacts/deleted/" + fetch::PercentEncode(options.name) + "/restore", Json::Of({}));
  console.Answer(restored);
  console.Line(restored.GetString("path") + " is back");
  return 0;
}

}  // namespace

void AddCollectingCommands(Commands& commands) {
  commands.push_back(MakeCommand(
      "gc", "Remove for good the artifacts that were deleted and that nothing is made of",
      kGcOptions, CollectGarbage));
  commands.push_back(MakeCommand("artifacts restore", "Bring a deleted artifact back, by its id",
                                 kNameOptions, RestoreArtifact));
}

}  // namespace millwright::cli
