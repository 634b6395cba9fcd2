#include "analytics/vector_reader.h"

#include <cmath>
#include <limits>

#include "analytics/duckdb_library.h"
#include "base/check.h"
#include "base/error.h"

namespace millwright::analytics {
namespace {

using Cell = Table::Cell;

constexpr int64_t kInfinite = std::numeric_limits<int64_t>::max();
constexpr int64_t kDayMs = 86'400'000;
constexpr double kTwoTo64 = 18446744073709551616.0;

class LogicalType {
 public:
  explicit LogicalType(duckdb_logical_type type) : type_(type) {}
  ~LogicalType() { duckdb_destroy_logical_type(&type_); }
  LogicalType(const LogicalType&) = delete;
  duckdb_logical_type get() const { return type_; }

 private:
  duckdb_logical_type type_;
};

std::string TakeText(char* text) {
  std::string copy = text == nullptr ? "" : text;
  duckdb_free(text);
  return copy;
}

struct TypeName {
  duckdb_type type;
  std::string_view name;
};

constexpr TypeName kTypeNames[] = {
    {DUCKDB_TYPE_BOOLEAN, "BOOLEAN"},
    {DUCKDB_TYPE_TINYINT, "TINYINT"},
    {DUCKDB_TYPE_SMALLINT, "SMALLINT"},
    {DUCKDB_TYPE_INTEGER, "INTEGER"},
    {DUCKDB_TYPE_BIGINT, "BIGINT"},
    {DUCKDB_TYPE_UTINYINT, "UTINYINT"},
    {DUCKDB_TYPE_USMALLINT, "USMALLINT"},
    {DUCKDB_TYPE_UINTEGER, "UINTEGER"},
    {DUCKDB_TYPE_UBIGINT, "UBIGINT"},
    {DUCKDB_TYPE_HUGEINT, "HUGEINT"},
    {DUCKDB_TYPE_UHUGEINT, "UHUGEINT"},
    {DUCKDB_TYPE_FLOAT, "FLOAT"},
    {DUCKDB_TYPE_DOUBLE, "DOUBLE"},
    {DUCKDB_TYPE_VARCHAR, "VARCHAR"},
    {DUCKDB_TYPE_BLOB, "BLOB"},
    {DUCKDB_TYPE_BIT, "BIT"},
    {DUCKDB_TYPE_BIGNUM, "BIGNUM"},
    {DUCKDB_TYPE_DATE, "DATE"},
    {DUCKDB_TYPE_TIME, "TIME"},
    {DUCKDB_TYPE_TIME_NS, "TIME_NS"},
    {DUCKDB_TYPE_TIME_TZ, "TIME WITH TIME ZONE"},
    {DUCKDB_TYPE_INTERVAL, "INTERVAL"},
    {DUCKDB_TYPE_TIMESTAMP, "TIMESTAMP"},
    {DUCKDB_TYPE_TIMESTAMP_S, "TIMESTAMP_S"},
    {DUCKDB_TYPE_TIMESTAMP_MS, "TIMESTAMP_MS"},
    {DUCKDB_TYPE_TIMESTAMP_NS, "TIMESTAMP_NS"},
    {DUCKDB_TYPE_TIMESTAMP_TZ, "TIMESTAMP WITH TIME ZONE"},
    {DUCKDB_TYPE_UUID, "UUID"},
    {DUCKDB_TYPE_SQLNULL, "NULL"},
};

std::string ChildName(duckdb_logical_type child) {
  return SqlTypeName(LogicalType(child).get());
}

std::string EnumTypeName(duckdb_logical_type type) {
  std::string name = "ENUM(";
  for (uint32_t i = 0; i < duckdb_enum_dictionary_size(type); ++i) {
    if (i > 0) name += ", ";
    name += QuoteText(TakeText(duckdb_enum_dictionary_value(type, i)));
  }
  return name + ")";
}

std::string MembersTypeName(duckdb_logical_type type, bool is_struct) {
  std::string name = is_struct ? "STRUCT(" : "UNION(";
  const idx_t count =
      is_struct ? duckdb_struct_type_child_count(type) : duckdb_union_type_member_count(type);
  for (idx_t i = 0; i < count; ++i) {
    if (i > 0) name += ", ";
    name += QuoteName(TakeText(is_struct ? duckdb_struct_type_child_name(type, i)
                                         : duckdb_union_type_member_name(type, i)));
    name += " " + ChildName(is_struct ? duckdb_struct_type_child_type(type, i)
                                      : duckdb_union_type_member_type(type, i));
  }
  return name + ")";
}

int64_t FloorDivide(int64_t value, int64_t divisor) {
  const int64_t quotient = value / divisor;
  return value % divisor < 0 ? quotient - 1 : quotient;
}

// Turns a time in `per_ms`-ths of a millisecond into milliseconds; infinities stay.
int64_t ToMs(int64_t value, int64_t per_ms) {
  if (value == kInfinite || value == -kInfinite) return value;
  return FloorDivide(value, per_ms);
}

Cell FromHugeint(duckdb_hugeint value) {
  const auto lower = static_cast<int64_t>(value.lower);
  if ((value.upper == 0 && lower >= 0) || (value.upper == -1 && lower < 0)) return lower;
  return static_cast<double>(value.upper) * kTwoTo64 + static_cast<double>(value.lower);
}

Cell FromUnsigned(uint64_t value) {
  if (value <= static_cast<uint64_t>(kInfinite)) return static_cast<int64_t>(value);
  return static_cast<double>(value);
}

// DuckDB keeps a UUID as a 128-bit integer with its highest bit flipped, so that order is kept.
std::string UuidText(duckdb_hugeint value) {
  const uint64_t upper = static_cast<uint64_t>(value.upper) ^ (1ULL << 63);
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", upper >> 32, (upper >> 16) & 0xffff,
                     upper & 0xffff, value.lower >> 48, value.lower & 0xffff'ffff'ffffULL);
}

}  // namespace

