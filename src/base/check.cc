#include "base/check.h"

#include <fmt/core.h>

#include <cstdio>
#include <cstdlib>

namespace millwright::internal {

void CheckFailed(std::string_view condition, std::string_view file, int line) {
  fmt::print(stderr, "CHECK failed: {} at {}:{}\n", condition, file, line);
  std::abort();
}

}  // namespace millwright::internal
