#pragma once

#include "api/native/context.h"
#include "http/message.h"

// What happened to a registered model, what it was at a time, and moving its aliases and stages
// with a reason.
namespace millwright::api::native {

http::Response GetModelHistory(Context& context, const http::Request& request);
http::Response GetModelAsOf(Context& context, const http::Request& request);
http::Response GetAliasHistory(Context& context, const http::Request& request);

http::Response MoveModelAlias(Context& context, const http::Request& request);
http::Response DeleteModelAlias(Context& context, const http::Request& request);
http::Response RollBackModelAlias(Context& context, const http::Request& request);
http::Response MoveModelStage(Context& context, const http::Request& request);
// The same although a gate refuses; these rows ask for a permission of their own, and the body for
// a reason.
http::Response OverrideModelAlias(Context& context, const http::Request& request);
http::Response OverrideModelStage(Context& context, const http::Request& request);

}  // namespace millwright::api::native
