#include "base/valid_text.h"

#include <gtest/gtest.h>

namespace millwright {
namespace {

TEST(ValidText, ReplacesWhatNoDatabaseTakes) {
  EXPECT_EQ(ValidText("Zürich ✓ 😀"), "Zürich ✓ 😀");
  EXPECT_EQ(ValidText(std::string_view("a\0b", 3)),
            "a\xEF\xBF\xBD"
            "b");
  for (const char* bad : {"\xC0\x80", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\xE2\x82", "\x80"})
    EXPECT_NE(ValidText(bad), bad);
}

}  // namespace
}  // namespace millwright
