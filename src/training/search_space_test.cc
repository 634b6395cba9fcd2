#include "training/search_space.h"

#include <gtest/gtest.h>

#include <set>

#include "base/error.h"

namespace millwright::training {
namespace {

SearchSpace Space(const char* text) {
  return SearchSpaceFromJson(ParseJson(text));
}

constexpr char kMixed[] =
    R"({"eta":{"type":"loguniform","low":0.01,"high":0.3},"depth":{"type":"int","low":3,"high":8},)"
    R"("leaves":{"type":"logint","low":1,"high":256},"rate":{"type":"uniform","low":-1,"high":1},)"
    R"("method":{"type":"choice","values":["hist","approx"]},"subsample":0.8})";

TEST(SearchSpace, SamplesWithinTheBounds) {
  const SearchSpace space = Space(kMixed);
  std::set<int64_t> depths;
  std::set<std::string> methods;
  for (size_t i = 0; i < 500; ++i) {
    const Json params = SampleTrial(space, SamplerKind::kRandom, 1, i);
    EXPECT_GE(params.At("eta").AsDouble(), 0.01);
    EXPECT_LE(params.At("eta").AsDouble(), 0.3);
    EXPECT_GE(params.At("leaves").AsInt(), 1);
    EXPECT_LE(params.At("leaves").AsInt(), 256);
    EXPECT_LE(std::abs(params.At("rate").AsDouble()), 1);
    EXPECT_EQ(params.At("subsample").AsDouble(), 0.8);
    depths.insert(params.At("depth").AsInt());
    methods.insert(params.At("method").AsString());
  }
  EXPECT_EQ(depths, (std::set<int64_t>{3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(methods, (std::set<std::string>{"approx", "hist"}));
}

TEST(SearchSpace, SamplesTheSameForASeedAndNumber) {
  const SearchSpace space = Space(kMixed);
  const Json one = SampleTrial(space, SamplerKind::kRandom, 7, 3);
  EXPECT_EQ(one, SampleTrial(space, SamplerKind::kRandom, 7, 3));
  EXPECT_FALSE(one == SampleTrial(space, SamplerKind::kRandom, 7, 4));
  EXPECT_FALSE(one == SampleTrial(space, SamplerKind::kRandom, 8, 3));
}

TEST(SearchSpace, WalksTheWholeGrid) {
  const SearchSpace space =
      Space(R"({"depth":{"type":"int","low":2,"high":6,"step":2},)"
            R"("eta":{"type":"loguniform","low":0.01,"high":1,"grid_points":3}})");
  ASSERT_EQ(GridSize(space), 9U);
  EXPECT_EQ(SampleTrial(space, SamplerKind::kGrid, 0, 0).Dump(), R"({"depth":2,"eta":0.01})");
  EXPECT_EQ(SampleTrial(space, SamplerKind::kGrid, 0, 1).Dump(), R"({"depth":2,"eta":0.1})");
  EXPECT_EQ(SampleTrial(space, SamplerKind::kGrid, 0, 8).Dump(), R"({"depth":6,"eta":1.0})");
  EXPECT_EQ(SampleTrial(space, SamplerKind::kGrid, 0, 9).Dump(), R"({"depth":2,"eta":0.01})");
}

TEST(SearchSpace, SurvivesJson) {
  const Json json = SearchSpaceToJson(Space(kMixed));
  EXPECT_EQ(SearchSpaceToJson(SearchSpaceFromJson(json)), json);
}

TEST(SearchSpace, NamesTheParameterThatIsWrong) {
  const struct {
    const char* space;
    const char* message;
  } kCases[] = {
      {R"({"a":{"type":"uniform","low":2,"high":1}})", "Parameter a: low must not be above high"},
      {R"({"a":{"type":"loguniform","low":0,"high":1}})",
       "Parameter a: low must be above 0 on a log scale"},
      {R"({"a":{"type":"int","low":0.5,"high":1}})", "Parameter a: low and high must be integers"},
      {R"({"a":{"type":"normal","low":0,"high":1}})", "Parameter a: unknown type normal"},
      {R"({"a":{"type":"choice","values":[]}})", "Parameter a: values is empty"},
      {R"({"a":{"type":"int","low":0,"hi":1}})", "Parameter a: unknown field hi"},
      {R"({"a":[1,2]})", R"(Parameter a: write {"type": "choice", "values": […]})"},
  };
  for (const auto& one : kCases) {
    try {
      Space(one.space);
      FAIL() << one.space;
    } catch (const Error& error) {
      EXPECT_EQ(error.message(), one.message);
      EXPECT_EQ(error.field(), "a");
    }
  }
  EXPECT_THROW(GridSize(Space(R"({"a":{"type":"uniform","low":0,"high":1}})")), Error);
}

}  // namespace
}  // namespace millwright::training
