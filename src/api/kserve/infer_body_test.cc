#include "api/kserve/infer_body.h"

#include <gtest/gtest.h>

#include <limits>

#include "api/kserve/raw_tensor.h"
#include "api/prediction/tensor_json.h"

namespace millwright::api::kserve {
namespace {

using inference::DataType;
using inference::Tensor;

TEST(RawTensor, StringsSurviveTheWayThereAndBack) {
  Tensor tensor{.name = "t", .type = DataType::kBytes, .shape = {3}};
  tensor.strings = {"", "ä", std::string("\0\xff", 2)};
  std::string raw;
  EXPECT_EQ(AppendRaw(tensor, &raw), 16u);
  Tensor back{.name = "t", .type = DataType::kBytes, .shape = {3}};
  ReadRaw(raw, &back);
  EXPECT_EQ(back.strings, tensor.strings);
}

TEST(RawTensor, CutStringsAreRefused) {
  for (const std::string& raw : {std::string("\1\0\0", 3), std::string("\2\0\0\0x", 5)}) {
    Tensor tensor{.name = "t", .type = DataType::kBytes, .shape = {1}};
    EXPECT_THROW(ReadRaw(raw, &tensor), Error);
  }
}

TEST(TensorJson, WritesTheShortestNumbersAndNoInvalidJson) {
  const float inf = std::numeric_limits<float>::infinity();
  const Tensor tensor = Tensor::OfFloats(
      "t", {2, 3}, {0.1f, 1, -2.5e-8f, std::numeric_limits<float>::quiet_NaN(), inf, -inf});
  std::string flat;
  prediction::AppendFlat(tensor, {}, &flat);
  EXPECT_EQ(flat, R"([0.1,1,-2.5e-08,null,"Infinity","-Infinity"])");
  std::string nested;
  prediction::AppendNested(tensor, {}, &nested);
  EXPECT_EQ(nested, R"([[0.1,1,-2.5e-08],[null,"Infinity","-Infinity"]])");
}

TEST(TensorJson, RefusesTextThatIsNotUtf8) {
  Tensor tensor{.name = "t", .type = DataType::kBytes, .shape = {1}};
  tensor.strings = {"\xff"};
  std::string out;
  EXPECT_THROW(prediction::AppendFlat(tensor, {}, &out), Error);
}

}  // namespace
}  // namespace millwright::api::kserve
