#include "api/prediction/number_list.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace millwright::api::prediction {
namespace {

// A decimal of a whole number up to 2^53 and a power of ten up to 10^22, both exact as doubles, is
// one correctly rounded multiplication or division away (Clinger's fast path). Nearly all numbers
// that people send are such; the rest goes through from_chars.
constexpr uint64_t kExactMax = uint64_t{1} << 53;
constexpr int kDigitsMax = 19;  // that no uint64_t overflows with
constexpr int kExponentMax = 22;
constexpr std::array<double, kExponentMax + 1> kPowers = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

// The list's closing bracket, which is no part of any number, ends every loop below: none of them
// looks for the end.
bool IsDigit(char c) {
  return static_cast<unsigned char>(c - '0') < 10;
}

bool IsSpace(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

const char* SkipSpaces(const char* at) {
  while (IsSpace(*at)) ++at;
  return at;
}

// Whether eight bytes are digits, all at once: of each the high half is 3, also after 6 is added.
bool AreEightDigits(uint64_t bytes) {
  constexpr uint64_t kHighHalves = 0xF0F0F0F0F0F0F0F0;
  constexpr uint64_t kThrees = 0x3030303030303030;
  constexpr uint64_t kSixes = 0x0606060606060606;
  return (bytes & kHighHalves) == kThrees && ((bytes + kSixes) & kHighHalves) == kThrees;
}

// The value of eight digits, the first of them in the lowest byte: pairs, fours, all.
uint64_t ValueOfEightDigits(uint64_t bytes) {
  bytes -= 0x3030303030303030;
  bytes = bytes * 10 + (bytes >> 8);
  constexpr uint64_t kMask = 0x000000FF000000FF;
  constexpr uint64_t kFirst = 0x000F424000000064;   // 100 and 1,000,000
  constexpr uint64_t kSecond = 0x0000271000000001;  // 1 and 10,000
  return (((bytes & kMask) * kFirst) + (((bytes >> 16) & kMask) * kSecond)) >> 32;
}

// Reads digits behind those that `whole` holds.
const char* ScanDigits(const char* at, const char* end, uint64_t* whole) {
  if constexpr (std::endian::native == std::endian::little) {
    uint64_t bytes = 0;
    while (end - at >= 8) {
      std::memcpy(&bytes, at, sizeof bytes);
      if (!AreEightDigits(bytes)) break;
      *whole = *whole * 100'000'000 + ValueOfEightDigits(bytes);
      at += 8;
    }
  }
  for (; IsDigit(*at); ++at) *whole = *whole * 10 + static_cast<uint64_t>(*at - '0');
  return at;
}

// Reads an exponent behind its letter; nullptr where there is none.
const char* ScanExponent(const char* at, int64_t* exponent) {
  const bool is_negative = *at == '-';
  if (*at == '-' || *at == '+') ++at;
  if (!IsDigit(*at)) return nullptr;
  int64_t given = 0;
  for (; IsDigit(*at); ++at) given = std::min<int64_t>(given * 10 + (*at - '0'), 100'000);
  *exponent += is_negative ? -given : given;
  return at;
}

// Reads a number by JSON's grammar, or null, which is NaN; nullptr when there is none.
const char* ScanNumber(const char* at, const char* end, double* out) {
  const char* const begin = at;
  if (*at == '-') ++at;
  const char* const digits = at;
  uint64_t whole = 0;
  for (; IsDigit(*at); ++at) whole = whole * 10 + static_cast<uint64_t>(*at - '0');
  int64_t count = at - digits;
  if (count == 0) {
    if (end - begin < 4 || std::memcmp(begin, "null", 4) != 0) return nullptr;
    *out = std::numeric_limits<double>::quiet_NaN();
    return begin + 4;
  }
  if (*digits == '0' && count > 1) return nullptr;
  int64_t exponent = 0;
  if (*at == '.') {
    const char* const fraction = ++at;
    at = ScanDigits(at, end, &whole);
    if (at == fraction) return nullptr;
    exponent = fraction - at;
    count -= exponent;
  }
  if (*at == 'e' || *at == 'E') {
    at = ScanExponent(at + 1, &exponent);
    if (at == nullptr) return nullptr;
  }
  if (count <= kDigitsMax && whole <= kExactMax && std::abs(exponent) <= kExponentMax) {
    const auto value = static_cast<double>(whole);
    const double scaled = exponent < 0 ? value / kPowers[static_cast<size_t>(-exponent)]
                                       : value * kPowers[static_cast<size_t>(exponent)];
    *out = *begin == '-' ? -scaled : scaled;
    return at;
  }
  const auto [read, error] = std::from_chars(begin, at, *out);
  return error == std::errc() && read == at ? at : nullptr;
}

}  // namespace

size_t ListLength(std::string_view list) {
  if (list.size() < 2) return 0;
  const bool is_empty = list.find_first_not_of(" \n\r\t", 1) == list.size() - 1;
  return is_empty ? 0 : static_cast<size_t>(std::count(list.begin(), list.end(), ',')) + 1;
}

template <typename T>
std::optional<size_t> ScanNumbers(std::string_view list, T* out, size_t count_max) {
  if (list.size() < 2 || list.front() != '[' || list.back() != ']') return std::nullopt;
  const char* const end = list.data() + list.size() - 1;
  const char* at = SkipSpaces(list.data() + 1);
  if (at == end) return 0;
  for (size_t count = 0; count < count_max;) {
    double value = 0;
    at = ScanNumber(at, end, &value);
    if (at == nullptr) return std::nullopt;
    const T narrow = static_cast<T>(value);
    if (std::isinf(narrow)) return std::nullopt;
    out[count++] = narrow;
    at = SkipSpaces(at);
    if (at == end) return count;
    if (*at != ',') return std::nullopt;
    at = SkipSpaces(at + 1);
  }
  return std::nullopt;
}

template std::optional<size_t> ScanNumbers(std::string_view list, float* out, size_t count_max);
template std::optional<size_t> ScanNumbers(std::string_view list, double* out, size_t count_max);

}  // namespace millwright::api::prediction
