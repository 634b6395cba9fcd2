#pragma once

#include <tl/expected.hpp>

#include "base/error.h"

namespace millwright {

// A value or the Error that stands for it: for items of a batch, findings, configuration, retries
// and queue admission, where failure is data. Elsewhere throw.
template <typename T>
using Result = tl::expected<T, Error>;

using Unexpected = tl::unexpected<Error>;

}  // namespace millwright
