#pragma once

#include <optional>
#include <string>

#include "base/error.h"

namespace millwright::storage {

// The file of `sqlite:///path`, else nothing. Throws kInvalidArgument for `sqlite:` without a path.
std::optional<std::string> SqlitePath(const std::string& uri);
// The address of `postgresql://…` as libpq takes it, else nothing.
std::optional<std::string> PostgresAddress(const std::string& uri);
// What to throw for a URI that is neither.
Error NoDatabase();

}  // namespace millwright::storage
