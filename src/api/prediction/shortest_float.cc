// The shortest decimal within a float's rounding interval by Raffaello Giulietti's Schubfach: one
// multiplication by a power of ten, rounded to 64 bits, for the number and for each end of its
// interval tells which decimals of one length lie inside; at most one of the next shorter length
// does.
#include "api/prediction/shortest_float.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace millwright::api::prediction {
namespace {

constexpr int kMantissaBits = 23;
constexpr int kExponentBias = 127 + kMantissaBits;

// Powers of ten from 10^kPowerMin on, as 64 bits of which the highest is set, rounded up.
constexpr int kPowerMin = -31;
constexpr int kPowerMax = 45;
using Powers = std::array<uint64_t, kPowerMax - kPowerMin + 1>;

// floor(log2(10^power)), floor(log10(2^exponent)), floor(log10(3/4 2^exponent)) in their ranges.
constexpr int Log2OfPower10(int power) {
  return (power * 1741647) >> 19;
}
constexpr int Log10OfPower2(int exponent) {
  return (exponent * 1262611) >> 22;
}
constexpr int Log10OfThreeQuarters(int exponent) {
  return (exponent * 1262611 - 524031) >> 22;
}

// A number of 192 bits, the lowest word first.
using Wide = std::array<uint32_t, 6>;

constexpr Wide PowerOf10(int power) {
  Wide wide = {1};
  for (; power > 0; --power) {
    uint64_t carry = 0;
    for (uint32_t& word : wide) {
      carry += uint64_t{word} * 10;
      word = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
  }
  return wide;
}

constexpr bool BitOf(const Wide& wide, int bit) {
  return (wide[static_cast<size_t>(bit / 32)] >> (bit % 32) & 1) != 0;
}

constexpr uint64_t PositivePower(int power) {
  const Wide wide = PowerOf10(power);
  const int top = Log2OfPower10(power);
  uint64_t bits = 0;
  for (int i = 0; i < 64; ++i) bits = bits << 1 | (top - i >= 0 && BitOf(wide, top - i) ? 1 : 0);
  for (int i = top - 64; i >= 0; --i) {
    if (BitOf(wide, i)) return bits + 1;
  }
  return bits;
}

// 2^n / 10^power by long division, of which no power but the first is exact.
constexpr uint64_t NegativePower(int power) {
  const Wide divisor = PowerOf10(power);
  Wide rest = {1};
  uint64_t bits = 0;
  while ((bits >> 63) == 0) {
    uint32_t carry = 0;
    for (uint32_t& word : rest) {
      const uint32_t shifted = word << 1 | carry;
      carry = word >> 31;
      word = shifted;
    }
    bool is_larger = true;  // or equal
    for (size_t i = rest.size(); i-- > 0;) {
      if (rest[i] == divisor[i]) continue;
      is_larger = rest[i] > divisor[i];
      break;
    }
    bits = bits << 1 | (is_larger ? 1 : 0);
    if (!is_larger) continue;
    uint64_t borrow = 0;
    for (size_t i = 0; i < rest.size(); ++i) {
      const uint64_t difference = uint64_t{rest[i]} - divisor[i] - borrow;
      rest[i] = static_cast<uint32_t>(difference);
      borrow = difference >> 63;
    }
  }
  return bits + 1;
}

constexpr Powers MakePowers() {
  Powers powers{};
  for (int power = kPowerMin; power <= kPowerMax; ++power) {
    powers[static_cast<size_t>(power - kPowerMin)] =
        power < 0 ? NegativePower(-power) : PositivePower(power);
  }
  return powers;
}

constexpr Powers kPowers = MakePowers();
static_assert(kPowers[-kPowerMin] == uint64_t{1} << 63);
static_assert(kPowers[-kPowerMin + 1] == uint64_t{10} << 60);
static_assert(kPowers[-kPowerMin - 1] == 0xCCCCCCCCCCCCCCCD);

struct Decimal {
  uint32_t digits = 0;
  int exponent = 0;
};

// The product's highest bits, the lowest of which says whether anything was cut off.
uint32_t RoundToOdd(uint64_t power, uint32_t factor) {
  const uint64_t low = (power & 0xFFFFFFFF) * factor;
  const uint64_t high = (power >> 32) * factor + (low >> 32);
  const bool is_inexact = static_cast<uint32_t>(high) > 1;
  return static_cast<uint32_t>(high >> 32) | (is_inexact ? 1U : 0U);
}

// Of a number that is neither 0 nor infinite.
Decimal ShortestOf(uint32_t mantissa, uint32_t exponent) {
  const uint32_t c = exponent == 0 ? mantissa : mantissa | 1U << kMantissaBits;
  const int q = (exponent == 0 ? 1 : static_cast<int>(exponent)) - kExponentBias;
  if (q <= 0 && -q <= kMantissaBits && (c & ((1U << -q) - 1)) == 0) return {c >> -q, 0};
  // Below a power of two numbers are twice as close.
  const bool is_lower_closer = mantissa == 0 && exponent > 1;
  const bool takes_ends = c % 2 == 0;
  const int k = is_lower_closer ? Log10OfThreeQuarters(q) : Log10OfPower2(q);
  const int shift = q + Log2OfPower10(-k) + 1;
  const uint64_t power = kPowers[static_cast<size_t>(-k - kPowerMin)];
  const uint32_t low = RoundToOdd(power, (4 * c - 2 + (is_lower_closer ? 1 : 0)) << shift);
  const uint32_t middle = RoundToOdd(power, (4 * c) << shift);
  const uint32_t high = RoundToOdd(power, (4 * c + 2) << shift);
  const uint32_t lower = low + (takes_ends ? 0 : 1);
  const uint32_t upper = high - (takes_ends ? 0 : 1);
  const uint32_t s = middle / 4;
  if (s >= 10) {
    const uint32_t tens = s / 10;
    const bool is_down_inside = lower <= 40 * tens;
    const bool is_up_inside = 40 * tens + 40 <= upper;
    if (is_down_inside != is_up_inside) return {tens + (is_up_inside ? 1 : 0), k + 1};
  }
  const bool is_down_inside = lower <= 4 * s;
  const bool is_up_inside = 4 * s + 4 <= upper;
  if (is_down_inside != is_up_inside) return {s + (is_up_inside ? 1 : 0), k};
  const uint32_t half = 4 * s + 2;
  const bool rounds_up = middle > half || (middle == half && s % 2 != 0);
  return {s + (rounds_up ? 1 : 0), k};
}

// Writes a fraction in the plain or the scientific form, whichever is shorter.
char* WriteFraction(const char* digits, int count, int exponent, char* to) {
  const int places = -exponent;  // behind the point
  if (places < count) {
    const auto whole = static_cast<size_t>(count - places);
    std::memcpy(to, digits, whole);
    to[whole] = '.';
    std::memcpy(to + whole + 1, digits + whole, static_cast<size_t>(places));
    return to + count + 1;
  }
  const int scientific = count + (count > 1 ? 1 : 0) + 4;
  if (places + 2 <= scientific) {
    std::memcpy(to, "0.", 2);
    std::memset(to + 2, '0', static_cast<size_t>(places - count));
    std::memcpy(to + 2 + places - count, digits, static_cast<size_t>(count));
    return to + 2 + places;
  }
  *to++ = digits[0];
  if (count > 1) {
    *to++ = '.';
    std::memcpy(to, digits + 1, static_cast<size_t>(count - 1));
    to += count - 1;
  }
  const int ten = places - count + 1;
  *to++ = 'e';
  *to++ = '-';
  *to++ = static_cast<char>('0' + ten / 10);
  *to++ = static_cast<char>('0' + ten % 10);
  return to;
}

}  // namespace

char* WriteShortest(float value, char* to) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const uint32_t exponent = bits >> kMantissaBits & 0xFF;
  const uint32_t mantissa = bits & ((1U << kMantissaBits) - 1);
  // Whole numbers that are large are written with all their digits, which is another task.
  constexpr uint32_t kLargeExponent = 127 + kMantissaBits;
  if (exponent >= kLargeExponent) return std::to_chars(to, to + kFloatBytesMax, value).ptr;
  if (std::signbit(value)) *to++ = '-';
  if (exponent == 0 && mantissa == 0) {
    *to = '0';
    return to + 1;
  }
  Decimal decimal = ShortestOf(mantissa, exponent);
  char digits[10];
  const char* const end = std::to_chars(digits, digits + sizeof digits, decimal.digits).ptr;
  auto count = static_cast<int>(end - digits);
  const int all = count;
  for (; digits[count - 1] == '0'; ++decimal.exponent) --count;
  if (decimal.exponent < 0) return WriteFraction(digits, count, decimal.exponent, to);
  // 100000 is longer than 1e+05.
  const int plain_max = count + (count > 1 ? 1 : 0) + 4;
  if (all > plain_max) return std::to_chars(to, to + kFloatBytesMax, std::fabs(value)).ptr;
  std::memcpy(to, digits, static_cast<size_t>(all));
  return to + all;
}

}  // namespace millwright::api::prediction
