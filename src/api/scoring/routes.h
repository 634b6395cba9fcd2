#pragma once

#include "api/prediction/request.h"
#include "api/route.h"

// MLflow's scoring protocol: what `mlflow models serve` answers.
namespace millwright::api::scoring {

using prediction::Context;

// POST /invocations asks the only model; /endpoints/{name}/invocations names one.
void Invoke(Context& context, http::Request&& request, http::Reply reply);
// Whether an invocation's body is decoded on the I/O thread: not a Parquet file.
bool DecodesInline(const Context& context, const http::Request& head);
http::Response Ping(Context& context, const http::Request& request);
http::Response ServerVersion(Context& context, const http::Request& request);

// {"error_code": "BAD_REQUEST", "message": "…"} with the status of the code.
http::Response WriteError(const Error& error);

inline constexpr Route<Context> kRoutes[] = {
    {http::Method::kPost, "/invocations", nullptr, Permission::kRead, http::Lane::kInfer,
     "Predict with the only model", http::Body::kWhole, Invoke, prediction::kInlineBytesMax,
     nullptr, DecodesInline},
    {http::Method::kPost, "/endpoints/{name}/invocations", nullptr, Permission::kRead,
     http::Lane::kInfer, "Predict with an endpoint", http::Body::kWhole, Invoke,
     prediction::kInlineBytesMax, nullptr, DecodesInline},
};
static_assert(Unique(kRoutes));

// What a model server answers besides; a whole server has its own /health and /version.
inline constexpr Route<Context> kProbeRoutes[] = {
    {http::Method::kGet, "/ping", Ping, Permission::kPublic, http::Lane::kMeta,
     "Whether all models answer"},
    {http::Method::kGet, "/health", Ping, Permission::kPublic, http::Lane::kMeta,
     "Whether all models answer"},
    {http::Method::kGet, "/version", ServerVersion, Permission::kPublic, http::Lane::kInline,
     "The server's version"},
};
static_assert(Unique(kProbeRoutes));

}  // namespace millwright::api::scoring
