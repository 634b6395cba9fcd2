#pragma once

#include "api/mlflow/context.h"
#include "http/message.h"

// Handlers of /mlflow/webhooks. They see the webhooks that were made through them: those of the
// native API ask for events that this protocol has no names for.
namespace millwright::api::mlflow::webhook_routes {

http::Response Create(Context& context, const http::Request& request);
http::Response List(Context& context, const http::Request& request);
http::Response Get(Context& context, const http::Request& request);
http::Response Update(Context& context, const http::Request& request);
http::Response Delete(Context& context, const http::Request& request);
http::Response Test(Context& context, const http::Request& request);

}  // namespace millwright::api::mlflow::webhook_routes
