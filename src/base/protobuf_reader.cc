#include "base/protobuf_reader.h"

#include <cstring>

#include "base/error.h"

namespace millwright {
namespace {

constexpr int kVarintBytesMax = 10;

}  // namespace

int64_t ProtobufReader::Field::Int() const {
  if (type != WireType::kVarint) throw InvalidArgument("field {} is not a number", number);
  return static_cast<int64_t>(value);
}

std::string_view ProtobufReader::Field::Bytes() const {
  if (type != WireType::kBytes) throw InvalidArgument("field {} does not hold bytes", number);
  return bytes;
}

std::string_view ProtobufReader::Take(uint64_t count) {
  if (count > rest_.size()) {
    throw InvalidArgument("it ends early: {} bytes are announced, {} are left", count,
                          rest_.size());
  }
  const std::string_view taken = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return taken;
}

uint64_t ProtobufReader::Varint() {
  // Nearly all are tags and lengths of one byte.
  if (!rest_.empty() && static_cast<signed char>(rest_.front()) >= 0) {
    const char byte = rest_.front();
    rest_.remove_prefix(1);
    return static_cast<uint64_t>(byte);
  }
  uint64_t value = 0;
  for (int i = 0; i < kVarintBytesMax; ++i) {
    const auto byte = static_cast<unsigned char>(Take(1)[0]);
    value |= static_cast<uint64_t>(byte & 0x7F) << (7 * i);
    if ((byte & 0x80) == 0) return value;
  }
  throw InvalidArgument("a number is longer than {} bytes", kVarintBytesMax);
}

std::optional<ProtobufReader::Field> ProtobufReader::Next() {
  if (rest_.empty()) return std::nullopt;
  const uint64_t tag = Varint();
  Field field{.number = static_cast<uint32_t>(tag >> 3)};
  if (field.number == 0 || (tag >> 3) > 0x1FFFFFFF) {
    throw InvalidArgument("a field has the number {}", tag >> 3);
  }
  field.type = static_cast<WireType>(tag & 7);
  switch (field.type) {
    case WireType::kVarint:
      field.value = Varint();
      return field;
    case WireType::kFixed64:
      std::memcpy(&field.value, Take(8).data(), 8);
      return field;
    case WireType::kBytes:
      field.bytes = Take(Varint());
      return field;
    case WireType::kFixed32:
      std::memcpy(&field.value, Take(4).data(), 4);
      return field;
  }
  throw InvalidArgument("field {} has the wire type {}", field.number, tag & 7);
}

}  // namespace millwright
