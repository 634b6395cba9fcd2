#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace millwright::tensorboard {

// The longest record that is read; a longer one, such as a very large graph, is stepped over.
inline constexpr uint64_t kRecordBytesMax = 32 << 20;
// What a record has beside its data: its length, the length's checksum and the data's checksum.
inline constexpr uint64_t kRecordHeaderBytes = 12;
inline constexpr uint64_t kRecordFrameBytes = kRecordHeaderBytes + 4;

// Takes a piece of an event file apart into its records (TFRecord: uint64 length, masked CRC-32C of
// the length, data, masked CRC-32C of the data). The piece begins where a record begins and may end
// anywhere: a part of a record at the end is what a growing file looks like. Holds a view.
class RecordReader {
 public:
  explicit RecordReader(std::string_view bytes) : bytes_(bytes) {}

  // The data of the next whole record, nothing when there is none in these bytes. Steps over
  // records longer than kRecordBytesMax. Throws kInvalidArgument when the bytes are no records:
  // what follows cannot be read either.
  std::optional<std::string_view> Next();

  // Where the next record begins, counted from the first byte. It lies beyond the piece when the
  // last record was stepped over.
  uint64_t consumed() const { return consumed_; }
  // How many bytes from consumed() on are needed to go on.
  uint64_t wanted() const { return wanted_; }
  // How many records were stepped over.
  int64_t skipped() const { return skipped_; }

 private:
  const std::string_view bytes_;
  uint64_t consumed_ = 0;
  uint64_t wanted_ = kRecordHeaderBytes;
  int64_t skipped_ = 0;
};

}  // namespace millwright::tensorboard
