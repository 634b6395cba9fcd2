#include "serving/response_cache.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace millwright::serving {
namespace {

using inference::Tensor;

InferRequest Ask(float value, const std::string& id = "id") {
  return {.model = "cancer", .id = id, .inputs = {Tensor::OfFloats("X", {1, 2}, {value, 1})}};
}

std::shared_ptr<const InferAnswer> Answer(size_t floats) {
  InferAnswer answer{.model_version = "1"};
  answer.outputs.push_back(
      Tensor::OfFloats("y", {static_cast<int64_t>(floats)}, std::vector<float>(floats)));
  return std::make_shared<const InferAnswer>(std::move(answer));
}

TEST(ResponseCache, TheSameInputsOfTheSameVersionShareAKeyAndNothingElseDoes) {
  const auto key = ResponseCache::KeyOf("1", Ask(1));
  EXPECT_EQ(key, ResponseCache::KeyOf("1", Ask(1, "another id")));
  EXPECT_NE(key, ResponseCache::KeyOf("2", Ask(1)));
  EXPECT_NE(key, ResponseCache::KeyOf("1", Ask(2)));
  InferRequest other = Ask(1);
  other.inputs[0].shape = {2, 1};
  EXPECT_NE(key, ResponseCache::KeyOf("1", other));
  other = Ask(1);
  other.inputs[0].name = "Y";
  EXPECT_NE(key, ResponseCache::KeyOf("1", other));
  other = Ask(1);
  other.params = Json::Of({{"limit", 3}});
  EXPECT_NE(key, ResponseCache::KeyOf("1", other));
}

TEST(ResponseCache, TextsDoNotRunTogether) {
  const auto key = [](std::vector<std::string> strings) {
    InferRequest request;
    request.inputs.push_back({.name = "a", .type = inference::DataType::kBytes, .shape = {2}});
    request.inputs[0].strings = std::move(strings);
    return ResponseCache::KeyOf("1", request);
  };
  EXPECT_NE(key({"ab", "c"}), key({"a", "bc"}));
}

TEST(ResponseCache, GivesAnAnswerUntilItsTimeIsUp) {
  ResponseCache cache;
  const auto key = ResponseCache::KeyOf("1", Ask(1));
  EXPECT_EQ(cache.Find(key, 0), nullptr);
  const auto answer = Answer(4);
  cache.Keep(key, answer, 100, 1 << 20);
  EXPECT_EQ(cache.Find(key, 99), answer);
  EXPECT_EQ(cache.Find(key, 100), nullptr);
  EXPECT_EQ(cache.counts().hits, 1);
  EXPECT_EQ(cache.counts().misses, 2);
  EXPECT_EQ(cache.counts().entries, 0);
  EXPECT_EQ(cache.counts().bytes, 0);
}

TEST(ResponseCache, WhatWasNotUsedLongestMakesRoom) {
  ResponseCache cache;
  constexpr int64_t kFour = 4 * (256 + 4 * 4);
  ResponseCache::Key keys[5];
  for (int i = 0; i < 5; ++i) keys[i] = ResponseCache::KeyOf("1", Ask(static_cast<float>(i)));
  for (int i = 0; i < 4; ++i) cache.Keep(keys[i], Answer(4), 100, kFour);
  EXPECT_NE(cache.Find(keys[0], 0), nullptr);
  cache.Keep(keys[4], Answer(4), 100, kFour);
  EXPECT_NE(cache.Find(keys[0], 0), nullptr);
  EXPECT_EQ(cache.Find(keys[1], 0), nullptr);
  EXPECT_EQ(cache.counts().bytes, kFour);
  cache.Shrink(0);
  EXPECT_EQ(cache.counts().entries, 0);
}

TEST(ResponseCache, AnAnswerThatWouldFillItIsNotKept) {
  ResponseCache cache;
  const auto key = ResponseCache::KeyOf("1", Ask(1));
  cache.Keep(key, Answer(1000), 100, 4000);
  EXPECT_EQ(cache.counts().entries, 0);
}

}  // namespace
}  // namespace millwright::serving
