#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analytics/session.h"
#include "base/json.h"

namespace millwright::data {

enum class SplitKind { kTime, kRandom, kStratified, kGroup };
std::string_view SplitKindName(SplitKind kind);
// Throws kInvalidArgument.
SplitKind ParseSplitKind(std::string_view name);

// What a part takes: a range of time, or a share of 1 of the rows.
struct PartSpec {
  std::string name;
  int64_t from_ms = 0;  // time: included
  int64_t to_ms = 0;    // time: not included
  double share = 0;     // random, stratified, group
};

// How a version is split. The same specification over the same version always gives the same parts:
// chance comes from MD5 of the seed and the key (or the row's number), never from a generator.
//   time        by `column` (a date or timestamp); rows outside of every range are in no part
//   random      by `column` as key if given, else by row number
//   stratified  as random, with the same shares (to a row) inside of each value of `column`
//   group       all rows of one value of `column` in the same part
struct SplitSpec {
  SplitKind kind = SplitKind::kTime;
  std::string column;
  int64_t seed = 0;
  std::vector<PartSpec> parts;

  // Reads {"kind", "column", "seed", "parts": [{"name", "from", "to"} | {"name", "share"}]}, the
  // form of a split.yaml. Throws kInvalidArgument naming the field.
  static SplitSpec FromJson(const Json& json);
  Json ToJson() const;
};

inline constexpr size_t kPartsMax = 100;
// Stands in predicates for the table expression of the version's file.
inline constexpr std::string_view kTableMark = "${table}";

// Writes the condition that holds for the rows of each part, over the columns of the version and
// file_row_number. Throws kInvalidArgument when the version has no such column or one of a type
// that does not fit.
std::vector<std::string> PartPredicates(const SplitSpec& spec,
                                        const std::vector<analytics::Column>& columns);

}  // namespace millwright::data
