#pragma once

#include <string>

#include "quality/table_profile.h"

namespace millwright::quality {

inline constexpr size_t kProfileReportBytesMax = 1'000'000;

// Writes a profile as one HTML page that needs nothing else: what to look at first, then column by
// column, then what hangs together. It stays below kProfileReportBytesMax whatever the table: of a
// wide one the columns with warnings come first, and the page says how many are left out.
std::string RenderProfile(const TableProfile& profile, const std::string& title);

}  // namespace millwright::quality
