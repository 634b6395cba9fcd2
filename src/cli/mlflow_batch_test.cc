#include "cli/mlflow_batch.h"

#include <gtest/gtest.h>

namespace millwright::cli {
namespace {

tracking::Run RunWith(size_t params, size_t tags, size_t metrics, size_t value_bytes) {
  tracking::Run run;
  for (size_t i = 0; i < params; ++i) {
    run.params.push_back({"p" + std::to_string(i), std::string(value_bytes, 'x')});
  }
  for (size_t i = 0; i < tags; ++i) {
    run.tags.push_back({"t" + std::to_string(i), std::string(value_bytes, 'y')});
  }
  for (size_t i = 0; i < metrics; ++i) {
    run.metrics.push_back({.key = "m", .value = 1, .step = static_cast<int64_t>(i)});
  }
  return run;
}

std::vector<MlflowBatch> Batches(const tracking::Run& run) {
  std::vector<MlflowBatch> batches;
  ForEachMlflowBatch(run, [&](const MlflowBatch& batch) { batches.push_back(batch); });
  return batches;
}

TEST(MlflowBatch, KeepsToWhatMlflowTakesAtOnce) {
  for (const auto& run : {RunWith(250, 150, 2500, 10), RunWith(100, 100, 0, 8000),
                          RunWith(0, 0, 1000, 0), RunWith(3, 0, 1, 500'000)}) {
    tracking::Run all;
    for (const auto& batch : Batches(run)) {
      EXPECT_LE(batch.params.size(), 100u);
      EXPECT_LE(batch.tags.size(), 100u);
      EXPECT_LE(batch.params.size() + batch.tags.size() + batch.metrics.size(), 1000u);
      EXPECT_LE(batch.ToJson("r").Dump().size(), 1'000'000u);
      all.params.insert(all.params.end(), batch.params.begin(), batch.params.end());
      all.tags.insert(all.tags.end(), batch.tags.begin(), batch.tags.end());
      all.metrics.insert(all.metrics.end(), batch.metrics.begin(), batch.metrics.end());
    }
    EXPECT_EQ(all.params, run.params);
    EXPECT_EQ(all.tags, run.tags);
    EXPECT_EQ(all.metrics, run.metrics);
  }
}

TEST(MlflowBatch, IsOneForASmallRunAndNoneForAnEmptyOne) {
  EXPECT_EQ(Batches(RunWith(5, 5, 100, 10)).size(), 1u);
  EXPECT_TRUE(Batches({}).empty());
}

TEST(MlflowBatch, NamesEachThingThatMayBeAtFault) {
  const auto singles = Batches(RunWith(1, 1, 7, 3)).at(0).Singles();
  ASSERT_EQ(singles.size(), 3u);
  EXPECT_EQ(singles[0].what, "param 'p0'");
  EXPECT_EQ(singles[1].what, "tag 't0'");
  EXPECT_EQ(singles[2].what, "7 points");
  EXPECT_EQ(singles[2].batch.metrics.size(), 7u);
}

}  // namespace
}  // namespace millwright::cli
