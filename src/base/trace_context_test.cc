#include "base/trace_context.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace millwright {
namespace {

constexpr std::string_view kGood = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(TraceContext, IsReadAndWrittenAsTheSpecificationSays) {
  const auto context = ParseTraceContext(kGood, "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7");
  ASSERT_TRUE(context);
  EXPECT_EQ(context->trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(context->span_id, "00f067aa0ba902b7");
  EXPECT_TRUE(context->sampled);
  EXPECT_EQ(context->state, "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7");
  EXPECT_EQ(Traceparent(*context), kGood);
  const TraceContext child = ChildOf(*context);
  EXPECT_EQ(child.trace_id, context->trace_id);
  EXPECT_NE(child.span_id, context->span_id);
  EXPECT_EQ(child.parent_id, context->span_id);
  EXPECT_EQ(ParseTraceContext(Traceparent(child), "")->span_id, child.span_id);
}

TEST(TraceContext, FlagsThatAreNotKnownAreDropped) {
  const std::string base(kGood.substr(0, 53));
  EXPECT_EQ(Traceparent(*ParseTraceContext(base + "03", "")), base + "01");
  EXPECT_EQ(Traceparent(*ParseTraceContext(base + "fe", "")), base + "00");
}

TEST(TraceContext, ALaterVersionMaySayMore) {
  const std::string later = "cc" + std::string(kGood.substr(2));
  EXPECT_TRUE(ParseTraceContext(later, ""));
  EXPECT_TRUE(ParseTraceContext(later + "-what-the-future-brings", ""));
  EXPECT_FALSE(ParseTraceContext(later + ".more", ""));
}

TEST(TraceContext, WhatIsNotAllowedIsNone) {
  const std::string good(kGood);
  const std::vector<std::string> bad = {"",
                                        "00",
                                        good + "-",
                                        good + "x",
                                        good.substr(0, 54),
                                        " " + good,
                                        "ff" + good.substr(2),
                                        "0X" + good.substr(2),
                                        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                                        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                                        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                                        "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
                                        "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x"};
  for (const std::string& text : bad) {
    EXPECT_FALSE(ParseTraceContext(text, "a=b")) << text;
  }
}

TEST(TraceContext, AStateThatIsNotAllowedIsLeftOut) {
  std::string many;
  for (size_t i = 0; i <= kTraceStateMembersMax; ++i) many += "k" + std::to_string(i) + "=v,";
  for (const std::string& state :
       {std::string("novalue"), std::string("=v"), std::string("a=\x01"), many,
        "a=" + std::string(kTraceStateBytesMax, 'b'), std::string(" , ")}) {
    const auto context = ParseTraceContext(kGood, state);
    ASSERT_TRUE(context);
    EXPECT_EQ(context->state, "") << state;
  }
}

}  // namespace
}  // namespace millwright
