#pragma once

#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "inference/engine.h"
#include "scoring/plan.h"

namespace millwright::scoring {

struct ScorerOptions {
  int64_t batch_rows = 1'024;  // of one run of the model
  int threads = 1;             // that read and write the files
};
inline constexpr int64_t kBatchRowsMax = 100'000;

// The names of a data file's columns.
std::vector<std::string> ColumnsOf(const std::string& input);
// Takes apart a list by commas. Throws kInvalidArgument for a name that is not among `columns`.
std::vector<std::string> NamedColumns(const std::vector<std::string>& columns,
                                      const std::string& list);

// How many rows a data file has.
int64_t CountRows(const std::string& input);

// Scores one shard and writes its part, whose rows stand in the order of the input: the kept
// columns, then the model's outputs. The part appears under its name when it is whole and on disk;
// who scores the same shard at the same time writes the same. `on_rows` is told how many rows are
// done. Rows become tensors as those of /invocations do, so the numbers are the same. Throws
// kInvalidArgument naming the row of the input that the model cannot take, kFailedPrecondition when
// the input was changed since the plan was made, kAborted once `stop` is asked for.
void ScoreShard(const Plan& plan, int shard, inference::Engine& engine,
                const std::filesystem::path& scratch, const std::filesystem::path& part,
                const ScorerOptions& options, const std::function<void(int64_t rows)>& on_rows,
                const std::stop_token& stop);

// Writes the rows of all parts, one after another, as one file by its extension: .parquet (with the
// plan as its metadata "millwright"), .csv, .tsv, .json, .jsonl, .ndjson. It appears when it is
// whole and on disk.
void JoinParts(const Plan& plan, const std::filesystem::path& parts,
               const std::filesystem::path& scratch, const std::filesystem::path& output);
// Throws kInvalidArgument for a name whose extension JoinParts does not write.
void CheckOutputName(const std::filesystem::path& output);
// Whether such an output has no types: .csv and .tsv.
bool IsTextOutput(const std::filesystem::path& output);

}  // namespace millwright::scoring
