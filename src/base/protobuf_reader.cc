#include "base/protobuf_reader.h"

#include <cstring>

#include "base/error.h"

namespace millwright {
namespace {

constexpr int kVarintBytesMax = 10;

// Where a field ends that has a tag of one byte and is short; nothing where it takes Next to tell.
// More than kVarintBytesMax bytes follow the tag.
const char* EndOfShortField(const char* at, const char* end) {
  const auto tag = static_cast<unsigned char>(*at);
  switch (static_cast<ProtobufReader::WireType>(tag & 7)) {
    case ProtobufReader::WireType::kVarint:
      for (int i = 1; i <= kVarintBytesMax; ++i) {
        if (static_cast<signed char>(at[i]) >= 0) return at + i + 1;
      }
      return nullptr;
    case ProtobufReader::WireType::kFixed64:
      return at + 9;
    case ProtobufReader::WireType::kFixed32:
      return at + 5;
    case ProtobufReader::WireType::kBytes: {
      const auto size = static_cast<signed char>(at[1]);
      return size >= 0 && size <= end - at - 2 ? at + 2 + size : nullptr;
    }
  }
  return nullptr;
}

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

// Leaves the reader before a field of one of the numbers, or one that is not short.
void ProtobufReader::PassOver(const Numbers& numbers) {
  const char* at = rest_.data();
  const char* const end = at + rest_.size();
  while (end - at > kVarintBytesMax + 1) {
    const auto tag = static_cast<unsigned char>(*at);
    const bool is_plain = tag >= 8 && tag < 0x80;  // one byte, and no field 0
    if (!is_plain || numbers.Has(tag >> 3)) break;
    const char* const next = EndOfShortField(at, end);
    if (next == nullptr) break;
    at = next;
  }
  rest_.remove_prefix(static_cast<size_t>(at - rest_.data()));
}

std::optional<ProtobufReader::Field> ProtobufReader::NextOf(const Numbers& numbers) {
  for (;;) {
    PassOver(numbers);
    const auto field = Next();
    if (!field || numbers.Has(field->number)) return field;
  }
}

}  // namespace millwright
