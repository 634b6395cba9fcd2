#pragma once

#include <string_view>

namespace millwright {

// The program's version, "0.1.0", as CMakeLists.txt states it.
std::string_view Version();

}  // namespace millwright
