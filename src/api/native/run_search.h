#pragma once

#include "api/native/context.h"
#include "http/message.h"

// Searching runs without MLflow's limits: named columns only, counts, groups and the columns there
// are. All four take experiment_ids, filter and view ("active", "deleted" or "all").
namespace millwright::api::native {

http::Response SearchRuns(Context& context, const http::Request& request);
http::Response CountRuns(Context& context, const http::Request& request);
http::Response GroupRuns(Context& context, const http::Request& request);
http::Response ListRunColumns(Context& context, const http::Request& request);

}  // namespace millwright::api::native
