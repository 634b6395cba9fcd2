#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"

namespace millwright::scoring {

inline constexpr int kShardsMax = 10'000;
// A shard keeps the predictions of its rows in memory until its file is written.
inline constexpr int64_t kShardRowsMax = 10'000'000;
// So many rows are worth a process of their own.
inline constexpr int64_t kShardRowsMin = 50'000;
inline constexpr int64_t kShardRows = 1'000'000;

// What one scoring of a data file is. All its shards, and those who go on with it after it was cut
// short, read it from the job's folder, so that they agree about model and rows.
struct Plan {
  std::string model;       // as it was asked for: a path or models:/NAME@ALIAS
  std::string version;     // what the registry said that is, models:/NAME/7; empty for a path
  std::string model_file;  // its file or folder in the job's folder for models
  std::string input;       // a data file, absolute
  int64_t input_bytes = 0;
  int64_t input_changed_ns = 0;  // when it was last written
  int64_t rows = 0;
  int shards = 1;
  // Of the input, in the order in which the model takes them; empty where it knows them by name.
  std::vector<std::string> features;
  std::vector<std::string> columns;  // of the input that the output keeps, in its order
  // Keeps what a text file has in them as it is written, for an output that is text as well.
  bool columns_as_text = false;
  std::string prefix;  // before the names of the model's outputs

  bool operator==(const Plan&) const = default;
};
Json PlanToJson(const Plan& plan);
Plan PlanFromJson(const Json& json);

// The rows of a shard, numbered from 0; every row is in exactly one.
struct RowRange {
  int64_t first = 0;
  int64_t count = 0;
};
RowRange RowsOf(const Plan& plan, int shard);

// How many shards are sensible for `rows` and `processes` at once.
int ShardsFor(int64_t rows, int processes);

// The name of a shard's file, "part-00003-of-00008.parquet".
std::string PartName(const Plan& plan, int shard);

// What a file is known by: size and time of the last write. Throws kNotFound when it is absent.
struct FileState {
  int64_t bytes = 0;
  int64_t changed_ns = 0;
};
FileState StateOf(const std::filesystem::path& file);

// Throws kFailedPrecondition when the input is no longer the file that the plan was made for.
void CheckInput(const Plan& plan);

}  // namespace millwright::scoring
