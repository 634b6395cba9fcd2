#include "api/system/routes.h"

#include "alerts/series.h"
#include "api/json_error.h"
#include "api/prometheus/exposition.h"
#include "api/prometheus/label_cap.h"
#include "base/json.h"
#include "base/version.h"

namespace millwright::api::system {
namespace {

http::Response GetHealth(Context&, const http::Request&) {
  return http::Response::Text(200, "OK");
}

http::Response GetReadiness(Context& context, const http::Request&) {
  context.probe();
  return http::Response::Text(200, "OK");
}

http::Response GetVersion(Context&, const http::Request&) {
  return http::Response::Text(200, std::string(Version()));
}

http::Response GetMetrics(Context& context, const http::Request&) {
  return http::Response::Text(200, MetricsText(context), prometheus::kContentType);
}

std::string_view PermissionName(Permission permission) {
  switch (permission) {
    case Permission::kPublic:
      return "public";
    case Permission::kRead:
      return "read";
    case Permission::kEdit:
      return "edit";
    case Permission::kManage:
      return "manage";
    case Permission::kAdmin:
      return "admin";
  }
  return "admin";
}

http::Response GetRoutes(Context& context, const http::Request&) {
  std::string body;
  JsonWriter writer(&body);
  writer.BeginObject().Key("routes").BeginArray();
  for (const auto& route : context.router.routes())
    writer.BeginObject()
        .Field("protocol", route.protocol)
        .Field("method", http::MethodName(route.method))
        .Field("pattern", route.pattern)
        .Field("permission", PermissionName(route.permission))
        .Field("summary", route.summary)
        .EndObject();
  writer.EndArray().EndObject();
  return http::Response::JsonText(200, std::move(body));
}

using http::Lane;
using M = http::Method;
using P = Permission;

constexpr Route<Context> kRoutes[] = {
    {M::kGet, "/health", GetHealth, P::kPublic, Lane::kInline, "Tell that the process lives"},
    {M::kGet, "/ready", GetReadiness, P::kPublic, Lane::kMeta, "Tell that it can answer now"},
    {M::kGet, "/version", GetVersion, P::kPublic, Lane::kInline, "Tell the version"},
    {M::kGet, "/api/routes", GetRoutes, P::kRead, Lane::kMeta, "List all routes"},
};
static_assert(Unique(kRoutes));

constexpr Route<Context> kMetricsRoutes[] = {
    {M::kGet, "/metrics", GetMetrics, P::kRead, Lane::kMeta, "Print metrics for Prometheus"},
};

}  // namespace

std::string MetricsText(const Context& context) {
  std::string text;
  prometheus::AppendHead("millwright_up_seconds", "Seconds since the server started",
                         prometheus::Type::kGauge, &text);
  prometheus::AppendSample("millwright_up_seconds", "",
                           static_cast<double>(context.clock.NowMs() - context.started_ms) / 1000,
                           &text);
  text += context.router.MetricsText();
  text += context.metrics();
  return prometheus::WithCappedLabels(text, alerts::kLabelSetsOfMetricMax);
}

void AddRoutes(Router& router, Context& context) {
  router.Add("system", kRoutes, context, JsonError);
  AddMetricsRoute(router, context);
}

void AddMetricsRoute(Router& router, Context& context) {
  router.Add("system", kMetricsRoutes, context, JsonError);
}

}  // namespace millwright::api::system
