#pragma once

#include <string>

#include "quality/suite.h"

namespace millwright::quality {

// As ParseSuiteText of a file, which errors name. Throws kNotFound for none.
Suite ReadSuiteFile(const std::string& file);

}  // namespace millwright::quality
