#pragma once

#include "api/prediction/request.h"
#include "api/route.h"

// TensorFlow Serving's REST API and KServe's first protocol, which has the same paths for less.
namespace millwright::api::tfserving {

using prediction::Context;

http::Response ListModels(Context& context, const http::Request& request);
http::Response ModelStatus(Context& context, const http::Request& request);
http::Response ModelMetadata(Context& context, const http::Request& request);
void Predict(Context& context, http::Request&& request, http::Reply reply);
void Classify(Context& context, http::Request&& request, http::Reply reply);
void Regress(Context& context, http::Request&& request, http::Reply reply);

// {"error": "…"} with the status of the code.
http::Response WriteError(const Error& error);

inline constexpr Route<Context> kRoutes[] = {
    {http::Method::kGet, "/v1/models", ListModels, Permission::kRead, http::Lane::kMeta,
     "List the models"},
    {http::Method::kGet, "/v1/models/{model}", ModelStatus, Permission::kRead, http::Lane::kMeta,
     "State of a model's versions, and whether it answers"},
    {http::Method::kGet, "/v1/models/{model}/versions/{version}", ModelStatus, Permission::kRead,
     http::Lane::kMeta, "State of a version"},
    {http::Method::kGet, "/v1/models/{model}/labels/{label}", ModelStatus, Permission::kRead,
     http::Lane::kMeta, "State of the version that an alias names"},
    {http::Method::kGet, "/v1/models/{model}/metadata", ModelMetadata, Permission::kRead,
     http::Lane::kInfer, "Inputs and outputs of a model"},
    {http::Method::kGet, "/v1/models/{model}/versions/{version}/metadata", ModelMetadata,
     Permission::kRead, http::Lane::kInfer, "Inputs and outputs of a version"},
    {http::Method::kGet, "/v1/models/{model}/labels/{label}/metadata", ModelMetadata,
     Permission::kRead, http::Lane::kInfer, "Inputs and outputs of the version of an alias"},
    {http::Method::kPost, "/v1/models/{model}:predict", nullptr, Permission::kRead,
     http::Lane::kInfer, "Predict", http::Body::kWhole, Predict, prediction::kInlineBytesMax,
     nullptr, prediction::DecodesInline},
    {http::Method::kPost, "/v1/models/{model}/versions/{version}:predict", nullptr,
     Permission::kRead, http::Lane::kInfer, "Predict with a version", http::Body::kWhole, Predict,
     prediction::kInlineBytesMax, nullptr, prediction::DecodesInline},
    {http::Method::kPost, "/v1/models/{model}/labels/{label}:predict", nullptr, Permission::kRead,
     http::Lane::kInfer, "Predict with the version of an alias", http::Body::kWhole, Predict,
     prediction::kInlineBytesMax, nullptr, prediction::DecodesInline},
    {http::Method::kPost, "/v1/models/{model}:classify", nullptr, Permission::kRead,
     http::Lane::kInfer, "Scores by class of examples", http::Body::kWhole, Classify,
     prediction::kInlineBytesMax, nullptr, prediction::DecodesInline},
    {http::Method::kPost, "/v1/models/{model}/versions/{version}:classify", nullptr,
     Permission::kRead, http::Lane::kInfer, "Scores by class with a version", http::Body::kWhole,
     Classify, prediction::kInlineBytesMax, nullptr, prediction::DecodesInline},
    {http::Method::kPost, "/v1/models/{model}/labels/{label}:classify", nullptr, Permission::kRead,
     http::Lane::kInfer, "Scores by class with the version of an alias", http::Body::kWhole,
     Classify, prediction::kInlineBytesMax, nullptr, prediction::DecodesInline},
    {http::Method::kPost, "/v1/models/{model}:regress", nullptr, Permission::kRead,
     http::Lane::kInfer, "One number for each example", http::Body::kWhole, Regress,
     prediction::kInlineBytesMax, nullptr, prediction::DecodesInline},
    {http::Method::kPost, "/v1/models/{model}/versions/{version}:regress", nullptr,
     Permission::kRead, http::Lane::kInfer, "One number for each example with a version",
     http::Body::kWhole, Regress, prediction::kInlineBytesMax, nullptr, prediction::DecodesInline},
    {http::Method::kPost, "/v1/models/{model}/labels/{label}:regress", nullptr, Permission::kRead,
     http::Lane::kInfer, "One number for each example with the version of an alias",
     http::Body::kWhole, Regress, prediction::kInlineBytesMax, nullptr, prediction::DecodesInline},
};
static_assert(Unique(kRoutes));

}  // namespace millwright::api::tfserving
