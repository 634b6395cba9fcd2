#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "analytics/session.h"

// DuckDB's handles, declared here so that duckdb.h stays in the .cc files.
struct _duckdb_vector;
struct _duckdb_logical_type;

namespace millwright::analytics {

// Names a type as DuckDB prints it, with the parts of nested types.
std::string SqlTypeName(_duckdb_logical_type* type);

// Reads one column of DuckDB's data chunks. Types that it does not know are kOther, and the query
// is expected to cast them to text.
class VectorReader {
 public:
  // Keeps no reference to `type`.
  explicit VectorReader(_duckdb_logical_type* type);

  ColumnType type() const { return type_; }
  // Tells whether Read and ReadFloats know the type.
  bool is_readable() const { return physical_ != Physical::kUnknown; }
  bool is_number() const;

  // Appends `rows` cells.
  void Read(_duckdb_vector* vector, size_t rows, std::vector<Table::Cell>* cells) const;
  // Writes `rows` numbers, `stride` floats apart. Only for is_number().
  void ReadFloats(_duckdb_vector* vector, size_t rows, float* out, size_t stride) const;

 private:
  // How values lie in memory and what they mean.
  enum class Physical {
    kUnknown,
    kBool,
    kInt8,
    kInt16,
    kInt32,
    kInt64,
    kUint8,
    kUint16,
    kUint32,
    kUint64,
    kHugeint,
    kUhugeint,
    kFloat,
    kDouble,
    kText,
    kDate,
    kTimeS,
    kTimeMs,
    kTimeUs,
    kTimeNs,
    kEnum,
    kUuid,
    kNull,
  };
  // Calls visit(index, value) for each row that is not NULL and null(index) for the others.
  template <typename V, typename Visit, typename Null>
  static void ForEach(_duckdb_vector* vector, size_t rows, const Visit& visit, const Null& null);
  // Calls visit(index, double) likewise, for numbers.
  template <typename Visit, typename Null>
  void ForEachNumber(_duckdb_vector* vector, size_t rows, const Visit& visit,
                     const Null& null) const;
  template <typename Visit, typename Null>
  void ForEachEnum(_duckdb_vector* vector, size_t rows, const Visit& visit, const Null& null) const;

  ColumnType type_ = ColumnType::kOther;
  Physical physical_ = Physical::kUnknown;
  bool is_decimal_ = false;
  double decimal_divisor_ = 1;
  Physical enum_index_ = Physical::kUint8;
  std::vector<std::string> enum_names_;
};

}  // namespace millwright::analytics
