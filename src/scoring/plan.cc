#include "scoring/plan.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/error.h"

namespace millwright::scoring {

Json PlanToJson(const Plan& plan) {
  const auto list = [](const std::vector<std::string>& names) {
    Json array = Json::MakeArray();
    for (const auto& name : names) array.Append(name);
    return array;
  };
  return Json::Of({{"model", plan.model},
                   {"version", plan.version},
                   {"model_file", plan.model_file},
                   {"input", plan.input},
                   {"input_bytes", plan.input_bytes},
                   {"input_changed_ns", plan.input_changed_ns},
                   {"rows", plan.rows},
                   {"shards", plan.shards},
                   {"features", list(plan.features)},
                   {"columns", list(plan.columns)},
                   {"columns_as_text", plan.columns_as_text},
                   {"prefix", plan.prefix}});
}

Plan PlanFromJson(const Json& json) {
  return {.model = json.GetString("model"),
          .version = json.GetString("version"),
          .model_file = json.GetString("model_file"),
          .input = json.GetString("input"),
          .input_bytes = json.GetInt("input_bytes"),
          .input_changed_ns = json.GetInt("input_changed_ns"),
          .rows = json.GetInt("rows"),
          .shards = static_cast<int>(json.GetInt("shards")),
          .features = json.GetStrings("features"),
          .columns = json.GetStrings("columns"),
          .columns_as_text = json.GetBool("columns_as_text"),
          .prefix = json.GetString("prefix")};
}

RowRange RowsOf(const Plan& plan, int shard) {
  const int64_t each = plan.rows / plan.shards;
  const int64_t longer = plan.rows % plan.shards;  // so many shards have one row more
  return {each * shard + std::min<int64_t>(shard, longer), each + (shard < longer ? 1 : 0)};
}

int ShardsFor(int64_t rows, int processes) {
  const int64_t by_size = (rows + kShardRows - 1) / kShardRows;
  const int64_t by_processes =
      std::min<int64_t>(processes, (rows + kShardRowsMin - 1) / kShardRowsMin);
  return static_cast<int>(std::clamp<int64_t>(std::max(by_size, by_processes), 1, kShardsMax));
}

std::string PartName(const Plan& plan, int shard) {
  return fmt::format("part-{:05}-of-{:05}.parquet", shard, plan.shards);
}

FileState StateOf(const std::filesystem::path& file) {
  struct stat state {};
  if (stat(file.c_str(), &state) != 0) throw NotFound("File", file.string());
  return {state.st_size, int64_t{state.st_mtim.tv_sec} * 1'000'000'000 + state.st_mtim.tv_nsec};
}

void CheckInput(const Plan& plan) {
  const FileState now = StateOf(plan.input);
  if (now.bytes == plan.input_bytes && now.changed_ns == plan.input_changed_ns) return;
  throw FailedPrecondition(
      "The input was changed since the scoring began, say --restart to score it anew: {}",
      plan.input);
}

}  // namespace millwright::scoring
