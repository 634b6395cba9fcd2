#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "storage/database.h"

// Rows as bytes, one value after another: one byte of kind, then 8 bytes of an integer or a double,
// or 4 bytes of length and a text or bytes. Numbers are little-endian; a NULL has its kind alone.
namespace millwright::backup {

void AppendRow(const std::vector<storage::Value>& row, std::string* out);

// Takes a row of so many columns off the front. Throws kInvalidArgument for what is no row.
std::vector<storage::Value> TakeRow(size_t columns, std::string_view* bytes);

}  // namespace millwright::backup
