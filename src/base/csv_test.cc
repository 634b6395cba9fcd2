#include "base/csv.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace millwright {
namespace {

// The records of a text, fields in brackets, or what is wrong with it.
std::string RecordsOf(std::string_view text) {
  CsvReader reader(text);
  std::vector<std::string_view> fields;
  std::string records;
  try {
    while (reader.Next(&fields)) {
      records += std::to_string(reader.line()) + ":";
      for (const std::string_view field : fields) records += "[" + std::string(field) + "]";
    }
  } catch (const Error& error) {
    return error.message();
  }
  return records;
}

TEST(CsvReader, ReadsWhatRfc4180Writes) {
  const std::pair<std::string_view, const char*> cases[] = {
      {"", ""},
      {"a,b\n1,2\n", "1:[a][b]2:[1][2]"},
      {"a,b\r\n1,2\r\n", "1:[a][b]2:[1][2]"},
      {"a,b\n1,2", "1:[a][b]2:[1][2]"},
      {"\xef\xbb\xbf"
       "a\n1\n",
       "1:[a]2:[1]"},
      {"a,,\n", "1:[a][][]"},
      {",\n", "1:[][]"},
      {"\n\na\n\n1\n\n", "3:[a]5:[1]"},
      {"\"a\",\"b,c\"\n", "1:[a][b,c]"},
      {"\"\",x\n", "1:[][x]"},
      {"\"say \"\"hi\"\"\",\"\"\"\"\n", "1:[say \"hi\"][\"]"},
      {"\"two\nlines\",x\ny\n", "1:[two\nlines][x]3:[y]"},
      {"a\rb\n", "1:[a]2:[b]"},
  };
  for (const auto& [text, records] : cases) EXPECT_EQ(RecordsOf(text), records) << text;
}

TEST(CsvReader, BrokenRecordsNameTheirLine) {
  EXPECT_EQ(RecordsOf("a\n\"b\nc"), "CSV line 2: a quote is not closed");
  EXPECT_EQ(RecordsOf("a\nb\"c\"\n"),
            "CSV line 2: a quote inside of a field that does not begin with one");
  EXPECT_EQ(RecordsOf("\"a\"b\n"), "CSV line 1: text after a closing quote");
  EXPECT_EQ(RecordsOf(std::string(kCsvFieldsMax, ',')), "CSV line 1: more than 100000 fields");
}

TEST(CsvReader, ReadsWhatCsvFieldWrites) {
  const std::string texts[] = {"plain", "a,b", "say \"hi\"", "two\r\nlines", "\""};
  std::string line;
  for (const std::string& text : texts) line += (line.empty() ? "" : ",") + CsvField(text);
  CsvReader reader(line);
  std::vector<std::string_view> fields;
  ASSERT_TRUE(reader.Next(&fields));
  EXPECT_TRUE(std::equal(fields.begin(), fields.end(), std::begin(texts), std::end(texts)));
}

}  // namespace
}  // namespace millwright
