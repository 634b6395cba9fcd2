#pragma once

#include "api/prediction/request.h"
#include "api/route.h"

// The Open Inference Protocol v2 over REST (KServe, Triton), with the binary tensor data extension.
namespace millwright::api::kserve {

using prediction::Context;

http::Response ServerMetadata(Context& context, const http::Request& request);
http::Response ServerLive(Context& context, const http::Request& request);
http::Response ServerReady(Context& context, const http::Request& request);
http::Response ListModels(Context& context, const http::Request& request);
http::Response ModelMetadata(Context& context, const http::Request& request);
http::Response ModelReady(Context& context, const http::Request& request);
void Infer(Context& context, http::Request&& request, http::Reply reply);

// {"error": "…"} with the status of the code.
http::Response WriteError(const Error& error);

inline constexpr Route<Context> kRoutes[] = {
    {http::Method::kGet, "/v2", ServerMetadata, Permission::kPublic, http::Lane::kInline,
     "Name, version and extensions of the server"},
    {http::Method::kGet, "/v2/health/live", ServerLive, Permission::kPublic, http::Lane::kInline,
     "Whether the server runs"},
    {http::Method::kGet, "/v2/health/ready", ServerReady, Permission::kPublic, http::Lane::kMeta,
     "Whether all models answer"},
    {http::Method::kGet, "/v2/models", ListModels, Permission::kRead, http::Lane::kMeta,
     "List the models"},
    {http::Method::kGet, "/v2/models/{model}", ModelMetadata, Permission::kRead, http::Lane::kInfer,
     "Inputs and outputs of a model"},
    {http::Method::kGet, "/v2/models/{model}/versions/{version}", ModelMetadata, Permission::kRead,
     http::Lane::kInfer, "Inputs and outputs of a model's version"},
    {http::Method::kGet, "/v2/models/{model}/ready", ModelReady, Permission::kRead,
     http::Lane::kMeta, "Whether a model answers"},
    {http::Method::kGet, "/v2/models/{model}/versions/{version}/ready", ModelReady,
     Permission::kRead, http::Lane::kMeta, "Whether a model's version answers"},
    {http::Method::kPost, "/v2/models/{model}/infer", nullptr, Permission::kRead,
     http::Lane::kInfer, "Predict", http::Body::kWhole, Infer},
    {http::Method::kPost, "/v2/models/{model}/versions/{version}/infer", nullptr, Permission::kRead,
     http::Lane::kInfer, "Predict with a version", http::Body::kWhole, Infer},
};
static_assert(Unique(kRoutes));

}  // namespace millwright::api::kserve
