#pragma once

#include "analytics/session.h"
#include "base/json.h"

namespace millwright::api::native {

// The answer of a query: {"columns": [{"name", "type"}], "rows": [[…]]}.
Json TableJson(const analytics::Table& table);

}  // namespace millwright::api::native
