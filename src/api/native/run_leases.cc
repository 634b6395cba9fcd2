#include "api/native/run_leases.h"

#include "api/native/request_reader.h"
#include "base/json.h"
#include "tracking/run_lease.h"

namespace millwright::api::native {
namespace {

Json LeaseJson(const tracking::RunId& id, const tracking::RunLease& lease) {
  Json json = Json::Of({{"run_id", id.str()}, {"status", tracking::RunStatusName(lease.status)}});
  if (lease.lease_ms) json.Set("lease_s", *lease.lease_ms / 1000);
  if (lease.renewed_ms) json.Set("renewed_ms", *lease.renewed_ms);
  if (lease.missed_ms) json.Set("missed_ms", *lease.missed_ms);
  if (!lease.end_reason.empty()) json.Set("end_reason", lease.end_reason);
  return json;
}

}  // namespace

http::Response GetRunLease(Context& context, const http::Request& request) {
  const tracking::RunId id(request.PathValue("run_id"));
  return Answer(LeaseJson(id, context.run_leases.Get(id)));
}

http::Response RenewRunLease(Context& context, const http::Request& request) {
  const tracking::RunId id(request.PathValue("run_id"));
  return Answer(LeaseJson(id, context.run_leases.Renew(id, request.principal)));
}

}  // namespace millwright::api::native
