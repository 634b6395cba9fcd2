#pragma once

#include <string>

#include "quality/validation.h"

namespace millwright::quality {

inline constexpr size_t kReportBytesMax = 1 << 20;

// Writes a validation as one HTML document for people: what failed, by how much, examples and whole
// failing rows, then what passed. It loads nothing from elsewhere, runs no script, follows the
// reader's light or dark setting and stays below kReportBytesMax: rows, and then whole details of
// the last expectations, are left out with a note when it would not.
std::string ValidationReport(const ValidationResult& validation);

// The same from the stored JSON. Throws kInvalidArgument.
std::string ValidationReport(const Json& validation);

}  // namespace millwright::quality
