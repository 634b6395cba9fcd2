#include "inference/booster_check.h"

#include <gtest/gtest.h>

#include <random>

#include "base/error.h"
#include "inference/booster.h"
#include "inference/engine.h"
#include "inference/test_vectors.h"
#include "inference/ubjson.h"

namespace millwright::inference {
namespace {

// Two rounds of small trees, as JSON text and as UBJSON.
std::string SmallModel(Booster::Format format) {
  const testing::FlightRows rows = testing::ReadFlightRows();
  const BoosterData data(rows.values, rows.columns.size(), rows.labels, 1);
  const BoosterData* const tables[] = {&data};
  Booster booster({{"objective", "binary:logistic"}, {"max_depth", "2"}, {"nthread", "1"}}, tables);
  for (int round = 0; round < 2; ++round) booster.Update(round, data);
  booster.SetFeatureNames(rows.columns);
  return booster.Save(format);
}

std::string WhyRefused(const std::string& file, const std::string& bytes) {
  const TempDir dir;
  WriteFileDurably(dir.path() / file, bytes);
  try {
    CheckBoosterFile(dir.path() / file);
    return "";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kInvalidArgument);
    return error.message();
  }
}

TEST(BoosterCheck, TellsWhichReleaseWroteIt) {
  const auto file = testing::ModelFolder("flights_late_xgb") / "model.ubj";
  EXPECT_EQ(CheckBoosterFile(file).str(), "3.0.0");
  EXPECT_GE(LibraryRelease(), (XgboostRelease{1, 7, 0}));
}

TEST(BoosterCheck, RefusesReleasesThatTheLibraryReadsWrong) {
  const auto why = [](const XgboostRelease& writer, const XgboostRelease& library) -> std::string {
    try {
      RequireReadable(writer, library);
      return "";
    } catch (const Error& error) {
      return error.message();
    }
  };
  EXPECT_EQ(why({1, 7, 6}, {1, 7, 4}), "");
  EXPECT_EQ(why({3, 0, 5}, {1, 7, 4}), "");
  EXPECT_EQ(why({3, 1, 0}, {3, 1, 0}), "");
  EXPECT_EQ(why({3, 1, 2}, {3, 2, 0}), "");
  EXPECT_EQ(why({3, 1, 0}, {1, 7, 4}),
            "The model was written by XGBoost 3.1.0; the library here is 1.7.4, which reads it as "
            "another model");
}

TEST(BoosterCheck, ANewerModelDoesNotBecomeAnEngine) {
  std::string model = SmallModel(Booster::Format::kJson);
  const size_t at = model.find("\"version\":[");
  ASSERT_NE(at, std::string::npos);
  model.replace(at, model.find(']', at) + 1 - at, "\"version\":[99,1,0]");
  const TempDir dir;
  WriteFileDurably(dir.path() / "model.json", model);
  try {
    LoadEngine(dir.path() / "model.json");
    FAIL() << "it was loaded";
  } catch (const Error& error) {
    EXPECT_TRUE(error.message().starts_with("The model was written by XGBoost 99.1.0"))
        << error.message();
  }
}

TEST(BoosterCheck, PassesSoundModels) {
  EXPECT_NO_THROW(CheckBoosterFile(testing::ModelFolder("flights_late_xgb") / "model.ubj"));
  EXPECT_EQ(WhyRefused("model.ubj", SmallModel(Booster::Format::kUbj)), "");
  EXPECT_EQ(WhyRefused("model.json", SmallModel(Booster::Format::kJson)), "");
}

TEST(BoosterCheck, ReadsBothFormatsAlike) {
  const Json from_ubj = ParseUbjson(SmallModel(Booster::Format::kUbj));
  const Json from_json = ParseJson(SmallModel(Booster::Format::kJson));
  const auto left = [](const Json& document) {
    const Json& model = document.At("learner").At("gradient_booster").At("model");
    return model.At("trees").AsArray()[1].At("left_children").Dump();
  };
  EXPECT_EQ(left(from_ubj), left(from_json));
}

TEST(BoosterCheck, NamesWhatIsWrong) {
  const struct {
    const char* from;
    const char* to;
    const char* reason;
  } kCases[] = {
      {R"("left_children":[1,)", R"("left_children":[9999,)", "node 0 has the child 9999"},
      {R"("left_children":[1,)", R"("left_children":[0,)", "node 0 has the child 0"},
      {R"("num_nodes":")", R"("num_nodes":"1)", "num_nodes is not the number of its nodes"},
      {R"("num_trees":"2")", R"("num_trees":"3")", "num_trees is not the number of trees: 2"},
      {R"("num_feature":"11")", R"("num_feature":"1")",
       "feature_names has 11 values where 1 are announced"},
      {R"("tree_info":[0,0])", R"("tree_info":[0,5])", "a tree belongs to the class 5 of 0"},
      {R"("name":"gbtree")", R"("name":"dart")", "only gbtree is supported: dart"},
      {R"("id":1)", R"("id":7)", "tree 1 carries another id"},
  };
  const std::string good = SmallModel(Booster::Format::kJson);
  for (const auto& one : kCases) {
    std::string bytes = good;
    size_t found = 0;
    for (size_t at = bytes.find(one.from); at != std::string::npos; at = bytes.find(one.from, at)) {
      bytes.replace(at, std::strlen(one.from), one.to);
      at += std::strlen(one.to);
      ++found;
    }
    EXPECT_GT(found, 0U) << one.from;
    const std::string why = WhyRefused("model.json", bytes);
    EXPECT_NE(why.find(one.reason), std::string::npos) << one.from << ": " << why;
  }
  EXPECT_NE(WhyRefused("model.ubj", "").find("it is empty"), std::string::npos);
  EXPECT_NE(WhyRefused("model.ubj", "[[[").find("it ends early"), std::string::npos);
  EXPECT_NE(WhyRefused("model.ubj", std::string(100'000, '[')).find("nested too deeply"),
            std::string::npos);
}

// A damaged model that passes the check must not crash the library either: it is loaded and asked.
TEST(BoosterCheck, SurvivesMutatedModels) {
  const std::string good = SmallModel(Booster::Format::kUbj);
  const TempDir dir;
  const auto path = dir.path() / "model.ubj";
  std::mt19937 random(11);
  for (int round = 0; round < 400; ++round) {
    std::string bytes = good;
    const size_t flips = 1 + random() % 3;
    for (size_t i = 0; i < flips; ++i) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    if (round % 8 == 0) bytes.resize(random() % bytes.size());
    std::ofstream(path, std::ios::binary) << bytes;
    try {
      const auto engine = LoadEngine(path);
      engine->Run({Tensor::OfFloats("X", {1, 11}, std::vector<float>(11))});
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kInvalidArgument) << error.message();
    }
  }
}

}  // namespace
}  // namespace millwright::inference
