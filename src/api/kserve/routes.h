#pragma once

#include "api/prediction/request.h"
#include "api/route.h"

// The Open Inference Protocol v2 over REST (KServe, Triton), with the extensions for binary tensor
// data, classification, the model's configuration, the model repository and statistics.
namespace millwright::api::kserve {

using prediction::Context;

http::Response ServerMetadata(Context& context, const http::Request& request);
http::Response ServerLive(Context& context, const http::Request& request);
http::Response ServerReady(Context& context, const http::Request& request);
http::Response ListModels(Context& context, const http::Request& request);
http::Response ModelMetadata(Context& context, const http::Request& request);
http::Response ModelReady(Context& context, const http::Request& request);
http::Response ModelConfig(Context& context, const http::Request& request);
http::Response ModelStatistics(Context& context, const http::Request& request);
http::Response RepositoryIndex(Context& context, const http::Request& request);
http::Response LoadModel(Context& context, const http::Request& request);
http::Response UnloadModel(Context& context, const http::Request& request);
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
    {http::Method::kGet, "/v2/models/{model}/config", ModelConfig, Permission::kRead,
     http::Lane::kInfer, "Inputs and outputs of a model as Triton's configuration words them"},
    {http::Method::kGet, "/v2/models/{model}/versions/{version}/config", ModelConfig,
     Permission::kRead, http::Lane::kInfer,
     "Inputs and outputs of a model's version as Triton's configuration words them"},
    {http::Method::kGet, "/v2/models/stats", ModelStatistics, Permission::kRead, http::Lane::kMeta,
     "What all models have answered"},
    {http::Method::kGet, "/v2/models/{model}/stats", ModelStatistics, Permission::kRead,
     http::Lane::kMeta, "What a model has answered"},
    {http::Method::kGet, "/v2/models/{model}/versions/{version}/stats", ModelStatistics,
     Permission::kRead, http::Lane::kMeta, "What a model's version has answered"},
    {http::Method::kPost, "/v2/repository/index", RepositoryIndex, Permission::kRead,
     http::Lane::kMeta, "List all models' versions and their states"},
    {http::Method::kPost, "/v2/repository/models/{model}/load", LoadModel, Permission::kManage,
     http::Lane::kBulk, "Load a model again from its files"},
    {http::Method::kPost, "/v2/repository/models/{model}/unload", UnloadModel, Permission::kManage,
     http::Lane::kBulk, "Let go of a model"},
    {http::Method::kPost, "/v2/models/{model}/infer", nullptr, Permission::kRead,
     http::Lane::kInfer, "Predict", http::Body::kWhole, Infer, prediction::kInlineBytesMax, nullptr,
     prediction::DecodesInline},
    {http::Method::kPost, "/v2/models/{model}/versions/{version}/infer", nullptr, Permission::kRead,
     http::Lane::kInfer, "Predict with a version", http::Body::kWhole, Infer,
     prediction::kInlineBytesMax, nullptr, prediction::DecodesInline},
};
static_assert(Unique(kRoutes));

}  // namespace millwright::api::kserve
