#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "quality/table_profile.h"

// The counts of frequent values, as profiles keep them for merging: all of them up to kKeptPoints
// distinct values, else those that more than one value in kKeptPoints is, and those that are shown.
namespace millwright::quality {

// How many of `top`, the most frequent values by falling count, are kept. `top` has at least one
// more than that, unless it has all values.
size_t KeptOf(const std::vector<TopValue>& top, int64_t total, size_t shown);

// The text that stands for a value in ColumnSketch::counts: itself up to kProfileTextBytesMax, a
// longer one by its beginning and a digest.
std::string ValueKey(const Json& value);

// Of two columns' kept counts those of both together; `error` bounds grow likewise.
void AddCounts(const ColumnSketch& other, ColumnSketch* sketch);

// The most frequent of them, by falling count, then rising value.
std::vector<TopValue> TopOf(const std::map<std::string, int64_t>& counts, FiguresKind kind,
                            size_t values_max);

}  // namespace millwright::quality
