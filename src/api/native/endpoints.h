#pragma once

#include "api/native/context.h"
#include "http/message.h"

// Endpoints: deploying, rolling out, and what they answered.
namespace millwright::api::native {

http::Response ListEndpoints(Context& context, const http::Request& request);
http::Response GetEndpoint(Context& context, const http::Request& request);
http::Response DeployEndpoint(Context& context, const http::Request& request);
http::Response ShadowEndpoint(Context& context, const http::Request& request);
http::Response CanaryEndpoint(Context& context, const http::Request& request);
http::Response WeighRevisions(Context& context, const http::Request& request);
http::Response ConfigureEndpoint(Context& context, const http::Request& request);
http::Response ScaleEndpoint(Context& context, const http::Request& request);
http::Response PromoteEndpoint(Context& context, const http::Request& request);
http::Response RollbackEndpoint(Context& context, const http::Request& request);
http::Response RetireRevision(Context& context, const http::Request& request);
http::Response WaitForRequests(Context& context, const http::Request& request);
http::Response RaiseApiVersion(Context& context, const http::Request& request);
http::Response DeleteEndpoint(Context& context, const http::Request& request);
http::Response GetTraffic(Context& context, const http::Request& request);

}  // namespace millwright::api::native
