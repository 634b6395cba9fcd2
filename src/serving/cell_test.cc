#include "serving/cell.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/error.h"

namespace millwright::serving {
namespace {

using inference::DataType;
using inference::Tensor;

// The element as text after storing the cell, or what is wrong with it.
std::string Stored(DataType type, const Cell& cell) {
  Tensor tensor{.name = "t", .type = type, .shape = {1}};
  ResizeTensor(1, &tensor);
  try {
    StoreCell(cell, 0, &tensor);
  } catch (const Error& error) {
    return error.message();
  }
  switch (type) {
    case DataType::kFp16:
      return fmt::format("{}", DoubleFromHalf(*tensor.As<uint16_t>()));
    case DataType::kFp32:
      return fmt::format("{}", *tensor.As<float>());
    case DataType::kFp64:
      return fmt::format("{}", *tensor.As<double>());
    case DataType::kInt8:
      return fmt::format("{}", *tensor.As<int8_t>());
    case DataType::kInt64:
      return fmt::format("{}", *tensor.As<int64_t>());
    case DataType::kUint64:
      return fmt::format("{}", *tensor.As<uint64_t>());
    case DataType::kBool:
      return tensor.data[0] != 0 ? "true" : "false";
    default:
      return tensor.strings.at(0);
  }
}

TEST(Cell, ConvertsOnlyWhatLosesNothing) {
  struct Case {
    DataType type;
    Cell cell;
    std::string expected;
  };
  const Case cases[] = {
      {DataType::kFp32, 0.5, "0.5"},
      {DataType::kFp32, int64_t{3}, "3"},
      {DataType::kFp32, Cell(), "nan"},
      {DataType::kFp32, 1e39, "a value does not fit FP32"},
      {DataType::kFp32, INFINITY, "inf"},
      {DataType::kFp32, true, "expected FP32, got boolean"},
      {DataType::kFp64, 1e39, "1e+39"},
      {DataType::kFp16, 65504.0, "65504"},
      {DataType::kFp16, 65536.0, "a value does not fit FP16"},
      {DataType::kInt8, int64_t{-128}, "-128"},
      {DataType::kInt8, uint64_t{128}, "a value does not fit INT8"},
      {DataType::kInt8, 3.0, "3"},
      {DataType::kInt8, 3.5, "expected INT8, got a number with a fraction"},
      {DataType::kInt8, NAN, "expected INT8, got a number with a fraction"},
      {DataType::kInt64, Cell(), "expected INT64, got null"},
      {DataType::kInt64, 1e16, "a value does not fit INT64"},
      {DataType::kUint64, uint64_t{18446744073709551615u}, "18446744073709551615"},
      {DataType::kUint64, int64_t{-1}, "a value does not fit UINT64"},
      {DataType::kBool, true, "true"},
      {DataType::kBool, int64_t{1}, "expected BOOL, got integer"},
      {DataType::kBytes, std::string_view("ä"), "ä"},
      {DataType::kBytes, 1.0, "expected BYTES, got number"},
  };
  for (const Case& one : cases) EXPECT_EQ(Stored(one.type, one.cell), one.expected);
}

TEST(Cell, ReadsTextAsPandasDoes) {
  struct Case {
    DataType type;
    std::string_view text;
    std::string expected;
  };
  const Case cases[] = {
      {DataType::kFp64, "1.5", "1.5"},
      {DataType::kFp64, " +2e3 ", "2000"},
      {DataType::kFp64, "", "nan"},
      {DataType::kFp64, "NA", "nan"},
      {DataType::kFp64, "-inf", "-inf"},
      {DataType::kFp64, "1,5", "expected FP64, got string"},
      {DataType::kFp64, "true", "expected FP64, got string"},
      {DataType::kInt64, "9223372036854775807", "9223372036854775807"},
      {DataType::kUint64, "18446744073709551615", "18446744073709551615"},
      {DataType::kInt64, "3.0", "3"},
      {DataType::kInt64, "", "expected INT64, got null"},
      {DataType::kBool, "True", "true"},
      {DataType::kBool, "1", "expected BOOL, got string"},
      {DataType::kBytes, " NA ", " NA "},
      {DataType::kBytes, "", ""},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(Stored(one.type, CellOfText(one.text, one.type)), one.expected) << one.text;
  }
}

TEST(Cell, TakesAFloatForTheDecimalThatWasMeant) {
  const std::pair<float, double> cases[] = {{0.1F, 0.1},
                                            {13.97F, 13.97},
                                            {-0.05F, -0.05},
                                            {33.6367F, 33.6367},
                                            {123456.7F, 123456.7},
                                            {1e-7F, 1e-7},
                                            {1.17e-30F, 1.17e-30},
                                            {0.98213541F, 0.9821354},
                                            {3, 3},
                                            {16777216, 16777216},
                                            {1.5e38F, static_cast<double>(1.5e38F)},
                                            {0, 0}};
  for (const auto& [given, expected] : cases) EXPECT_EQ(DecimalOf(given), expected);
  EXPECT_TRUE(std::isnan(DecimalOf(NAN)));
  EXPECT_EQ(DecimalOf(-INFINITY), -INFINITY);
  EXPECT_TRUE(std::signbit(DecimalOf(-0.0F)));
  // Of every kind of float: the same float again, and no decimal of fewer digits is.
  for (uint32_t bits = 1; bits < 0x7F80'0000; bits += 4'999) {
    float value = 0;
    std::memcpy(&value, &bits, sizeof value);
    const double decimal = DecimalOf(value);
    ASSERT_EQ(static_cast<float>(decimal), value);
    ASSERT_EQ(DecimalOf(-value), -decimal);
    if (value >= 1 << 24) continue;
    ASSERT_EQ(decimal, std::stod(fmt::format("{}", value)));
  }
}

}  // namespace
}  // namespace millwright::serving
