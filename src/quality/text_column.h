#pragma once

#include <string>

#include "analytics/session.h"
#include "quality/table_profile.h"

namespace millwright::quality {

// Completes a column of texts, booleans or what is printed as text: groups its values once and
// asks all that there is to know of the groups.
void ProfileTextColumn(analytics::Session& session, const std::string& table,
                       const analytics::Column& source, size_t top_values,
                       ColumnStatistics* column);

// Writes the figures that follow from the sketch of a merged column. `parts` are the texts' figures
// that it is made of.
void TellMergedTexts(size_t top_values, ColumnStatistics* column);

}  // namespace millwright::quality
