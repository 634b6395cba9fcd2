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

#if defined(__x86_64__)
#include <smmintrin.h>
#endif

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

bool IsDigit(char c) {
  return static_cast<unsigned char>(c - '0') < 10;
}

bool IsSpace(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

const char* SkipSpaces(const char* at, const char* end) {
  while (at < end && IsSpace(*at)) ++at;
  return at;
}

// Reads an exponent behind its letter; nullptr where there is none.
const char* ReadExponent(const char* at, const char* end, int64_t* exponent) {
  if (at == end) return nullptr;
  const bool is_negative = *at == '-';
  if (*at == '-' || *at == '+') ++at;
  const char* const digits = at;
  int64_t given = 0;
  for (; at < end && IsDigit(*at); ++at) {
    given = std::min<int64_t>(given * 10 + (*at - '0'), 100'000);
  }
  *exponent += is_negative ? -given : given;
  return at == digits ? nullptr : at;
}

const char* ReadDigits(const char* at, const char* end, uint64_t* whole) {
  for (; at < end && IsDigit(*at); ++at) *whole = *whole * 10 + static_cast<uint64_t>(*at - '0');
  return at;
}

// Reads a number by JSON's grammar, or null, which is NaN; nullptr when there is none.
const char* ReadNumber(const char* at, const char* end, double* out) {
  const char* const begin = at;
  const bool is_negative = at < end && *at == '-';
  if (is_negative) ++at;
  const char* const digits = at;
  uint64_t whole = 0;
  at = ReadDigits(at, end, &whole);
  int64_t count = at - digits;
  if (count == 0) {
    if (end - begin < 4 || std::memcmp(begin, "null", 4) != 0) return nullptr;
    *out = std::numeric_limits<double>::quiet_NaN();
    return begin + 4;
  }
  if (*digits == '0' && count > 1) return nullptr;
  int64_t exponent = 0;
  if (at < end && *at == '.') {
    const char* const fraction = ++at;
    at = ReadDigits(at, end, &whole);
    if (at == fraction) return nullptr;
    exponent = fraction - at;
    count -= exponent;
  }
  if (at < end && (*at == 'e' || *at == 'E')) {
    at = ReadExponent(at + 1, end, &exponent);
    if (at == nullptr) return nullptr;
  }
  if (count <= kDigitsMax && whole <= kExactMax && std::abs(exponent) <= kExponentMax) {
    const auto value = static_cast<double>(whole);
    const double scaled = exponent < 0 ? value / kPowers[static_cast<size_t>(-exponent)]
                                       : value * kPowers[static_cast<size_t>(exponent)];
    *out = is_negative ? -scaled : scaled;
    return at;
  }
  const auto [read, error] = std::from_chars(begin, at, *out);
  return error == std::errc() && read == at ? at : nullptr;
}

// Stores a number as T; false where it does not fit.
template <typename T>
bool StoreNarrow(double value, T* out, bool* has_null) {
  *out = static_cast<T>(value);
  if (std::isfinite(*out)) return true;
  *has_null = true;
  return std::isnan(*out);
}

template <typename T>
std::optional<NumberList> ScanOneByOne(std::string_view text, T* out, size_t count_max) {
  const char* const end = text.data() + text.size();
  const char* at = SkipSpaces(text.data() + 1, end);
  NumberList list;
  if (at < end && *at == ']') {
    list.bytes = static_cast<size_t>(at + 1 - text.data());
    return list;
  }
  while (list.count < count_max) {
    double value = 0;
    at = ReadNumber(at, end, &value);
    if (at == nullptr || !StoreNarrow(value, out + list.count, &list.has_null)) return std::nullopt;
    ++list.count;
    at = SkipSpaces(at, end);
    if (at == end || (*at != ',' && *at != ']')) return std::nullopt;
    if (*at == ']') {
      list.bytes = static_cast<size_t>(at + 1 - text.data());
      return list;
    }
    at = SkipSpaces(at + 1, end);
  }
  return std::nullopt;
}

#if defined(__x86_64__)

// The places of commas and closing brackets, found for 64 characters at once: so that a number need
// not be read before the next one can be.
class Separators {
 public:
  Separators(const char* begin, const char* end) : block_(begin), end_(end), found_(Find(begin)) {}

  // The next one; nullptr when there is none.
  const char* Next() {
    while (found_ == 0) {
      block_ += kBlock;
      if (block_ >= end_) return nullptr;
      found_ = Find(block_);
    }
    const char* const at = block_ + __builtin_ctzll(found_);
    found_ &= found_ - 1;
    return at;
  }

 private:
  static constexpr size_t kBlock = 64;

  uint64_t Find(const char* block) const {
    const auto left = static_cast<size_t>(end_ - block);
    if (left >= kBlock) return FindInBlock(block);
    char padded[kBlock] = {};
    std::memcpy(padded, block, left);
    return FindInBlock(padded);
  }

  static uint64_t FindInBlock(const char* block) {
    return FindIn(block, 0) | FindIn(block, 16) | FindIn(block, 32) | FindIn(block, 48);
  }

  static uint64_t FindIn(const char* block, int offset) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + offset));
    const __m128i hits = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(',')),
                                      _mm_cmpeq_epi8(bytes, _mm_set1_epi8(']')));
    return static_cast<uint64_t>(static_cast<uint32_t>(_mm_movemask_epi8(hits))) << offset;
  }

  const char* block_;
  const char* const end_;
  uint64_t found_;
};

