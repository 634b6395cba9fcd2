#include "serving/frame.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace millwright::serving {
namespace {

using inference::DataType;
using inference::Tensor;

std::string_view BodyOf(const std::string& frame) {
  return std::string_view(frame).substr(sizeof(FrameHead));
}

InferRequest SomeRequest() {
  Tensor text{.name = "t", .type = DataType::kBytes, .shape = {2}};
  text.strings = {"", std::string("\0ä", 3)};
  return {.model = "m",
          .version = "7",
          .id = "id",
          .event_time_ms = -5,
          .inputs = {Tensor::OfFloats("X", {1, 2}, {1.5f, -2}), text},
          .params = Json::Of({{"top_k", 3}}),
          .trace = TraceContext{.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736", .span_id = ""}};
}

TEST(Frame, ARequestSurvivesTheWay) {
  const InferRequest request = SomeRequest();
  const InferRequest back = DecodeInfer(BodyOf(EncodeInfer(request)));
  EXPECT_EQ(back.model, "m");
  EXPECT_EQ(back.version, "7");
  EXPECT_EQ(back.id, "id");
  EXPECT_EQ(back.event_time_ms, -5);
  EXPECT_EQ(TraceIdOf(back), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(back.params, request.params);
  ASSERT_EQ(back.inputs.size(), 2u);
  EXPECT_EQ(back.inputs[0].data, request.inputs[0].data);
  EXPECT_EQ(back.inputs[0].shape, request.inputs[0].shape);
  EXPECT_EQ(back.inputs[1].strings, request.inputs[1].strings);
  EXPECT_EQ(back.inputs[1].type, DataType::kBytes);
}

TEST(Frame, AnErrorSurvivesTheWay) {
  const Error error = InvalidArgument("Input X: no").WithField("X");
  const Error back = DecodeError(BodyOf(EncodeError(error)));
  EXPECT_EQ(back.code(), Code::kInvalidArgument);
  EXPECT_EQ(back.message(), "Input X: no");
  EXPECT_EQ(back.field(), "X");
}

TEST(Frame, AnOrderSurvivesTheWay) {
  const ReplicaOrder back = DecodeBecome(BodyOf(EncodeBecome({"m@1=/p", "/s", "/l"})));
  EXPECT_EQ(back.model, "m@1=/p");
  EXPECT_EQ(back.socket, "/s");
  EXPECT_EQ(back.log, "/l");
  EXPECT_EQ(DecodeRest(BodyOf(EncodeRest("/r"))), "/r");
}

TEST(Frame, ADescriptionSurvivesTheWay) {
  ModelInfo info{.name = "m", .versions = {"1", "2"}, .version = "2", .platform = "xgboost"};
  info.signature.inputs = {{.name = "X", .type = DataType::kFp32, .shape = {-1, 3}}};
  info.signature.columns = {{.name = "a", .optional = true}};
  const ModelInfo back = DecodeDescription(BodyOf(EncodeDescription(info)));
  EXPECT_EQ(back.versions, info.versions);
  EXPECT_EQ(back.platform, "xgboost");
  EXPECT_EQ(SignatureToJson(back.signature), SignatureToJson(info.signature));
}

TEST(Frame, EveryCutBodyIsRefused) {
  const std::string frame = EncodeInfer(SomeRequest());
  for (size_t size = 0; size < BodyOf(frame).size(); ++size) {
    EXPECT_THROW(DecodeInfer(BodyOf(frame).substr(0, size)), Error) << size;
  }
}

TEST(Frame, ImpossibleLengthsAreRefusedWithoutMemory) {
  std::string frame = EncodeInfer(SomeRequest());
  for (size_t at = sizeof(FrameHead); at + 8 <= frame.size(); at += 8) {
    std::string broken = frame;
    broken.replace(at, 8, 8, '\x7f');
    try {
      DecodeInfer(BodyOf(broken));
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kInternal);
    }
  }
  EXPECT_FALSE(IsPlausible({.body_bytes = kFrameBytesMax + 1}));
  EXPECT_FALSE(IsPlausible({.magic = 1}));
}

}  // namespace
}  // namespace millwright::serving
