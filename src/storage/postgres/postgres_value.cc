#include "storage/postgres/postgres_value.h"

#include <endian.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <string_view>

#include "base/check.h"
#include "base/error.h"
#include "storage/postgres/pq_library.h"

namespace millwright::storage {
namespace {

// Type ids of PostgreSQL's catalogue, fixed for ever (pg_type.dat).
constexpr Oid kBool = 16;
constexpr Oid kBytea = 17;
constexpr Oid kInt8 = 20;
constexpr Oid kInt2 = 21;
constexpr Oid kInt4 = 23;
constexpr Oid kOid = 26;
constexpr Oid kFloat4 = 700;
constexpr Oid kFloat8 = 701;
constexpr Oid kNumeric = 1700;

int64_t IntOf(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  CHECK(error == std::errc() && end == text.data() + text.size());
  return value;
}

double DoubleOf(std::string_view text) {
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string BytesOf(const char* text) {
  size_t size = 0;
  unsigned char* raw = PQunescapeBytea(reinterpret_cast<const unsigned char*>(text), &size);
  CHECK(raw != nullptr);
  std::string bytes(reinterpret_cast<const char*>(raw), size);
  PQfreemem(raw);
  return bytes;
}

Value ColumnOf(const PGresult* result, int row, int column) {
  if (PQgetisnull(result, row, column)) return {};
  const char* data = PQgetvalue(result, row, column);
  const std::string_view text(data, PQgetlength(result, row, column));
  switch (PQftype(result, column)) {
    case kInt2:
    case kInt4:
    case kInt8:
    case kOid:
      return IntOf(text);
    case kBool:
      return int64_t{text == "t"};
    case kFloat4:
    case kFloat8:
      return DoubleOf(text);
    case kNumeric:  // SUM of integers is one
      if (text.find_first_not_of("-0123456789") == std::string_view::npos) return IntOf(text);
      return DoubleOf(text);
    case kBytea:
      return Bytes{BytesOf(data)};
    default:
      return std::string(text);
  }
}

}  // namespace

PostgresParameters::PostgresParameters(const std::vector<Value>& values) : scratch_(values.size()) {
  values_.reserve(values.size());
  for (size_t i = 0; i < values.size(); ++i) Add(values[i], scratch_[i]);
}

void PostgresParameters::Add(const Value& value, std::array<char, 8>& scratch) {
  const auto push = [&](const char* data, size_t size, int format) {
    values_.push_back(data);
    lengths_.push_back(static_cast<int>(size));
    formats_.push_back(format);
  };
  if (std::holds_alternative<std::monostate>(value)) {
    push(nullptr, 0, 0);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    if (text->find('\0') != std::string::npos) {
      throw InvalidArgument("A text may not hold a NUL character");
    }
    push(text->c_str(), text->size(), 0);
  } else if (const auto* bytes = std::get_if<Bytes>(&value)) {
    push(bytes->data.c_str(), bytes->data.size(), 1);
  } else {
    const auto* integer = std::get_if<int64_t>(&value);
    const uint64_t bits = integer != nullptr ? static_cast<uint64_t>(*integer)
                                             : std::bit_cast<uint64_t>(std::get<double>(value));
    const uint64_t big = htobe64(bits);
    std::memcpy(scratch.data(), &big, sizeof big);
    push(scratch.data(), sizeof big, 1);
  }
}

std::vector<unsigned> PostgresTypes(const std::vector<Value>& values) {
  std::vector<unsigned> types;
  types.reserve(values.size());
  for (const Value& value : values) {
    if (std::holds_alternative<int64_t>(value)) {
      types.push_back(kInt8);
    } else if (std::holds_alternative<double>(value)) {
      types.push_back(kFloat8);
    } else if (std::holds_alternative<Bytes>(value)) {
      types.push_back(kBytea);
    } else {
      types.push_back(0);
    }
  }
  return types;
}

Row PostgresRow(const pg_result* result, int row) {
  std::vector<Value> columns(PQnfields(result));
  for (size_t i = 0; i < columns.size(); ++i) {
    columns[i] = ColumnOf(result, row, static_cast<int>(i));
  }
  return Row(std::move(columns));
}

}  // namespace millwright::storage
