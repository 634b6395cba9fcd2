#include "tensorboard/record_reader.h"

#include <cstring>

#include "base/crc32c.h"
#include "base/error.h"

namespace millwright::tensorboard {
namespace {

// No file is longer: a length beyond it is damage that its checksum happens to fit.
constexpr uint64_t kFileBytesMax = uint64_t{1} << 50;

uint32_t Fixed32(std::string_view bytes) {
  uint32_t value = 0;
  std::memcpy(&value, bytes.data(), sizeof(value));
  return value;
}

}  // namespace

std::optional<std::string_view> RecordReader::Next() {
  while (consumed_ <= bytes_.size()) {
    wanted_ = kRecordHeaderBytes;
    const std::string_view rest = bytes_.substr(consumed_);
    if (rest.size() < kRecordHeaderBytes) return std::nullopt;
    uint64_t length = 0;
    std::memcpy(&length, rest.data(), sizeof(length));
    if (MaskedCrc(Crc32c(rest.substr(0, 8))) != Fixed32(rest.substr(8)) || length > kFileBytesMax)
      throw InvalidArgument("the checksum of a record's length is wrong");
    if (length > kRecordBytesMax) {
      ++skipped_;
      consumed_ += length + kRecordFrameBytes;
      continue;
    }
    wanted_ = length + kRecordFrameBytes;
    if (rest.size() < wanted_) return std::nullopt;
    const std::string_view data = rest.substr(kRecordHeaderBytes, length);
    if (MaskedCrc(Crc32c(data)) != Fixed32(rest.substr(kRecordHeaderBytes + length)))
      throw InvalidArgument("the checksum of a record's data is wrong");
    consumed_ += wanted_;
    wanted_ = kRecordHeaderBytes;
    return data;
  }
  return std::nullopt;
}

}  // namespace millwright::tensorboard
