#include "base/log.h"

#include <gtest/gtest.h>

#include <string>

#include "base/log_trace.h"

namespace millwright {
namespace {

// What is behind the time of the line that `write` logs.
template <typename Write>
std::string Logged(Write&& write) {
  testing::internal::CaptureStderr();
  write();
  const std::string line = testing::internal::GetCapturedStderr();
  return line.substr(line.find("[room]"));
}

TEST(Log, QuotesValuesThatHoldBlanks) {
  const auto line = Logged([] {
    Log(LogLevel::kInfo, "room", "said", {{"plain", "a-1"}, {"blank", "a \"b\""}, {"empty", ""}});
  });
  EXPECT_EQ(line, "[room] said plain=a-1 blank=\"a \\\"b\\\"\" empty=\"\"\n");
}

TEST(Log, NamesTheInnermostTraceThatTheThreadIsIn) {
  const auto say = [] { Log(LogLevel::kInfo, "room", "said"); };
  const LogTrace none("");
  EXPECT_EQ(Logged(say), "[room] said\n");
  const LogTrace outer("4bf92f3577b34da6a3ce929d0e0e4736");
  {
    const LogTrace inner("0af7651916cd43dd8448eb211c80319c");
    EXPECT_EQ(Logged(say), "[room] said trace=0af7651916cd43dd8448eb211c80319c\n");
    const LogTrace unknown("");
    EXPECT_EQ(Logged(say), "[room] said trace=0af7651916cd43dd8448eb211c80319c\n");
  }
  EXPECT_EQ(Logged(say), "[room] said trace=4bf92f3577b34da6a3ce929d0e0e4736\n");
}

}  // namespace
}  // namespace millwright
