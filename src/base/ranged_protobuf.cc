#include "base/ranged_protobuf.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace millwright {
namespace {

constexpr uint64_t kWindowBytes = 16 << 10;
constexpr uint64_t kVarintBytesMax = 10;

}  // namespace

std::string_view RangedBytes::At(uint64_t offset, uint64_t length) {
  if (offset > size_ || length > size_ - offset) {
    throw InvalidArgument("it ends early: {} bytes are announced, {} are left", length,
                          size_ - std::min(offset, size_));
  }
  const bool is_inside = offset >= window_begin_ && offset - window_begin_ <= window_.size() &&
                         length <= window_.size() - (offset - window_begin_);
  if (!is_inside) {
    if (++fetches_ > kFetchesMax) throw InvalidArgument("its structure is too large to be read");
    window_ = fetch_(offset, std::min(std::max(length, kWindowBytes), size_ - offset));
    window_begin_ = offset;
    if (window_.size() < length) throw InvalidArgument("it ends early");
  }
  return std::string_view(window_).substr(offset - window_begin_, length);
}

int64_t RangedProtobuf::Field::Int() const {
  if (is_bytes) throw InvalidArgument("field {} is not a number", number);
  return static_cast<int64_t>(value);
}

RangedProtobuf::RangedProtobuf(RangedBytes& bytes, const Field& field)
    : RangedProtobuf(bytes, field.begin, field.end) {
  if (!field.is_bytes) throw InvalidArgument("field {} does not hold bytes", field.number);
}

std::string_view RangedProtobuf::Take(uint64_t length) {
  if (length > end_ - at_) {
    throw InvalidArgument("it ends early: {} bytes are announced, {} are left", length, end_ - at_);
  }
  const std::string_view taken = bytes_.At(at_, length);
  at_ += length;
  return taken;
}

uint64_t RangedProtobuf::Varint() {
  const std::string_view bytes = bytes_.At(at_, std::min(end_ - at_, kVarintBytesMax));
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    value |= static_cast<uint64_t>(byte & 0x7F) << (7 * i);
    if ((byte & 0x80) != 0) continue;
    at_ += i + 1;
    return value;
  }
  if (bytes.size() < kVarintBytesMax) throw InvalidArgument("it ends early, within a number");
  throw InvalidArgument("a number is longer than {} bytes", kVarintBytesMax);
}

std::optional<RangedProtobuf::Field> RangedProtobuf::Next() {
  if (at_end()) return std::nullopt;
  const uint64_t tag = Varint();
  Field field{.number = static_cast<uint32_t>(tag >> 3)};
  if (field.number == 0 || (tag >> 3) > 0x1FFFFFFF) {
    throw InvalidArgument("a field has the number {}", tag >> 3);
  }
  switch (tag & 7) {
    case 0:
      field.value = Varint();
      return field;
    case 1:
      std::memcpy(&field.value, Take(8).data(), 8);
      return field;
    case 2: {
      field.is_bytes = true;
      const uint64_t length = Varint();
      if (length > end_ - at_) {
        throw InvalidArgument("it ends early: {} bytes are announced, {} are left", length,
                              end_ - at_);
      }
      field.begin = at_;
      field.end = at_ += length;
      return field;
    }
    case 5:
      std::memcpy(&field.value, Take(4).data(), 4);
      return field;
    default:
      throw InvalidArgument("field {} has the wire type {}", field.number, tag & 7);
  }
}

}  // namespace millwright
