#include "streaming/rows.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "streaming/predictions.h"

namespace millwright::streaming {
namespace {

using inference::DataType;
using inference::Tensor;

inference::Signature Named() {
  return {.inputs = {{"a", DataType::kFp32, {-1, 1}, false}, {"b", DataType::kInt64, {-1}, false}},
          .outputs = {{"y", DataType::kFp32, {-1}, false}},
          .columns = {},
          .params = {}};
}

std::string RefusalOf(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.message();
  }
  return "";
}

TEST(MessageRows, AreARowOrAListOfThem) {
  EXPECT_FALSE(ReadRows(R"({"a": 1})").is_list);
  EXPECT_EQ(ReadRows("[1, 2, null]").rows.size(), 1U);
  EXPECT_EQ(ReadRows("[[1, 2], [3, 4]]").rows.size(), 2U);
  EXPECT_TRUE(ReadRows(R"([{"a": 1}])").is_list);
  for (const char* text : {"", "x", "7", "null", "\"a\"", "[]", "{\"a\":}"}) {
    EXPECT_NE(RefusalOf([&] { ReadRows(text); }), "") << text;
  }
}

TEST(RowBatch, ARefusedRowLeavesTheOthersAsTheyAre) {
  const std::vector<std::string> no_features;
  RowBatch batch(Named(), no_features);
  batch.Add(ParseJson(R"({"a": 1, "b": 2, "other": [1]})"));
  EXPECT_EQ(RefusalOf([&] { batch.Add(ParseJson(R"({"a": 9, "b": "x"})")); }),
            "Column b (row 1): expected INT64, got string");
  EXPECT_NE(RefusalOf([&] { batch.Add(ParseJson(R"({"a": 9})")); }), "");
  batch.Add(ParseJson(R"({"b": 4, "a": 3})"));
  const std::vector<Tensor> inputs = batch.Finish();
  EXPECT_EQ(inputs[0].shape, (std::vector<int64_t>{2, 1}));
  EXPECT_EQ(inputs[0].As<float>()[1], 3);
  EXPECT_EQ(inputs[1].As<int64_t>()[1], 4);
}

// Doubles what it is given and fails as a whole where one of the numbers is negative.
class Doubling : public inference::Engine {
 public:
  const inference::Signature& signature() const override { return signature_; }
  std::vector<Tensor> Run(const std::vector<Tensor>& inputs) override {
    ++runs;
    Tensor out = inputs[0];
    out.name = "y";
    for (size_t i = 0; i < out.element_count(); ++i) {
      if (out.As<float>()[i] < 0) throw InvalidArgument("a is negative");
      out.As<float>()[i] *= 2;
    }
    return {out};
  }
  int runs = 0;

 private:
  const inference::Signature signature_ = Named();
};

TEST(RowPredictor, OneBadRowCostsNoOther) {
  Doubling engine;
  RowPredictor predictor(engine, {.features = {}, .keep = {"b"}, .batch_rows = 64});
  std::vector<Json> rows;
  for (int i = 0; i < 100; ++i) rows.push_back(Json::Of({{"a", i == 70 ? -1 : i}, {"b", i}}));
  rows[3] = ParseJson(R"({"a": "x", "b": 3})");
  std::vector<const Json*> given;
  for (const Json& row : rows) given.push_back(&row);
  const auto results = predictor.Predict(given, {});
  for (int i = 0; i < 100; ++i) {
    if (i == 3 || i == 70) {
      EXPECT_FALSE(results[static_cast<size_t>(i)]) << i;
    } else {
      EXPECT_EQ(*results[static_cast<size_t>(i)], fmt::format(R"({{"b":{},"y":{}}})", i, 2 * i));
    }
  }
  EXPECT_EQ(results[70].error().message(), "a is negative");
  EXPECT_LT(engine.runs, 20);
}

}  // namespace
}  // namespace millwright::streaming
