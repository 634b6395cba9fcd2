#include "serving/batch_rules.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace millwright::serving {
namespace {

using inference::DataType;
using inference::Signature;
using inference::Tensor;

Tensor Integers(const std::string& name, std::vector<int64_t> shape,
                const std::vector<int64_t>& values) {
  Tensor tensor{.name = name, .type = DataType::kInt64, .shape = std::move(shape)};
  tensor.data.resize(values.size() * sizeof(int64_t));
  std::copy(values.begin(), values.end(), tensor.As<int64_t>());
  return tensor;
}

std::vector<int64_t> ValuesOf(const Tensor& tensor) {
  return {tensor.As<int64_t>(), tensor.As<int64_t>() + tensor.element_count()};
}

InferRequest Tokens(int64_t rows, int64_t length, int64_t first, int64_t mask_length = -1) {
  if (mask_length < 0) mask_length = length;
  std::vector<int64_t> ids(static_cast<size_t>(rows * length));
  for (int64_t& id : ids) id = first++;
  const std::vector<int64_t> mask(static_cast<size_t>(rows * mask_length), 1);
  return {.model = "m",
          .inputs = {Integers("ids", {rows, length}, ids),
                     Integers("mask", {rows, mask_length}, mask)}};
}

Signature TokenModel() {
  return {.inputs = {{"ids", DataType::kInt64, {-1, -1}}, {"mask", DataType::kInt64, {-1, -1}}},
          .outputs = {{"scores", DataType::kFp32, {-1, 2}}}};
}

std::string MessageOf(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.message();
  }
  return "";
}

TEST(BatchRules, RequestsOfOneShapeButForTheRowsAreJoined) {
  const BatchRules rules(TokenModel(), true, {});
  const InferRequest a = Tokens(1, 2, 10);
  const InferRequest b = Tokens(2, 2, 20);
  EXPECT_EQ(rules.RowsOf(b), 2);
  ASSERT_TRUE(rules.CanJoin(a, b));
  const auto joined = rules.Join({&a, &b});
  EXPECT_EQ(joined[0].shape, (std::vector<int64_t>{3, 2}));
  EXPECT_EQ(ValuesOf(joined[0]), (std::vector<int64_t>{10, 11, 20, 21, 22, 23}));
  EXPECT_FALSE(rules.CanJoin(a, Tokens(1, 3, 10)));
}

TEST(BatchRules, UnequalShapesAreJoinedOnlyWhereTheModelAllowsPadding) {
  const BatchRules rules(TokenModel(), true, {{"ids", 7}, {"mask", 0}});
  const InferRequest a = Tokens(1, 3, 10);
  const InferRequest b = Tokens(2, 2, 20);
  ASSERT_TRUE(rules.CanJoin(a, b));
  const auto joined = rules.Join({&a, &b});
  EXPECT_EQ(joined[0].shape, (std::vector<int64_t>{3, 3}));
  EXPECT_EQ(ValuesOf(joined[0]), (std::vector<int64_t>{10, 11, 12, 20, 21, 7, 22, 23, 7}));
  EXPECT_EQ(ValuesOf(joined[1]), (std::vector<int64_t>{1, 1, 1, 1, 1, 0, 1, 1, 0}));
}

TEST(BatchRules, PaddingHidesNoRequestThatTheModelWouldRefuse) {
  const BatchRules rules(TokenModel(), true, {{"ids", 0}, {"mask", 0}});
  EXPECT_FALSE(rules.CanJoin(Tokens(1, 5, 0), Tokens(1, 4, 0, 5)));
  EXPECT_FALSE(rules.CanJoin(Tokens(1, 4, 0, 5), Tokens(1, 5, 0)));
  EXPECT_FALSE(rules.CanJoin(Tokens(1, 0, 0), Tokens(1, 3, 0)));
  EXPECT_FALSE(rules.CanJoin(Tokens(1, 3, 0), Tokens(1, 0, 0)));
  EXPECT_TRUE(rules.CanJoin(Tokens(1, 0, 0), Tokens(2, 0, 0)));
}

TEST(BatchRules, OtherParamsNamesOrTypesAreOtherRuns) {
  const BatchRules rules(TokenModel(), true, {});
  const InferRequest a = Tokens(1, 2, 10);
  InferRequest other_params = Tokens(1, 2, 10);
  other_params.params = ParseJson(R"({"temperature":1})");
  EXPECT_FALSE(rules.CanJoin(a, other_params));
  InferRequest other_name = Tokens(1, 2, 10);
  other_name.inputs[0].name = "tokens";
  EXPECT_FALSE(rules.CanJoin(a, other_name));
  InferRequest one_input = Tokens(1, 2, 10);
  one_input.inputs.pop_back();
  EXPECT_FALSE(rules.CanJoin(a, one_input));
}

TEST(BatchRules, WhatHasNoCommonRowsOrIsNotFilledRunsAlone) {
  const BatchRules rules(TokenModel(), true, {});
  InferRequest uneven = Tokens(2, 2, 0);
  uneven.inputs[1] = Integers("mask", {1, 2}, {1, 1});
  EXPECT_FALSE(rules.RowsOf(uneven));
  InferRequest unfilled = Tokens(2, 2, 0);
  unfilled.inputs[0].data.resize(8);
  EXPECT_FALSE(rules.RowsOf(unfilled));
  InferRequest scalar = Tokens(1, 1, 0);
  scalar.inputs[0].shape.clear();
  EXPECT_FALSE(rules.RowsOf(scalar));
  EXPECT_FALSE(rules.RowsOf(Tokens(0, 2, 0)));
}

TEST(BatchRules, ModelsWhoseRowsAreNotApartOrWithoutRowsJoinNothing) {
  EXPECT_FALSE(BatchRules(TokenModel(), false, {}).RowsOf(Tokens(1, 2, 0)));
  Signature sums = TokenModel();
  sums.outputs[0].shape = {1};
  EXPECT_FALSE(BatchRules(sums, true, {}).RowsOf(Tokens(1, 2, 0)));
}

TEST(BatchRules, PaddingIsRefusedWhereItWouldChangeTheAnswer) {
  Signature embeddings = TokenModel();
  embeddings.outputs[0].shape = {-1, -1, 96};
  EXPECT_EQ(MessageOf([&] {
              BatchRules(embeddings, true, {{"ids", 0}});
            }),
            "batch_padding: the model's outputs have other open dimensions than their rows");
  EXPECT_EQ(MessageOf([] {
              BatchRules(TokenModel(), true, {{"id", 0}});
            }),
            "batch_padding: the model has no input of numbers named id");
}

TEST(SplitOutputs, GivesEachRequestItsRows) {
  std::vector<Tensor> outputs = {Integers("y", {3, 2}, {1, 2, 3, 4, 5, 6})};
  outputs.push_back({.name = "label", .type = DataType::kBytes, .shape = {3}});
  outputs[1].strings = {"a", "b", "c"};
  const auto parts = SplitOutputs(outputs, {1, 2});
  EXPECT_EQ(ValuesOf(parts[0][0]), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(ValuesOf(parts[1][0]), (std::vector<int64_t>{3, 4, 5, 6}));
  EXPECT_EQ(parts[1][1].strings, (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(parts[1][1].shape, (std::vector<int64_t>{2}));
  EXPECT_EQ(MessageOf([&] {
              SplitOutputs(outputs, {1, 1});
            }),
            "Output y: not one row for each row of the inputs");
}

}  // namespace
}  // namespace millwright::serving
