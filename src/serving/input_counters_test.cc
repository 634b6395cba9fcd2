#include "serving/input_counters.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

namespace millwright::serving {
namespace {

using inference::DataType;
using inference::Signature;

template <typename T>
std::string_view BytesOf(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

// One column at a time, as it is defined.
template <typename T>
ColumnCounts CountOne(const std::vector<T>& values, size_t column, size_t width) {
  ColumnCounts counts;
  for (size_t i = column; i < values.size(); i += width) {
    const auto value = static_cast<double>(values[i]);
    if (!std::isfinite(value)) {
      ++counts.missing;
      continue;
    }
    counts.min = counts.count == 0 ? value : std::min(counts.min, value);
    counts.max = counts.count == 0 ? value : std::max(counts.max, value);
    ++counts.count;
    counts.sum += value;
    counts.sum_of_squares += value * value;
  }
  return counts;
}

template <typename T>
void Check(DataType type, size_t width, size_t rows, const std::vector<T>& odd_values) {
  SCOPED_TRACE("width " + std::to_string(width) + ", rows " + std::to_string(rows));
  Signature signature{
      .inputs = {{.name = "X", .type = type, .shape = {-1, static_cast<int64_t>(width)}}}};
  for (size_t i = 0; i < width; ++i) signature.columns.push_back({.name = std::to_string(i)});
  InputCounters counters(signature, {"2"});
  std::mt19937 random(static_cast<uint32_t>(width * 100 + rows));
  std::vector<T> values(width * rows);
  for (T& value : values) {
    value = static_cast<T>(static_cast<int>(random() % 2000) - 1000);
    const size_t odd = random() % 20;
    if (odd < odd_values.size()) value = odd_values[odd];
  }
  counters.Add("X", type, BytesOf(values));
  EXPECT_EQ(counters.Read()[0].count, 0);
  counters.Publish();
  const auto read = counters.Read();
  for (const ColumnCounts& one : read) {
    ASSERT_NE(one.column, "2");
    const ColumnCounts expected = CountOne(values, std::stoul(one.column), width);
    EXPECT_EQ(one.count, expected.count) << one.column;
    EXPECT_EQ(one.missing, expected.missing) << one.column;
    EXPECT_EQ(one.sum, expected.sum) << one.column;
    EXPECT_EQ(one.sum_of_squares, expected.sum_of_squares) << one.column;
    EXPECT_EQ(one.min, expected.min) << one.column;
    EXPECT_EQ(one.max, expected.max) << one.column;
  }
  EXPECT_EQ(read.size(), width > 2 ? width - 1 : width);
}

TEST(InputCounters, CountColumnsWhateverTheirNumberAndValues) {
  constexpr auto kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr auto kInfinity = std::numeric_limits<float>::infinity();
  for (size_t width = 1; width <= 13; ++width) {
    for (const size_t rows : {1, 2, 7, 64}) {
      Check<float>(DataType::kFp32, width, rows, {});
      Check<float>(DataType::kFp32, width, rows, {kNan, -0.0F, 1e-30F});
      Check<float>(DataType::kFp32, width, rows, {kNan, kInfinity, -kInfinity});
      Check<double>(DataType::kFp64, width, rows, {kNan, 1e300, -1e-300});
      Check<double>(DataType::kFp64, width, rows, {kNan, kInfinity});
      Check<int64_t>(DataType::kInt64, width, rows, {});
    }
  }
}

TEST(InputCounters, KeepTheRangeOverManyCalls) {
  const Signature signature{
      .inputs = {{.name = "X", .type = DataType::kFp32, .shape = {-1, 4}}},
      .columns = {{.name = "a"}, {.name = "b"}, {.name = "c"}, {.name = "d"}}};
  InputCounters counters(signature, {});
  constexpr auto kNan = std::numeric_limits<float>::quiet_NaN();
  counters.Add("X", DataType::kFp32, BytesOf(std::vector<float>{5, kNan, -1, 0}));
  counters.Add("X", DataType::kFp32, BytesOf(std::vector<float>{3, kNan, 7, 0}));
  counters.Publish();
  counters.Add("X", DataType::kFp32, BytesOf(std::vector<float>{4, kNan, 2, 0}));
  counters.Publish();
  counters.Publish();
  const auto read = counters.Read();
  EXPECT_EQ(read[0].count, 3);
  EXPECT_EQ(read[0].sum, 12);
  EXPECT_EQ(read[0].min, 3);
  EXPECT_EQ(read[0].max, 5);
  EXPECT_EQ(read[1].count, 0);
  EXPECT_EQ(read[1].missing, 3);
  EXPECT_EQ(read[1].min, 0);
  EXPECT_EQ(read[2].min, -1);
  EXPECT_EQ(read[2].max, 7);
}

}  // namespace
}  // namespace millwright::serving
