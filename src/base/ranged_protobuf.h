#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace millwright {

// Bytes that lie elsewhere, read where they are needed: a window is kept, so that what is passed
// over is never fetched. Not thread-safe.
class RangedBytes {
 public:
  // Returns up to `length` bytes from `offset`; the end of the bytes may cut it short.
  using Fetch = std::function<std::string(uint64_t offset, uint64_t length)>;

  RangedBytes(uint64_t size, Fetch fetch) : size_(size), fetch_(std::move(fetch)) {}

  uint64_t size() const { return size_; }
  // The bytes from `offset`, good until the next call. Throws kInvalidArgument when they end
  // before, and when there were more than kFetchesMax fetches.
  std::string_view At(uint64_t offset, uint64_t length);

  static constexpr uint64_t kFetchesMax = 50'000;

 private:
  const uint64_t size_;
  const Fetch fetch_;
  std::string window_;
  uint64_t window_begin_ = 0;
  uint64_t fetches_ = 0;
};

// Walks the fields of one protobuf message as ProtobufReader does, but of RangedBytes: a field that
// holds bytes is a place, and only those that are asked for are fetched. Malformed bytes throw
// kInvalidArgument. Holds a reference.
class RangedProtobuf {
 public:
  struct Field {
    uint32_t number = 0;
    bool is_bytes = false;
    uint64_t value = 0;           // of a number
    uint64_t begin = 0, end = 0;  // of bytes
    uint64_t size() const { return end - begin; }
    // The value as int64; throws when the field holds bytes.
    int64_t Int() const;
  };

  RangedProtobuf(RangedBytes& bytes, uint64_t begin, uint64_t end)
      : bytes_(bytes), at_(begin), end_(end) {}
  // The message within a field; throws when the field is a number.
  RangedProtobuf(RangedBytes& bytes, const Field& field);

  // Reads the next field, nothing at the end.
  std::optional<Field> Next();
  // Reads a varint out of a packed field; the reader must stand inside such bytes.
  uint64_t Varint();
  bool at_end() const { return at_ == end_; }

 private:
  std::string_view Take(uint64_t length);

  RangedBytes& bytes_;
  uint64_t at_;
  const uint64_t end_;
};

}  // namespace millwright