std::string SqlTypeName(_duckdb_logical_type* type) {
  const duckdb_type id = duckdb_get_type_id(type);
  const std::string alias = TakeText(duckdb_logical_type_get_alias(type));
  if (!alias.empty()) return alias;
  switch (id) {
    case DUCKDB_TYPE_DECIMAL:
      return fmt::format("DECIMAL({},{})", duckdb_decimal_width(type), duckdb_decimal_scale(type));
    case DUCKDB_TYPE_ENUM:
      return EnumTypeName(type);
    case DUCKDB_TYPE_LIST:
      return ChildName(duckdb_list_type_child_type(type)) + "[]";
    case DUCKDB_TYPE_ARRAY:
      return fmt::format("{}[{}]", ChildName(duckdb_array_type_child_type(type)),
                         duckdb_array_type_array_size(type));
    case DUCKDB_TYPE_MAP:
      return fmt::format("MAP({}, {})", ChildName(duckdb_map_type_key_type(type)),
                         ChildName(duckdb_map_type_value_type(type)));
    case DUCKDB_TYPE_STRUCT:
    case DUCKDB_TYPE_UNION:
      return MembersTypeName(type, id == DUCKDB_TYPE_STRUCT);
    default:
      break;
  }
  for (const auto& row : kTypeNames)
    if (row.type == id) return std::string(row.name);
  return "UNKNOWN";
}

