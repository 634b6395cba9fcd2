#pragma once

#include <string>

#include "base/option.h"

namespace millwright::cli {

// The options of commands that take one name and nothing else, or a limit and nothing else.
struct NameOptions {
  std::string name;
};
inline constexpr Option<NameOptions> kNameOptions[] = {
    {"", "NAME", "The name, with @VERSION where one is meant", &NameOptions::name, "", 0, 0,
     Option<NameOptions>::Kind::kRequired},
};

struct LimitOptions {
  int limit = 100;
};
inline constexpr Option<LimitOptions> kLimitOptions[] = {
    {"", "--limit", "How many to show", &LimitOptions::limit, "N", 1, 10000},
};

}  // namespace millwright::cli
