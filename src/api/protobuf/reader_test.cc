#include "api/protobuf/reader.h"

#include <gtest/gtest.h>

#include "api/protobuf/writer.h"
#include "base/error.h"

namespace millwright::api::protobuf {
namespace {

TEST(ProtobufReader, ReadsWhatTheWriterWrites) {
  std::string message;
  Writer(&message)
      .Uint(1, UINT64_MAX)
      .Int(2, -1)
      .Text(300, "tëxt")
      .Ints(4, {0, -1, INT64_MAX})
      .Bool(5, false)
      .Sub(6, "");
  std::vector<uint32_t> numbers;
  for (Reader reader(message); reader.Next();) {
    numbers.push_back(reader.number());
    if (reader.number() == 1) EXPECT_EQ(reader.Varint(), UINT64_MAX);
    if (reader.number() == 2) EXPECT_EQ(reader.Int64(), -1);
    if (reader.number() == 300) EXPECT_EQ(reader.Text(), "tëxt");
    if (reader.number() == 4) {
      std::vector<uint64_t> values;
      reader.AppendVarints(&values);
      EXPECT_EQ(values, (std::vector<uint64_t>{0, UINT64_MAX, uint64_t{INT64_MAX}}));
    }
    if (reader.number() == 6) EXPECT_EQ(reader.Bytes(), "");
  }
  EXPECT_EQ(numbers, (std::vector<uint32_t>{1, 2, 300, 4, 6}));
}

TEST(ProtobufReader, RefusesBytesThatAreNoMessage) {
  const std::vector<std::string> bad = {
      std::string("\x08"),         // a number that is missing
      std::string(11, '\xff'),     // one that never ends
      std::string("\x00\x01", 2),  // field 0
      std::string("\x0a\x05"
                  "abc"),                                           // cut short
      std::string("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),  // longer than all memory
      std::string("\x0b\x0c"),                                      // a group
      std::string("\x0e"),                                          // no kind at all
      std::string("\x0d\x01\x02"),                                  // four bytes cut short
  };
  for (const std::string& bytes : bad) {
    EXPECT_THROW(
        {
          for (Reader reader(bytes); reader.Next();) {
          }
        },
        Error);
  }
}

TEST(ProtobufReader, RefusesAFieldOfAnotherKindAndTextThatIsNot) {
  std::string message;
  Writer(&message).Text(1, "\xff\xfe");
  Reader reader(message);
  ASSERT_TRUE(reader.Next());
  EXPECT_EQ(reader.Bytes(), "\xff\xfe");
  EXPECT_THROW(reader.Text(), Error);
  EXPECT_THROW(reader.Varint(), Error);
  std::vector<char> bytes;
  EXPECT_THROW(reader.AppendFixed32(&bytes), Error);
}

}  // namespace
}  // namespace millwright::api::protobuf
