#include "scoring/plan.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/error.h"
#include "base/file.h"

namespace millwright::scoring {
namespace {

TEST(Plan, PutsEveryRowIntoOneShard) {
  for (const int64_t rows : {1, 2, 7, 100, 1'000'003}) {
    for (const int shards : {1, 2, 3, 7, 64}) {
      const Plan plan{.rows = rows, .shards = shards};
      int64_t next = 0;
      for (int shard = 0; shard < shards; ++shard) {
        const RowRange range = RowsOf(plan, shard);
        EXPECT_EQ(next, range.first);
        EXPECT_LE(std::abs(range.count - rows / shards), 1);
        next += range.count;
      }
      EXPECT_EQ(rows, next);
    }
  }
}

TEST(Plan, CutsByProcessesAndBySize) {
  EXPECT_EQ(1, ShardsFor(1, 8));
  EXPECT_EQ(1, ShardsFor(kShardRowsMin, 8));
  EXPECT_EQ(2, ShardsFor(kShardRowsMin + 1, 8));
  EXPECT_EQ(8, ShardsFor(kShardRowsMin * 100, 8));
  EXPECT_EQ(100, ShardsFor(kShardRows * 100, 2));
  EXPECT_EQ(kShardsMax, ShardsFor(int64_t{1} << 60, 2));
}

TEST(Plan, SurvivesItsFile) {
  const Plan plan{.model = "models:/a@b",
                  .version = "models:/a/7",
                  .model_file = "version",
                  .input = "/x/rows ü.parquet",
                  .input_bytes = 5,
                  .input_changed_ns = 1'795'957'406'368'563'155,
                  .rows = 12,
                  .shards = 3,
                  .features = {"a", "b,c"},
                  .columns = {"a"},
                  .columns_as_text = true,
                  .prefix = "p_"};
  EXPECT_EQ(plan, PlanFromJson(ParseJson(PlanToJson(plan).Dump())));
}

TEST(Plan, SeesThatItsInputChanged) {
  const TempDir folder;
  const auto file = folder.path() / "rows.csv";
  std::ofstream(file) << "a\n1\n";
  const FileState state = StateOf(file);
  const Plan plan{
      .input = file.string(), .input_bytes = state.bytes, .input_changed_ns = state.changed_ns};
  CheckInput(plan);
  std::ofstream(file, std::ios::app) << "2\n";
  EXPECT_THROW(CheckInput(plan), Error);
  std::filesystem::remove(file);
  EXPECT_THROW(CheckInput(plan), Error);
}

}  // namespace
}  // namespace millwright::scoring
