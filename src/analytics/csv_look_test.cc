#include "analytics/csv_look.h"

#include <gtest/gtest.h>

#include <fstream>

#include "analytics/session.h"
#include "base/error.h"
#include "base/file.h"

namespace millwright::analytics {
namespace {

class CsvLook : public testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(dir_.path() / name, std::ios::binary) << text;
    return (dir_.path() / name).string();
  }
  std::string MessageOf(const std::string& text) const {
    try {
      Session session;
      session.Query("SELECT * FROM " + ReadFileSql(Write("x.csv", text)));
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kInvalidArgument) << error.message();
      return error.message();
    }
    return "";
  }
  // Rows and columns.
  std::string ShapeOf(const std::string& text) const {
    Session session;
    const Table table = session.Query("SELECT * FROM " + ReadFileSql(Write("x.csv", text)));
    return std::to_string(table.row_count()) + "x" + std::to_string(table.columns().size());
  }
  const TempDir dir_;
};

std::string Lines(int count, const std::string& line) {
  std::string text;
  for (int i = 0; i < count; ++i) text += line;
  return text;
}

TEST_F(CsvLook, ALineOfAnotherLengthIsNamedWhereverItIs) {
  const std::string head = "id,x,y\n";
  EXPECT_EQ(MessageOf(head + Lines(2000, "1,2.5,tt\n") + "1,2,3,4\n"),
            "x.csv line 2002 has 4 fields, its first line has 3");
  EXPECT_EQ(MessageOf(head + Lines(2000, "1,2.5,tt\n") + "1,2\n"),
            "x.csv line 2002 has 2 fields, its first line has 3");
  EXPECT_EQ(MessageOf("a,b\n1,2\n3\n4,5,6\n"), "x.csv line 3 has 1 field, its first line has 2");
  // Beyond what is looked at DuckDB finds it.
  EXPECT_EQ(MessageOf(head + Lines(1'100'000, "1,2.5,tt\n") + "1,2,3,4\n"),
            "x.csv line 1100002 has 4 fields, not 3");
  EXPECT_EQ(MessageOf("a;b\n1;2\n" + Lines(10, "1,5;2\n") + "3\n"),
            "x.csv line 13 has 1 field, its first line has 2");
}

TEST_F(CsvLook, GoodFilesAreReadAsBefore) {
  EXPECT_EQ(ShapeOf("a,b\n1,2\n\n3,4\n\n"), "2x2");
  EXPECT_EQ(ShapeOf("a,b\r\n1,2\r\n3,4"), "2x2");
  EXPECT_EQ(ShapeOf("a;b\n1,5;2,5\n"), "1x2");
  EXPECT_EQ(ShapeOf("a,b\n1,\"x, y\"\n2,\"q \"\"z\"\" \n w\"\n"), "2x2");
  EXPECT_EQ(ShapeOf("a,b\n1,\"x \\\" y, z\"\n2,q\n"), "2x2");
  EXPECT_EQ(ShapeOf("a,b\n1,'x, y'\n2,q\n"), "2x2");
  EXPECT_EQ(ShapeOf("# remark\na,b\n1,2\n"), "1x2");
  EXPECT_EQ(ShapeOf("\n\na,b\n1,2\n"), "1x2");
  EXPECT_EQ(ShapeOf("x\n1\n\n3\n"), "3x1");
  EXPECT_EQ(ShapeOf("a,b\n"), "0x2");
  EXPECT_EQ(ShapeOf("1,2\n3,4\n"), "2x2");
}

TEST_F(CsvLook, EncodingsAreToldByAllOfTheFile) {
  const std::string late = "name,x\n" + Lines(100'000, "abc,1\n") + "\xE9t\xE9,2\n";
  EXPECT_EQ(TextEncodingOf(Write("late.csv", late)), TextEncoding::kLatin1);
  EXPECT_EQ(ShapeOf(late), "100001x2");
  EXPECT_EQ(TextEncodingOf(Write("u.csv", "\xEF\xBB\xBFname\n\xC3\xA9\n")), TextEncoding::kUtf8);
  EXPECT_EQ(TextEncodingOf(Write("cut.csv", "name\n\xC3")), TextEncoding::kLatin1);
  EXPECT_EQ(TextEncodingOf(Write("pair.csv", "name\n\xED\xA0\x80\n")), TextEncoding::kLatin1);
  const std::string utf16(
      "\xFF\xFE"
      "a\0,\0b\0\n\0"
      "1\0,\0\xE9\0\n\0",
      18);
  EXPECT_EQ(ShapeOf(utf16), "1x2");
  EXPECT_EQ(MessageOf(std::string("\xFE\xFF\0a\0\n", 6)),
            "x.csv is UTF-16 with the high byte first; write it as UTF-8");
}

TEST_F(CsvLook, WhatDuckDbSaysIsShort) {
  EXPECT_EQ(MessageOf("a,b\n1,x\n2," + std::string(5'000'000, 'y') + "\n"),
            "x.csv has a line of 5000003 bytes; 2000000 can be read");
  EXPECT_LT(MessageOf("a,b\n1,\"x, y\n2,q\n").size(), 200);
  const std::string text = MessageOf("a\n" + Lines(100'000, "1\n") + "x\n");
  EXPECT_EQ(text.substr(0, 20), "x.csv line 100002: E") << text;
  EXPECT_LT(text.size(), 200) << text;
}

}  // namespace
}  // namespace millwright::analytics