VectorReader::VectorReader(_duckdb_logical_type* type) {
  struct Row {
    duckdb_type id;
    Physical physical;
    ColumnType type;
  };
  static constexpr Row kRows[] = {
      {DUCKDB_TYPE_BOOLEAN, Physical::kBool, ColumnType::kBoolean},
      {DUCKDB_TYPE_TINYINT, Physical::kInt8, ColumnType::kInteger},
      {DUCKDB_TYPE_SMALLINT, Physical::kInt16, ColumnType::kInteger},
      {DUCKDB_TYPE_INTEGER, Physical::kInt32, ColumnType::kInteger},
      {DUCKDB_TYPE_BIGINT, Physical::kInt64, ColumnType::kInteger},
      {DUCKDB_TYPE_UTINYINT, Physical::kUint8, ColumnType::kInteger},
      {DUCKDB_TYPE_USMALLINT, Physical::kUint16, ColumnType::kInteger},
      {DUCKDB_TYPE_UINTEGER, Physical::kUint32, ColumnType::kInteger},
      {DUCKDB_TYPE_UBIGINT, Physical::kUint64, ColumnType::kInteger},
      {DUCKDB_TYPE_HUGEINT, Physical::kHugeint, ColumnType::kInteger},
      {DUCKDB_TYPE_UHUGEINT, Physical::kUhugeint, ColumnType::kInteger},
      {DUCKDB_TYPE_FLOAT, Physical::kFloat, ColumnType::kDouble},
      {DUCKDB_TYPE_DOUBLE, Physical::kDouble, ColumnType::kDouble},
      {DUCKDB_TYPE_VARCHAR, Physical::kText, ColumnType::kText},
      {DUCKDB_TYPE_DATE, Physical::kDate, ColumnType::kDate},
      {DUCKDB_TYPE_TIMESTAMP_S, Physical::kTimeS, ColumnType::kTimestamp},
      {DUCKDB_TYPE_TIMESTAMP_MS, Physical::kTimeMs, ColumnType::kTimestamp},
      {DUCKDB_TYPE_TIMESTAMP, Physical::kTimeUs, ColumnType::kTimestamp},
      {DUCKDB_TYPE_TIMESTAMP_TZ, Physical::kTimeUs, ColumnType::kTimestamp},
      {DUCKDB_TYPE_TIMESTAMP_NS, Physical::kTimeNs, ColumnType::kTimestamp},
      {DUCKDB_TYPE_UUID, Physical::kUuid, ColumnType::kText},
      {DUCKDB_TYPE_SQLNULL, Physical::kNull, ColumnType::kOther},
  };
  const auto physical_of = [](duckdb_type id) {
    for (const auto& row : kRows)
      if (row.id == id) return row.physical;
    return Physical::kUnknown;
  };
  const duckdb_type id = duckdb_get_type_id(type);
  for (const auto& row : kRows)
    if (row.id == id) type_ = row.type;
  physical_ = physical_of(id);
  if (id == DUCKDB_TYPE_DECIMAL) {
    type_ = ColumnType::kDouble;
    is_decimal_ = true;
    physical_ = physical_of(duckdb_decimal_internal_type(type));
    decimal_divisor_ = std::pow(10.0, duckdb_decimal_scale(type));
  } else if (id == DUCKDB_TYPE_ENUM) {
    type_ = ColumnType::kText;
    physical_ = Physical::kEnum;
    enum_index_ = physical_of(duckdb_enum_internal_type(type));
    for (uint32_t i = 0; i < duckdb_enum_dictionary_size(type); ++i)
      enum_names_.push_back(TakeText(duckdb_enum_dictionary_value(type, i)));
  }
}

bool VectorReader::is_number() const {
  return physical_ == Physical::kNull || type_ == ColumnType::kBoolean ||
         type_ == ColumnType::kInteger || type_ == ColumnType::kDouble;
}

template <typename V, typename Visit, typename Null>
void VectorReader::ForEach(_duckdb_vector* vector, size_t rows, const Visit& visit,
                           const Null& null) {
  const auto* values = static_cast<const V*>(duckdb_vector_get_data(vector));
  uint64_t* validity = duckdb_vector_get_validity(vector);
  if (validity == nullptr) {
    for (size_t i = 0; i < rows; ++i) visit(i, values[i]);
    return;
  }
  for (size_t i = 0; i < rows; ++i) {
    if ((validity[i / 64] >> (i % 64) & 1) != 0) {
      visit(i, values[i]);
    } else {
      null(i);
    }
  }
}

template <typename Visit, typename Null>
void VectorReader::ForEachNumber(_duckdb_vector* vector, size_t rows, const Visit& visit,
                                 const Null& null) const {
  const auto plain = [&](size_t i, auto value) {
    visit(i, static_cast<double>(value) / decimal_divisor_);
  };
  switch (physical_) {
    case Physical::kBool:
      return ForEach<bool>(vector, rows, plain, null);
    case Physical::kInt8:
      return ForEach<int8_t>(vector, rows, plain, null);
    case Physical::kInt16:
      return ForEach<int16_t>(vector, rows, plain, null);
    case Physical::kInt32:
      return ForEach<int32_t>(vector, rows, plain, null);
    case Physical::kInt64:
      return ForEach<int64_t>(vector, rows, plain, null);
    case Physical::kUint8:
      return ForEach<uint8_t>(vector, rows, plain, null);
    case Physical::kUint16:
      return ForEach<uint16_t>(vector, rows, plain, null);
    case Physical::kUint32:
      return ForEach<uint32_t>(vector, rows, plain, null);
    case Physical::kUint64:
      return ForEach<uint64_t>(vector, rows, plain, null);
    case Physical::kFloat:
      return ForEach<float>(vector, rows, plain, null);
    case Physical::kDouble:
      return ForEach<double>(vector, rows, plain, null);
    case Physical::kHugeint:
      return ForEach<duckdb_hugeint>(
          vector, rows, [&](size_t i, duckdb_hugeint v) { plain(i, duckdb_hugeint_to_double(v)); },
          null);
    case Physical::kUhugeint:
      return ForEach<duckdb_uhugeint>(
          vector, rows,
          [&](size_t i, duckdb_uhugeint v) { plain(i, duckdb_uhugeint_to_double(v)); }, null);
    case Physical::kNull:
      for (size_t i = 0; i < rows; ++i) null(i);
      return;
    default:
      CHECK(is_number());
  }
}

