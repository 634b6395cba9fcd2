#include "api/prediction/number_list.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

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
  return c >= '0' && c <= '9';
}

bool IsSpace(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

const char* SkipSpaces(const char* at, const char* end) {
  while (at != end && IsSpace(*at)) ++at;
  return at;
}

// What stands before the value of a number is known.
struct Decimal {
  uint64_t whole = 0;
  int digits = 0;
  int exponent = 0;
};

const char* ScanDigits(const char* at, const char* end, Decimal* decimal) {
  const char* const begin = at;
  for (; at != end && IsDigit(*at); ++at) {
    decimal->whole = decimal->whole * 10 + static_cast<uint64_t>(*at - '0');
  }
  decimal->digits += static_cast<int>(std::min<std::ptrdiff_t>(at - begin, kDigitsMax + 1));
  return at;
}

const char* ScanExponent(const char* at, const char* end, Decimal* decimal) {
  const bool is_negative = at != end && *at == '-';
  if (at != end && (*at == '-' || *at == '+')) ++at;
  if (at == end || !IsDigit(*at)) return nullptr;
  int exponent = 0;
  for (; at != end && IsDigit(*at); ++at) exponent = std::min(exponent * 10 + (*at - '0'), 100'000);
  decimal->exponent += is_negative ? -exponent : exponent;
  return at;
}

// Returns the end of a number by JSON's grammar, nullptr when there is none.
const char* ScanDecimal(const char* at, const char* end, Decimal* decimal) {
  if (at == end || !IsDigit(*at)) return nullptr;
  const bool leads_with_zero = *at == '0';
  const char* const begin = at;
  at = ScanDigits(at, end, decimal);
  if (leads_with_zero && at - begin > 1) return nullptr;
  if (at != end && *at == '.') {
    const char* const fraction = ++at;
    at = ScanDigits(at, end, decimal);
    if (at == fraction) return nullptr;
    decimal->exponent = -static_cast<int>(std::min<std::ptrdiff_t>(at - fraction, 100'000));
  }
  if (at != end && (*at == 'e' || *at == 'E')) at = ScanExponent(at + 1, end, decimal);
  return at;
}

const char* ScanNumber(const char* at, const char* end, double* out) {
  const char* const begin = at;
  const bool is_negative = at != end && *at == '-';
  if (is_negative) ++at;
  Decimal decimal;
  at = ScanDecimal(at, end, &decimal);
  if (at == nullptr) return nullptr;
  if (decimal.digits <= kDigitsMax && decimal.whole <= kExactMax &&
      std::abs(decimal.exponent) <= kExponentMax) {
    double value = static_cast<double>(decimal.whole);
    value = decimal.exponent < 0 ? value / kPowers[static_cast<size_t>(-decimal.exponent)]
                                 : value * kPowers[static_cast<size_t>(decimal.exponent)];
    *out = is_negative ? -value : value;
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
  const char* at = list.data() + 1;
  const char* const end = list.data() + list.size() - 1;
  at = SkipSpaces(at, end);
  if (at == end) return 0;
  for (size_t count = 0; count < count_max;) {
    double value = 0;
    at = ScanNumber(at, end, &value);
    if (at == nullptr) return std::nullopt;
    const T narrow = static_cast<T>(value);
    if (std::isinf(narrow)) return std::nullopt;
    out[count++] = narrow;
    at = SkipSpaces(at, end);
    if (at == end) return count;
    if (*at != ',') return std::nullopt;
    at = SkipSpaces(at + 1, end);
  }
  return std::nullopt;
}

template std::optional<size_t> ScanNumbers(std::string_view list, float* out, size_t count_max);
template std::optional<size_t> ScanNumbers(std::string_view list, double* out, size_t count_max);

}  // namespace millwright::api::prediction
