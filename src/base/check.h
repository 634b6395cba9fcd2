#pragma once

#include <string_view>

namespace millwright::internal {
[[noreturn]] void CheckFailed(std::string_view condition, std::string_view file, int line);
}

// Aborts in all builds when a programmer's assumption is broken; never reachable from input.
#define CHECK(condition)        \
  (static_cast<bool>(condition) \
       ? static_cast<void>(0)   \
       : ::millwright::internal::CheckFailed(#condition, __FILE__, __LINE__))

#ifdef NDEBUG
#define DCHECK(condition) static_cast<void>(0)
#else
#define DCHECK(condition) CHECK(condition)
#endif
