#include "base/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"

namespace millwright {
namespace {

std::string ErrorOf(std::string_view text) {
  try {
    ParseJson(text);
  } catch (const Error& error) {
    return std::string(CodeName(error.code()));
  }
  return "";
}

TEST(Json, PrintsWhatItParsed) {
  for (const char* text : {"null", "true", "[]", "{}", "-7", "0.25", "\"a\\u0001\\n\\\"\"",
                           R"({"b":[1,2.5,"x"],"a":{"n":null,"t":true}})", "9223372036854775807"}) {
    EXPECT_EQ(ParseJson(text).Dump(), text);
  }
}

TEST(Json, KeepsIntegersAndDoublesApart) {
  EXPECT_TRUE(ParseJson("1").is_int());
  EXPECT_TRUE(ParseJson("1.0").is_double());
  EXPECT_EQ(ParseJson("1.0").Dump(), "1.0");
  EXPECT_EQ(ParseJson("1.0").AsInt(), 1);
}

TEST(Json, WritesWhatJsonLacksAsText) {
  EXPECT_EQ(Json(std::numeric_limits<double>::quiet_NaN()).Dump(), "\"NaN\"");
  EXPECT_EQ(Json(-std::numeric_limits<double>::infinity()).Dump(), "\"-Infinity\"");
}

TEST(Json, RefusesMalformedAndTooDeepDocuments) {
  for (const char* text : {"", "{", "[1,]", "{\"a\":}", "nul", "\"\xff\"", "1 2"})
    EXPECT_EQ(ErrorOf(text), "invalid_argument") << text;
  EXPECT_EQ(ErrorOf(std::string(100'000, '[')), "invalid_argument");
}

TEST(Json, NamesTheFieldThatIsToBlame) {
  const Json json = ParseJson(R"({"port": "x"})");
  try {
    json.GetInt("port");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.field(), "port");
    EXPECT_EQ(error.message(), "port must be an integer, not string");
  }
}

TEST(JsonWriter, PlacesCommas) {
  std::string out;
  JsonWriter(&out)
      .BeginObject()
      .Field("a", 1)
      .Key("b")
      .BeginArray()
      .Int(1)
      .String("x")
      .BeginObject()
      .EndObject()
      .EndArray()
      .Field("c", 0.1)
      .Field("d", true)
      .EndObject();
  EXPECT_EQ(out, R"({"a":1,"b":[1,"x",{}],"c":0.1,"d":true})");
}

TEST(Json, IndentsForPeople) {
  EXPECT_EQ(ParseJson(R"({"a":[1,2],"b":{}})").Dump(2),
            "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {}\n}");
}

}  // namespace
}  // namespace millwright
