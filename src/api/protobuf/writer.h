#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millwright::api::protobuf {

// Appends the fields of a message. Numbers of zero, false and empty texts are not written, as it is
// the habit of version 3; Sub writes empty messages, too.
class Writer {
 public:
  explicit Writer(std::string* out) : out_(out) {}

  Writer& Uint(uint32_t number, uint64_t value);
  Writer& Int(uint32_t number, int64_t value) { return Uint(number, static_cast<uint64_t>(value)); }
  Writer& Bool(uint32_t number, bool value) { return Uint(number, value ? 1 : 0); }
  Writer& Text(uint32_t number, std::string_view text);
  // Bytes of a repeated field, which count when they are empty, too.
  Writer& Bytes(uint32_t number, std::string_view bytes);
  // The head of a field of so many bytes, which the caller appends.
  Writer& BytesHead(uint32_t number, size_t size);
  Writer& Sub(uint32_t number, const std::string& message) { return Bytes(number, message); }
  // A repeated field of integers, packed.
  Writer& Ints(uint32_t number, const std::vector<int64_t>& values);

 private:
  void Varint(uint64_t value);
  std::string* const out_;
};

// How many bytes a number takes.
size_t VarintBytes(uint64_t value);

}  // namespace millwright::api::protobuf
