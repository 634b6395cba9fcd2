#include "api/intake/routes.h"

#include "api/intake/handlers.h"
#include "api/json_error.h"

namespace millwright::api::intake {
namespace {

using http::Lane;
using M = http::Method;
using P = Permission;

constexpr Route<Context> kRoutes[] = {
    {M::kPost, "/api/v1/import/experiments", TakeExperiment, P::kManage, Lane::kMeta,
     "Take over an experiment of another store"},
    {M::kPost, "/api/v1/import/runs", TakeRuns, P::kManage, Lane::kBulk,
     "Take over runs with their ids and points"},
    {M::kPost, "/api/v1/import/logged-models", TakeLoggedModel, P::kManage, Lane::kMeta,
     "Take over a logged model"},
    {M::kPost, "/api/v1/import/models", TakeModel, P::kManage, Lane::kBulk,
     "Take over a registered model and its versions, and scan their files"},
    {M::kGet, "/api/v1/import/files", ListFiles, P::kRead, Lane::kBulk,
     "List the files below a folder of artifacts with their checksums"},
};
static_assert(Unique(kRoutes));

}  // namespace

void AddRoutes(Router& router, Context& context) {
  router.Add("import", kRoutes, context, JsonError);
}

}  // namespace millwright::api::intake