constexpr size_t kVector = 16;
using Shuffle = std::array<uint8_t, kVector>;

// For a point at each place, how to take it out: what is behind it moves down.
constexpr std::array<Shuffle, kVector + 1> MakeWithoutPoint() {
  std::array<Shuffle, kVector + 1> shuffles{};
  for (size_t point = 0; point <= kVector; ++point) {
    for (size_t i = 0; i < kVector; ++i) {
      shuffles[point][i] = static_cast<uint8_t>(i < point ? i : i + 1 < kVector ? i + 1 : 0x80);
    }
  }
  return shuffles;
}
alignas(kVector) constexpr auto kWithoutPoint = MakeWithoutPoint();

// From byte `count` on, how to move so many digits to the end, behind zeros.
constexpr std::array<uint8_t, 2 * kVector> MakeToEnd() {
  std::array<uint8_t, 2 * kVector> shuffle{};
  for (size_t i = 0; i < shuffle.size(); ++i) {
    shuffle[i] = static_cast<uint8_t>(i < kVector ? 0x80 : i - kVector);
  }
  return shuffle;
}
constexpr auto kToEnd = MakeToEnd();

// Reads `size` characters, 1 to 16 of them, that are digits with or without a point, by no step
// that depends on how many there are: a processor foresees no lengths. False for all else. 16
// characters from `at` on are there.
__attribute__((target("sse4.1"), always_inline)) inline bool ReadDecimal(const char* at,
                                                                         size_t size, double* out) {
  const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  const __m128i points = _mm_cmpeq_epi8(text, _mm_set1_epi8('.'));
  const auto place = static_cast<uint32_t>(_mm_movemask_epi8(points)) | uint32_t{1} << size;
  const auto point = static_cast<size_t>(__builtin_ctz(place));  // `size` where there is none
  const size_t count = size - (point < size ? 1 : 0);
  const auto shuffle = [](const uint8_t* bytes) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
  };
  __m128i digits = _mm_sub_epi8(text, _mm_set1_epi8('0'));
  digits = _mm_shuffle_epi8(digits, shuffle(kWithoutPoint[point].data()));
  digits = _mm_shuffle_epi8(digits, shuffle(kToEnd.data() + count));
  const __m128i above_nine = _mm_subs_epu8(digits, _mm_set1_epi8(9));
  const bool is_bad = point == 0 || point + 1 == size || (*at == '0' && point > 1);
  if (is_bad || _mm_testz_si128(above_nine, above_nine) == 0) return false;
  // Pairs, fours, eights.
  const __m128i pairs = _mm_maddubs_epi16(digits, _mm_set1_epi16(0x010A));
  const __m128i fours = _mm_madd_epi16(pairs, _mm_set1_epi32(0x00010064));
  const __m128i eights = _mm_madd_epi16(_mm_packus_epi32(fours, fours), _mm_set1_epi32(0x00012710));
  const auto halves = static_cast<uint64_t>(_mm_cvtsi128_si64(eights));
  const uint64_t whole = (halves & 0xFFFFFFFF) * 100'000'000 + (halves >> 32);
  if (whole > kExactMax) return false;
  *out = static_cast<double>(static_cast<int64_t>(whole)) / kPowers[count - point];
  return true;
}

