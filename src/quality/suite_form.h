#pragma once

#include <string>
#include <string_view>

#include "quality/suite.h"

namespace millwright::quality {

// How a suite is written: as Great Expectations 1.x or 0.x has it, or shorter, in YAML:
//   suite: arrivals
//   checks:
//     - not_null: late
//     - between: {column: distance, min: 10, max: 6000, mostly: 0.999}
//       description: Miles
// A check is named by ExpectationType::brief and its kwargs by Kwarg::brief. A type whose one
// necessary kwarg is all that is said has it in the place of the kwargs. What the YAML form has no
// short name for is written as `type` and `kwargs`. Each form says all that the others say.
enum class SuiteForm { kGx, kGx0, kYaml };
// Reads "gx", "gx0" or "yaml". Throws kInvalidArgument.
SuiteForm ParseSuiteForm(std::string_view text);

// Ends with a line break. ParseSuiteText reads it back to the same suite.
std::string WriteSuite(const Suite& suite, SuiteForm form);

// The YAML form as the value that it stands for. Throws kInvalidArgument naming the check.
Suite ParseShortSuite(const Json& json);

}  // namespace millwright::quality
