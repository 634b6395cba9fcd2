#include "api/protobuf/writer.h"

namespace millwright::api::protobuf {
namespace {

constexpr uint32_t kVarintKind = 0;
constexpr uint32_t kBytesKind = 2;

}  // namespace

size_t VarintBytes(uint64_t value) {
  size_t count = 1;
  for (; value >= 0x80; value >>= 7) ++count;
  return count;
}

void Writer::Varint(uint64_t value) {
  for (; value >= 0x80; value >>= 7) *out_ += static_cast<char>(value | 0x80);
  *out_ += static_cast<char>(value);
}

Writer& Writer::Uint(uint32_t number, uint64_t value) {
  if (value == 0) return *this;
  Varint(number << 3 | kVarintKind);
  Varint(value);
  return *this;
}

Writer& Writer::Text(uint32_t number, std::string_view text) {
  return text.empty() ? *this : Bytes(number, text);
}

Writer& Writer::BytesHead(uint32_t number, size_t size) {
  Varint(number << 3 | kBytesKind);
  Varint(size);
  return *this;
}

Writer& Writer::Bytes(uint32_t number, std::string_view bytes) {
  BytesHead(number, bytes.size());
  out_->append(bytes);
  return *this;
}

Writer& Writer::Ints(uint32_t number, const std::vector<int64_t>& values) {
  if (values.empty()) return *this;
  size_t size = 0;
  for (const int64_t value : values) size += VarintBytes(static_cast<uint64_t>(value));
  BytesHead(number, size);
  for (const int64_t value : values) Varint(static_cast<uint64_t>(value));
  return *this;
}

}  // namespace millwright::api::protobuf
