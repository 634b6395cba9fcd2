#include "base/clock.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace millwright {
namespace {

TEST(Clock, FormatsAndParsesTimes) {
  EXPECT_EQ(FormatTime(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(FormatTime(991373400123), "2001-06-01T05:30:00.123Z");
  EXPECT_EQ(FormatTime(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(ParseTime("2001-06-01T05:30:00.123Z"), 991373400123);
  EXPECT_EQ(ParseTime("2001-06-01 07:30:00.123+02:00"), 991373400123);
  EXPECT_EQ(ParseTime("2001-06-01"), 991353600000);
}

TEST(Clock, RefusesWhatIsNoTime) {
  for (const char* text : {"", "2001", "2001-02-30", "2001-01-01T25:00", "2001-01-01T10:00:00x"})
    EXPECT_THROW(ParseTime(text), Error) << text;
}

}  // namespace
}  // namespace millwright
