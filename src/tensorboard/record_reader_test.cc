#include "tensorboard/record_reader.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "tensorboard/test_event_writer.h"

namespace millwright::tensorboard {
namespace {

using testing::Raw;
using testing::Record;

std::vector<std::string> RecordsOf(RecordReader& reader) {
  std::vector<std::string> records;
  while (const auto record = reader.Next()) records.emplace_back(*record);
  return records;
}

std::string Refusal(const std::string& bytes) {
  RecordReader reader(bytes);
  try {
    RecordsOf(reader);
  } catch (const Error& error) {
    return error.message();
  }
  return "nothing was refused";
}

TEST(Crc32c, IsThatOfTheStandard) {
  // RFC 3720, B.4, and the check value of the catalogue of CRCs.
  std::string rising, falling;
  for (int i = 0; i < 32; ++i) {
    rising += static_cast<char>(i);
    falling += static_cast<char>(31 - i);
  }
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(Crc32c(std::string(32, '\xFF')), 0x62A8AB43U);
  EXPECT_EQ(Crc32c(rising), 0x46DD794EU);
  EXPECT_EQ(Crc32c(falling), 0x113FDB5CU);
  EXPECT_EQ(Crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(Crc32c(""), 0U);
}

TEST(RecordReader, ReadsRecordsOfAnySize) {
  const std::string long_one(100'000, 'x');
  const std::string file = Record("") + Record("abc") + Record(long_one);
  RecordReader reader(file);
  EXPECT_EQ(RecordsOf(reader), (std::vector<std::string>{"", "abc", long_one}));
  EXPECT_EQ(reader.consumed(), file.size());
}

TEST(RecordReader, WaitsForThePartOfARecordAtEveryCut) {
  const std::string whole = Record("first");
  const std::string file = whole + Record("second");
  for (size_t cut = whole.size(); cut < file.size(); ++cut) {
    RecordReader reader(std::string_view(file).substr(0, cut));
    EXPECT_EQ(RecordsOf(reader), std::vector<std::string>{"first"});
    EXPECT_EQ(reader.consumed(), whole.size());
    const uint64_t wanted =
        cut - whole.size() < kRecordHeaderBytes ? kRecordHeaderBytes : file.size() - whole.size();
    EXPECT_EQ(reader.wanted(), wanted) << cut;
  }
}

TEST(RecordReader, TellsDamageOfLengthFromDamageOfData) {
  std::string bad_length = Record("abc");
  bad_length[0] ^= 1;
  EXPECT_EQ(Refusal(bad_length), "the checksum of a record's length is wrong");
  std::string bad_data = Record("abc");
  bad_data[13] ^= 1;
  EXPECT_EQ(Refusal(bad_data), "the checksum of a record's data is wrong");
  EXPECT_EQ(Refusal("this is a text and no event file"),
            "the checksum of a record's length is wrong");
}

TEST(RecordReader, StepsOverARecordThatIsTooLong) {
  const std::string length = Raw(std::vector<uint64_t>{kRecordBytesMax + 1});
  const std::string head = length + Raw(std::vector{MaskedCrc(Crc32c(length))});
  RecordReader reader(head);
  EXPECT_EQ(reader.Next(), std::nullopt);
  EXPECT_EQ(reader.consumed(), kRecordBytesMax + 1 + kRecordFrameBytes);
  EXPECT_EQ(reader.skipped(), 1);
}

}  // namespace
}  // namespace millwright::tensorboard
