#pragma once

#include <vector>

#include "quality/table_profile.h"

namespace millwright::quality {

// What a person should look at before using the table, the table first, then column by column.
std::vector<ProfileWarning> WarningsOf(const TableProfile& profile);

}  // namespace millwright::quality
