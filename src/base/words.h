#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

// Looking at eight bytes of a text in one step, as one word, for questions of the kind "is there
// any byte that …".
namespace millwright::words {

constexpr uint64_t EachByte(uint8_t byte) {
  return ~uint64_t{0} / 0xFF * byte;
}

inline constexpr uint64_t kTopBits = EachByte(0x80);

// Not zero where any byte of the word is below `limit`, which is at most 0x80.
constexpr uint64_t AnyBelow(uint64_t word, uint8_t limit) {
  return (word - EachByte(limit)) & ~word & kTopBits;
}

// Not zero where any byte of the word is `byte`.
constexpr uint64_t AnyEqual(uint64_t word, char byte) {
  return AnyBelow(word ^ EachByte(static_cast<uint8_t>(byte)), 1);
}

inline uint64_t LoadWord(const char* at) {
  uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// A text of one to seven bytes as a word that holds each of them at least once, and no other.
inline uint64_t LoadShort(const char* at, size_t size) {
  if (size >= sizeof(uint32_t)) {
    uint32_t first = 0;
    uint32_t last = 0;
    std::memcpy(&first, at, sizeof first);
    std::memcpy(&last, at + size - sizeof last, sizeof last);
    return first | uint64_t{last} << 32;
  }
  const auto byte = [&](size_t i) { return uint64_t{static_cast<uint8_t>(at[i])}; };
  return (EachByte(1) - 0x0101) * byte(0) | byte(size / 2) | byte(size - 1) << 8;
}

// Whether `is_fine` holds for each word of a text; some bytes are part of two words.
template <typename IsFine>
bool All(std::string_view text, IsFine&& is_fine) {
  const char* const begin = text.data();
  const size_t size = text.size();
  if (size < sizeof(uint64_t)) return size == 0 || is_fine(LoadShort(begin, size));
  for (size_t at = 0; at + sizeof(uint64_t) <= size; at += sizeof(uint64_t)) {
    if (!is_fine(LoadWord(begin + at))) return false;
  }
  return size % sizeof(uint64_t) == 0 || is_fine(LoadWord(begin + size - sizeof(uint64_t)));
}

}  // namespace millwright::words