template <typename Visit, typename Null>
void VectorReader::ForEachEnum(_duckdb_vector* vector, size_t rows, const Visit& visit,
                               const Null& null) const {
  const auto named = [&](size_t i, auto index) { visit(i, enum_names_[index]); };
  switch (enum_index_) {
    case Physical::kUint8:
      return ForEach<uint8_t>(vector, rows, named, null);
    case Physical::kUint16:
      return ForEach<uint16_t>(vector, rows, named, null);
    default:
      return ForEach<uint32_t>(vector, rows, named, null);
  }
}

void VectorReader::Read(_duckdb_vector* vector, size_t rows, std::vector<Cell>* cells) const {
  const auto null = [&](size_t) { cells->emplace_back(); };
  const auto integer = [&](size_t, auto v) { cells->emplace_back(static_cast<int64_t>(v)); };
  const auto real = [&](size_t, double v) { cells->emplace_back(v); };
  const auto time = [&](int64_t per_ms) {
    ForEach<int64_t>(
        vector, rows, [&](size_t, int64_t v) { cells->emplace_back(ToMs(v, per_ms)); }, null);
  };
  if (is_decimal_) return ForEachNumber(vector, rows, real, null);
  switch (physical_) {
    case Physical::kBool:
      return ForEach<bool>(
          vector, rows, [&](size_t, bool v) { cells->emplace_back(v); }, null);
    case Physical::kInt8:
      return ForEach<int8_t>(vector, rows, integer, null);
    case Physical::kInt16:
      return ForEach<int16_t>(vector, rows, integer, null);
    case Physical::kInt32:
      return ForEach<int32_t>(vector, rows, integer, null);
    case Physical::kInt64:
      return ForEach<int64_t>(vector, rows, integer, null);
    case Physical::kUint8:
      return ForEach<uint8_t>(vector, rows, integer, null);
    case Physical::kUint16:
      return ForEach<uint16_t>(vector, rows, integer, null);
    case Physical::kUint32:
      return ForEach<uint32_t>(vector, rows, integer, null);
    case Physical::kUint64:
      return ForEach<uint64_t>(
          vector, rows, [&](size_t, uint64_t v) { cells->push_back(FromUnsigned(v)); }, null);
    case Physical::kHugeint:
      return ForEach<duckdb_hugeint>(
          vector, rows, [&](size_t, duckdb_hugeint v) { cells->push_back(FromHugeint(v)); }, null);
    case Physical::kUhugeint:
    case Physical::kFloat:
    case Physical::kDouble:
    case Physical::kNull:
      return ForEachNumber(vector, rows, real, null);
    case Physical::kDate:
      return ForEach<int32_t>(
          vector, rows,
          [&](size_t, int32_t v) {
            const bool infinite = std::abs(int64_t{v}) == std::numeric_limits<int32_t>::max();
            cells->emplace_back(infinite ? (v > 0 ? kInfinite : -kInfinite) : v * kDayMs);
          },
          null);
    case Physical::kTimeS:
      return ForEach<int64_t>(
          vector, rows,
          [&](size_t, int64_t v) { cells->emplace_back(std::abs(v) == kInfinite ? v : v * 1000); },
          null);
    case Physical::kTimeMs:
      return time(1);
    case Physical::kTimeUs:
      return time(1'000);
    case Physical::kTimeNs:
      return time(1'000'000);
    case Physical::kText:
      return ForEach<duckdb_string_t>(
          vector, rows,
          [&](size_t, duckdb_string_t v) {
            cells->emplace_back(std::string(duckdb_string_t_data(&v), duckdb_string_t_length(v)));
          },
          null);
    case Physical::kUuid:
      return ForEach<duckdb_hugeint>(
          vector, rows, [&](size_t, duckdb_hugeint v) { cells->emplace_back(UuidText(v)); }, null);
    case Physical::kEnum:
      return ForEachEnum(
          vector, rows, [&](size_t, const std::string& v) { cells->emplace_back(v); }, null);
    case Physical::kUnknown:
      break;
  }
  CHECK(is_readable());
}

void VectorReader::ReadFloats(_duckdb_vector* vector, size_t rows, float* out,
                              size_t stride) const {
  ForEachNumber(
      vector, rows, [&](size_t i, double v) { out[i * stride] = static_cast<float>(v); },
      [&](size_t i) { out[i * stride] = std::numeric_limits<float>::quiet_NaN(); });
}

}  // namespace millwright::analytics
