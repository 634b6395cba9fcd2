#include "cli/reference.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace millwright::cli {
namespace {

void ExpectReference(std::string_view text, const std::string& name, const std::string& version) {
  const Reference reference = ParseReference(text);
  EXPECT_EQ(reference.name, name) << text;
  EXPECT_EQ(reference.version, version) << text;
}

TEST(Reference, IsWrittenAsPeopleAndMlflowWriteIt) {
  ExpectReference("flights", "flights", "");
  ExpectReference("flights@2", "flights", "2");
  ExpectReference("team/flights@champion", "team/flights", "champion");
  ExpectReference("models:/flights/2", "flights", "2");
  ExpectReference("models:/flights@champion", "flights", "champion");
  ExpectReference("models:/flights", "flights", "");
}

TEST(Reference, RefusesHalves) {
  for (const char* text : {"@2", "flights@", "models:/flights/", "models:/@x"}) {
    EXPECT_THROW(ParseReference(text), Error) << text;
  }
}

}  // namespace
}  // namespace millwright::cli
