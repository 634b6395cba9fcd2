#pragma once

#include "api/route.h"
#include "api/rpc.h"
#include "security/security.h"

namespace millwright::api {

// Which role a permission asks for; kPublic asks for none.
std::optional<security::Role> NeededRole(Permission permission);

// The router's check of callers: reads the Authorization header, sets principal and
// principal_verified, and throws kUnauthenticated or kPermissionDenied. `security` outlives it.
Authorize MakeAuthorize(security::Security& security);
// The same for callers that were checked a short while ago, without asking the database.
AuthorizeAtOnce MakeAuthorizeAtOnce(const security::Security& security);
// The same check of the callers of gRPC.
AuthorizeRpc MakeAuthorizeRpc(security::Security& security);

}  // namespace millwright::api
