#pragma once

#include <array>
#include <string>
#include <vector>

#include "storage/database.h"

struct pg_result;

namespace millwright::storage {

// Parameters in the form that libpq takes. Integers, doubles and bytes travel in binary with their
// type; texts and NULLs leave their type to the server. The values must outlive this.
class PostgresParameters {
 public:
  explicit PostgresParameters(const std::vector<Value>& values);

  int size() const { return static_cast<int>(values_.size()); }
  const char* const* values() const { return values_.data(); }
  const int* lengths() const { return lengths_.data(); }
  const int* formats() const { return formats_.data(); }

 private:
  void Add(const Value& value, std::array<char, 8>& scratch);

  std::vector<const char*> values_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
  std::vector<std::array<char, 8>> scratch_;
};

// The type ids (Oid) with which a query is prepared for such values; 0 leaves one to the server.
std::vector<unsigned> PostgresTypes(const std::vector<Value>& values);

// Reads one row of a result in text format.
Row PostgresRow(const pg_result* result, int row);

}  // namespace millwright::storage
