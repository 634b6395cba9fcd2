#pragma once

#include <string>

namespace millwright {

// Makes 32 lower-case hex digits without asking the kernel each time: no two are the same, but who
// has one can guess the next. Where it must not be guessed: NewHexId.
std::string NewUniqueId();

}  // namespace millwright
