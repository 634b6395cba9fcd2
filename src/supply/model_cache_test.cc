#include "supply/model_cache.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"

namespace millwright::supply {
namespace {

class ModelCacheTest : public ::testing::Test {
 protected:
  std::function<void(const std::filesystem::path&)> Fetch(const std::string& bytes) {
    return [this, bytes](const std::filesystem::path& folder) {
      ++fetched_;
      WriteFileDurably(folder / "sub/model.onnx", bytes);
    };
  }
  size_t EntryCount() const {
    const auto models = dir_.path() / "models";
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(models),
                                             std::filesystem::directory_iterator()));
  }

  TempDir dir_;
  ModelCache cache_{dir_.path()};
  int fetched_ = 0;
};

TEST_F(ModelCacheTest, FetchesOnceWhateverProcessAsks) {
  const auto first = cache_.Place("aa", Fetch("x"));
  EXPECT_EQ(ReadFile(first->files() / "sub/model.onnx"), "x");
  ModelCache other(dir_.path());
  EXPECT_EQ(other.Place("aa", Fetch("y"))->files(), first->files());
  EXPECT_EQ(fetched_, 1);
}

TEST_F(ModelCacheTest, ChangedAndMissingFilesAreFetchedAgain) {
  const auto file = cache_.Place("aa", Fetch("x"))->files() / "sub/model.onnx";
  WriteFileDurably(file, "y");
  EXPECT_EQ(ReadFile(cache_.Place("aa", Fetch("x"))->files() / "sub/model.onnx"), "x");
  std::filesystem::remove(file);
  cache_.Place("aa", Fetch("x"));
  EXPECT_EQ(fetched_, 3);
}

TEST_F(ModelCacheTest, ModelsOfAStoreAreRemembered) {
  EXPECT_TRUE(cache_.RecallModels("s3://bucket/models").empty());
  cache_.RememberModels("s3://bucket/models", {"a", "b"});
  cache_.RememberModels("s3://bucket/others", {"c"});
  cache_.RememberModels("s3://bucket/models", {"b", "d"});
  EXPECT_EQ(cache_.RecallModels("s3://bucket/models"), (std::vector<std::string>{"b", "d"}));
  EXPECT_EQ(cache_.RecallModels("s3://bucket/others"), std::vector<std::string>{"c"});
}

TEST_F(ModelCacheTest, AFetchThatFailsLeavesNothing) {
  EXPECT_THROW(cache_.Place("aa",
                            [](const std::filesystem::path& folder) {
                              WriteFileDurably(folder / "half", "x");
                              throw Unavailable("gone");
                            }),
               Error);
  EXPECT_FALSE(std::filesystem::exists(dir_.path() / "models/aa"));
  EXPECT_TRUE(std::filesystem::is_empty(dir_.path() / "incoming"));
}

TEST_F(ModelCacheTest, WhatIsNoLongerServedGoesUnlessSomebodyHasIt) {
  for (const char* digest : {"aa", "bb", "cc"}) cache_.Place(digest, Fetch("x"));
  cache_.Remember("one", {.versions = {{"1", "aa"}, {"2", "bb"}}, .labels = {{"live", "2"}}});
  cache_.Remember("two", {.versions = {{"1", "bb"}}, .labels = {}});
  EXPECT_EQ(cache_.Recall("one")->labels.at("live"), "2");
  const auto held = cache_.Place("aa", Fetch("x"));
  cache_.Remember("one", {.versions = {{"3", "cc"}}, .labels = {}});
  EXPECT_EQ(EntryCount(), 3U);  // aa is held here, bb is served by the other
  cache_.Remember("two", {.versions = {{"3", "cc"}}, .labels = {}});
  EXPECT_EQ(EntryCount(), 2U);
  EXPECT_TRUE(std::filesystem::exists(held->files()));
  EXPECT_EQ(cache_.Recall("three"), std::nullopt);
}

}  // namespace
}  // namespace millwright::supply
