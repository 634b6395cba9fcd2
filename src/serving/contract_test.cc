#include "serving/contract.h"

#include <gtest/gtest.h>

#include <cmath>
#include <future>

#include "base/error.h"
#include "serving/contracted_predictor.h"
#include "serving/model_server.h"

namespace millwright::serving {
namespace {

using inference::DataType;
using inference::Tensor;

quality::RowRules Rules(const std::string& checks) {
  return quality::RowRules(quality::ParseSuiteText("suite: rides\nchecks:\n" + checks));
}

// A model of a table of three columns.
ModelInfoPtr TableModel() {
  auto info = std::make_shared<ModelInfo>();
  info->signature.inputs = {{"x", DataType::kFp32, {-1, 3}}};
  info->signature.columns = {{"miles"}, {"fare"}, {"seats"}};
  return info;
}

// A model of two inputs, one of them text.
ModelInfoPtr NamedModel() {
  auto info = std::make_shared<ModelInfo>();
  info->signature.inputs = {{"miles", DataType::kInt64, {-1}}, {"town", DataType::kBytes, {-1, 1}}};
  return info;
}

InferRequest Floats(std::vector<int64_t> shape, std::vector<float> values) {
  InferRequest request;
  request.inputs.push_back(Tensor::OfFloats("x", std::move(shape), std::move(values)));
  return request;
}

TEST(Contract, NamesTheFieldTheRowAndTheRule) {
  const Contract contract(Rules("- between: {column: fare, min: 0, max: 500}\n- not_null: seats\n"),
                          ContractAction::kReject);
  const auto info = TableModel();
  EXPECT_FALSE(contract.Check(info, Floats({1, 3}, {1, 2, 3})));
  auto breach = contract.Check(info, Floats({1, 3}, {1, -2, 3}));
  ASSERT_TRUE(breach);
  EXPECT_EQ(breach->field, "fare");
  EXPECT_EQ(breach->message, "fare must be at least 0 and at most 500, it is -2.0");
  breach = contract.Check(info, Floats({3, 3}, {1, 2, 3, 1, 2, NAN, 1, 501, NAN}));
  ASSERT_TRUE(breach);
  EXPECT_EQ(breach->message, "fare must be at least 0 and at most 500, it is 501.0 (row 2)");
  const ContractCounts counts = contract.Counts();
  EXPECT_EQ(counts.rows, 5);
  EXPECT_EQ(counts.broken_rows, 3);
  EXPECT_EQ(counts.rejected, 2);
  EXPECT_EQ(counts.by_field,
            (std::vector<std::pair<std::string, int64_t>>{{"fare", 2}, {"seats", 1}}));
}

TEST(Contract, ReadsInputsOfTheirOwnTypesInAnyOrder) {
  const Contract contract(
      Rules(
          "- in_set: {column: miles, values: [1, 2]}\n- regex: {column: town, regex: '^[A-Z]'}\n"),
      ContractAction::kFlag);
  const auto info = NamedModel();
  InferRequest request;
  Tensor town{"town", DataType::kBytes, {2, 1}, {}, {"Oslo", "rome"}};
  const std::vector<int64_t> values = {2, 1};
  Tensor miles{"miles", DataType::kInt64, {2}, std::vector<char>(16), {}};
  memcpy(miles.data.data(), values.data(), 16);
  request.inputs = {town, miles};
  const auto breach = contract.Check(info, request);
  ASSERT_TRUE(breach);
  EXPECT_EQ(breach->message, "town must match ^[A-Z], it is \"rome\" (row 1)");
  EXPECT_EQ(contract.Counts().rejected, 0);
}

std::string RefusalOf(const Contract& contract, const ModelInfo& info) {
  try {
    contract.RequireAsked(info);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kFailedPrecondition);
    return error.message();
  }
  return "";
}

TEST(Contract, IsNotKeptSilentlyWhereTheModelLacksAColumn) {
  const Contract contract(Rules("- not_null: Fare\n- not_null: miles\n- not_null: country\n"),
                          ContractAction::kReject);
  auto info = std::make_shared<ModelInfo>(*TableModel());
  info->name = "taxi";
  const std::string says =
      "The contract rides asks for columns that the model taxi does not take: Fare (nearest is "
      "fare), country. It takes miles, fare, seats";
  EXPECT_EQ(RefusalOf(contract, *info), says);
  EXPECT_THROW(contract.Check(info, Floats({1, 3}, {1, 2, 3})), Error);
  EXPECT_THROW(contract.Check(info, Floats({1, 3}, {1, 2, 3})), Error);
  // What flags goes on with what there is.
  const Contract flags(Rules("- not_null: Fare\n- not_null: miles\n"), ContractAction::kFlag);
  EXPECT_TRUE(flags.Check(info, Floats({1, 3}, {NAN, 2, 3})));
}

TEST(Contract, NamesTheColumnsOfAModelThatHasNoNames) {
  ModelInfo info;
  info.name = "taxi";
  info.signature.inputs = {{"x", DataType::kFp32, {-1, 3}}};
  const auto unnamed = std::make_shared<const ModelInfo>(info);
  const Contract without(Rules("- between: {column: fare, min: 0}\n"), ContractAction::kReject);
  EXPECT_EQ(RefusalOf(without, info),
            "The contract rides asks for columns that the model taxi does not take: fare. It takes "
            "x[0], x[1], x[2]. Its columns have no names: a check ordered_columns of 3 names says "
            "what they are");
  const Contract contract(
      Rules("- ordered_columns: [miles, fare, seats]\n- between: {column: fare, min: 0}\n"),
      ContractAction::kReject);
  EXPECT_EQ(RefusalOf(contract, info), "");
  EXPECT_FALSE(contract.Check(unnamed, Floats({1, 3}, {-1, 2, 3})));
  const auto breach = contract.Check(unnamed, Floats({1, 3}, {1, -2, 3}));
  ASSERT_TRUE(breach);
  EXPECT_EQ(breach->field, "fare");
}

TEST(Contract, LeavesWhatIsOfAnotherShapeToTheModel) {
  const Contract contract(Rules("- not_null: fare\n"), ContractAction::kReject);
  const auto info = TableModel();
  EXPECT_FALSE(contract.Check(info, Floats({1, 2}, {NAN, NAN})));
  EXPECT_FALSE(contract.Check(info, Floats({3}, {NAN, NAN, NAN})));
  EXPECT_FALSE(contract.Check(info, InferRequest{}));
}

TEST(Contract, KnowsAModelThatCameToThePlaceOfAnother) {
  const Contract contract(Rules("- between: {column: fare, min: 0}\n"), ContractAction::kReject);
  auto info = TableModel();
  EXPECT_TRUE(contract.Check(info, Floats({1, 3}, {1, -1, 1})));
  auto other = std::make_shared<ModelInfo>(*info);
  other->signature.columns = {{"fare"}, {"miles"}, {"seats"}};
  EXPECT_FALSE(contract.Check(other, Floats({1, 3}, {1, -1, 1})));
  EXPECT_TRUE(contract.Check(other, Floats({1, 3}, {-1, 1, 1})));
}

TEST(ContractedPredictor, RefusesBeforeTheModelIsAsked) {
  ModelServer server(
      {{"m", "1",
        std::string(MILLWRIGHT_SOURCE_DIR) + "/tests/data/models/flights_late_xgb/model.ubj"}});
  const auto info = server.Describe("m", "");
  const inference::TensorSpec& input = info->signature.inputs.front();
  const std::string first = input.name + "[0]";
  const auto contract = std::make_shared<const Contract>(
      Rules("- between: {column: \"" + first + "\", min: 0}\n"), ContractAction::kReject);
  FixedContracts book({{"m", contract}});
  ContractedPredictor contracted(server, book);
  const int64_t width = input.shape.at(1);
  const auto ask = [&](float value) {
    InferRequest request;
    request.model = "m";
    request.id = "1";
    std::vector<float> values(static_cast<size_t>(width), 1.0F);
    values[0] = value;
    request.inputs.push_back(Tensor::OfFloats(input.name, {1, width}, std::move(values)));
    const auto promise = std::make_shared<std::promise<Result<InferAnswer>>>();
    auto future = promise->get_future();
    contracted.Infer(std::move(request),
                     [promise](const Result<InferAnswer>& answer) { promise->set_value(answer); });
    return future.get();
  };
  EXPECT_TRUE(ask(5));
  const auto refused = ask(-5);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kInvalidArgument);
  EXPECT_EQ(refused.error().field(), first);
  EXPECT_NE(contracted.MetricsText().find("millwright_contract_rejected_total{model=\"m\"} 1\n"),
            std::string::npos)
      << contracted.MetricsText();
  InferRequest absent;
  absent.model = "n";
  contracted.Infer(std::move(absent), [](const Result<InferAnswer>& answer) {
    EXPECT_EQ(answer.error().code(), Code::kNotFound);
  });
}

}  // namespace
}  // namespace millwright::serving
