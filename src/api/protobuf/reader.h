#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millwright::api::protobuf {

static_assert(std::endian::native == std::endian::little, "packed numbers are copied as they are");

// Walks over the fields of a message's bytes, without copying any: what is inside of a field is
// read as the caller asks for it. Throws kInvalidArgument for bytes that are no message, and for a
// field of another kind than is asked for. The bytes must outlive it.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  // Goes to the next field; false at the end.
  bool Next();
  uint32_t number() const { return number_; }

  uint64_t Varint() const;
  int64_t Int64() const { return static_cast<int64_t>(Varint()); }
  bool Bool() const { return Varint() != 0; }
  double Double() const;
  std::string_view Bytes() const;
  // Bytes that are UTF-8, as a string field's must be.
  std::string Text() const;
  // Appends a repeated field's numbers, packed or one of many.
  void AppendVarints(std::vector<uint64_t>* values) const;
  // Appends the bytes of a repeated field of 4 or 8 bytes a number, packed or one of many.
  void AppendFixed32(std::vector<char>* bytes) const;
  void AppendFixed64(std::vector<char>* bytes) const;

 private:
  enum class Kind { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };
  void Require(Kind kind) const;
  void AppendFixed(Kind kind, size_t size, std::vector<char>* bytes) const;

  std::string_view rest_;
  uint32_t number_ = 0;
  Kind kind_ = Kind::kVarint;
  uint64_t varint_ = 0;     // of kVarint
  std::string_view bytes_;  // of the other kinds
};

// Of an entry of a map: its key as text and its value's bytes.
struct MapEntry {
  std::string key;
  std::string_view value;
};
MapEntry ReadMapEntry(std::string_view bytes);

}  // namespace millwright::api::protobuf
