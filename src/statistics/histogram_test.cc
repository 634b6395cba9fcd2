#include "statistics/histogram.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "statistics/test_golden.h"

namespace millwright::statistics {
namespace {

BinRule RuleOf(const std::string& text) {
  if (text.find("doane") != std::string::npos) return BinRule::kDoane;
  if (text.find("fd") != std::string::npos) return BinRule::kFreedman;
  if (text.find("scott") != std::string::npos) return BinRule::kScott;
  return text.find("auto") != std::string::npos ? BinRule::kAuto : BinRule::kSturges;
}

// The sample that a rule's edges are made from.
std::vector<double> SampleOf(const std::string& rule, const ColumnPair& pair) {
  if (rule.find("on reference") != std::string::npos) return pair.reference;
  std::vector<double> both = pair.reference;
  both.insert(both.end(), pair.current.begin(), pair.current.end());
  if (rule.find("unique") == std::string::npos) return both;
  std::sort(both.begin(), both.end());
  both.erase(std::unique(both.begin(), both.end()), both.end());
  return both;
}

std::vector<int64_t> CountsOf(const Json& row, const std::string& key) {
  std::vector<int64_t> counts;
  for (const Json& count : row.At(key).AsArray()) counts.push_back(count.AsInt());
  return counts;
}

TEST(Histogram, HasTheBinsOfNumpy) {
  Golden golden;
  int compared = 0;
  for (const Json& row : golden.Rows("binning")) {
    const ColumnPair pair = golden.Pair(row);
    if (row.Has("keys")) {
      EXPECT_EQ(pair.reference_counts, CountsOf(row, "reference_counts"));
      EXPECT_EQ(pair.current_counts, CountsOf(row, "current_counts"));
      continue;
    }
    const std::string rule = row.GetString("rule");
    // numpy looks at the type of what it bins: the reference alone, or both.
    const bool of_reference = rule.find("on reference") != std::string::npos;
    const ValueType type =
        of_reference ? golden.Column(row.GetString("reference")).type : pair.type;
    const std::vector<double> edges = HistogramEdges(SampleOf(rule, pair), RuleOf(rule), type);
    const auto& expected = row.At("edges").AsArray();
    ASSERT_EQ(edges.size(), expected.size()) << row.Dump().substr(0, 200);
    for (size_t i = 0; i < edges.size(); ++i) {
      EXPECT_TRUE(IsNear(NumberOf(expected[i]), edges[i], 1e-9)) << row.Dump().substr(0, 200);
    }
    EXPECT_EQ(CountInEdges(pair.reference, edges), CountsOf(row, "reference_counts"))
        << row.Dump().substr(0, 200);
    if (row.Has("current_counts")) {
      EXPECT_EQ(CountInEdges(pair.current, edges), CountsOf(row, "current_counts"));
    }
    ++compared;
  }
  EXPECT_EQ(compared, 372);
}

TEST(Histogram, RefusesMoreBinsThanItCanHold) {
  std::vector<double> sample(1000, 0.0);
  for (size_t i = 0; i < sample.size(); ++i) sample[i] = static_cast<double>(i) * 1e-9;
  sample.push_back(1e12);
  EXPECT_THROW(HistogramEdges(sample, BinRule::kFreedman, ValueType::kReal), Error);
}

}  // namespace
}  // namespace millwright::statistics
