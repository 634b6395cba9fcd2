#include "base/json.h"

#include <fmt/format.h>
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

TEST(JsonWriter, EscapesEveryByteWhereverItStands) {
  for (int byte = 0; byte < 256; ++byte) {
    for (size_t at = 0; at < 20; ++at) {
      std::string text = "twenty bytes of text";
      text[at] = static_cast<char>(byte);
      std::string escaped(1, static_cast<char>(byte));
      if (byte < ' ') escaped = fmt::format("\\u{:04x}", byte);
      if (byte == '\n') escaped = "\\n";
      if (byte == '\r') escaped = "\\r";
      if (byte == '\t') escaped = "\\t";
      if (byte == '"' || byte == '\\') escaped.insert(0, "\\");
      std::string expected = "twenty bytes of text";
      expected.replace(at, 1, escaped);
      std::string written;
      AppendJsonString(text, &written);
      ASSERT_EQ(written, '"' + expected + '"') << byte << " at " << at;
    }
  }
}

TEST(Json, IndentsForPeople) {
  EXPECT_EQ(ParseJson(R"({"a":[1,2],"b":{}})").Dump(2),
            "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {}\n}");
}

}  // namespace
}  // namespace millwright