// Tells of each number where it ends before it is read.
template <typename T>
__attribute__((target("sse4.1"))) std::optional<NumberList> ScanByVectors(std::string_view text,
                                                                          T* out,
                                                                          size_t count_max) {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const char* at = begin + 1;
  Separators separators(at, end);
  NumberList list;
  while (const char* const stop = separators.Next()) {
    while (IsSpace(*at)) ++at;  // the separator is none
    if (at == stop || list.count == count_max) {
      const bool is_empty = at == stop && list.count == 0 && *stop == ']';
      if (!is_empty) return std::nullopt;
      list.bytes = static_cast<size_t>(stop + 1 - begin);
      return list;
    }
    const bool is_negative = *at == '-';
    const char* const digits = at + is_negative;
    const auto size = static_cast<size_t>(stop - digits);
    const bool is_usual = size - 1 < kVector && static_cast<size_t>(end - digits) >= kVector;
    double value = 0;
    if (is_usual && ReadDecimal(digits, size, &value)) {
      out[list.count] = static_cast<T>(is_negative ? -value : value);
    } else {
      const char* const behind = ReadNumber(at, stop, &value);
      if (behind == nullptr || SkipSpaces(behind, stop) != stop ||
          !StoreNarrow(value, out + list.count, &list.has_null)) {
        return std::nullopt;
      }
    }
    ++list.count;
    at = stop + 1;
    if (*stop == ']') {
      list.bytes = static_cast<size_t>(at - begin);
      return list;
    }
  }
  return std::nullopt;
}

#endif

}  // namespace

size_t ListLength(std::string_view list) {
  if (list.size() < 2) return 0;
  const bool is_empty = list.find_first_not_of(" \n\r\t", 1) == list.size() - 1;
  return is_empty ? 0 : static_cast<size_t>(std::count(list.begin(), list.end(), ',')) + 1;
}

std::optional<std::string_view> ScanNumber(std::string_view text, double* out) {
  const char* const end = text.data() + text.size();
  const char* const behind = ReadNumber(text.data(), end, out);
  if (behind == nullptr) return std::nullopt;
  return text.substr(static_cast<size_t>(behind - text.data()));
}

template <typename T>
std::optional<NumberList> ScanList(std::string_view text, T* out, size_t count_max) {
  if (text.size() < 2 || text.front() != '[') return std::nullopt;
#if defined(__x86_64__)
  static const bool has_vectors = __builtin_cpu_supports("sse4.1") != 0;
  if (has_vectors) return ScanByVectors(text, out, count_max);
#endif
  return ScanOneByOne(text, out, count_max);
}

template <typename T>
std::optional<size_t> ScanNumbers(std::string_view list, T* out, size_t count_max) {
  const auto scanned = ScanList(list, out, count_max);
  if (!scanned || scanned->bytes != list.size()) return std::nullopt;
  return scanned->count;
}

template std::optional<NumberList> ScanList(std::string_view text, float* out, size_t count_max);
template std::optional<NumberList> ScanList(std::string_view text, double* out, size_t count_max);
template std::optional<size_t> ScanNumbers(std::string_view list, float* out, size_t count_max);
template std::optional<size_t> ScanNumbers(std::string_view list, double* out, size_t count_max);

}  // namespace millwright::api::prediction
