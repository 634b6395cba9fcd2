#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace millwright {

// Walks the fields of one protobuf message in wire format, without a schema and without copying.
// It holds a view: the bytes must outlive it. Malformed bytes throw kInvalidArgument.
class ProtobufReader {
 public:
  enum class WireType { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };
  struct Field {
    uint32_t number = 0;
    WireType type = WireType::kVarint;
    uint64_t value = 0;      // of the numeric types
    std::string_view bytes;  // of kBytes

    // The value as int64; throws when the field is of another wire type.
    int64_t Int() const;
    // The bytes; throws when the field is of another wire type.
    std::string_view Bytes() const;
  };

  // Some numbers of fields, each below 64.
  class Numbers {
   public:
    constexpr Numbers(std::initializer_list<uint32_t> numbers) {
      for (const uint32_t number : numbers) bits_ |= uint64_t{1} << number;
    }
    constexpr bool Has(uint32_t number) const { return number < 64 && (bits_ >> number & 1) != 0; }

   private:
    uint64_t bits_ = 0;
  };

  explicit ProtobufReader(std::string_view bytes) : rest_(bytes) {}

  // Reads the next field, nothing at the end.
  std::optional<Field> Next();
  // Reads the next field that has one of these numbers. What it passes over must be well formed as
  // well, but costs a tenth: a forest's attribute is some ten thousand fields of a few bytes.
  std::optional<Field> NextOf(const Numbers& numbers);
  // Reads a varint out of a packed field; the reader must stand inside such bytes.
  uint64_t Varint();
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view Take(uint64_t count);
  void PassOver(const Numbers& numbers);

  std::string_view rest_;
};

}  // namespace millwright
