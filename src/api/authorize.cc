#include "api/authorize.h"

#include "base/error.h"

namespace millwright::api {

std::optional<security::Role> NeededRole(Permission permission) {
  switch (permission) {
    case Permission::kPublic:
      return std::nullopt;
    case Permission::kRead:
      return security::Role::kReader;
    case Permission::kEdit:
      return security::Role::kEditor;
    case Permission::kManage:
      return security::Role::kManager;
    case Permission::kAdmin:
      return security::Role::kAdmin;
  }
  return security::Role::kAdmin;
}

AuthorizeAtOnce MakeAuthorizeAtOnce(const security::Security& security) {
  return [&security](http::Request& request, Permission permission) {
    const auto needed = NeededRole(permission);
    if (!needed) return true;
    auto identity = security.AuthenticateAtOnce(request.headers.Find("Authorization"));
    if (!identity || !identity->MayActAs(*needed)) return false;
    request.principal = std::move(identity->name);
    request.token = std::move(identity->token);
    request.principal_verified = identity->verified;
    return true;
  };
}

Authorize MakeAuthorize(security::Security& security) {
  return [&security](http::Request& request, Permission permission) {
    const auto needed = NeededRole(permission);
    if (!needed) return;
    security::Identity identity = security.Authenticate(request.headers.Find("Authorization"));
    if (!identity.MayActAs(*needed)) throw PermissionDenied("Permission denied");
    request.principal = std::move(identity.name);
    request.token = std::move(identity.token);
    request.principal_verified = identity.verified;
  };
}

AuthorizeRpc MakeAuthorizeRpc(security::Security& security) {
  return [&security](std::optional<std::string_view> authorization,
                     Permission permission) -> grpc::Caller {
    const auto needed = NeededRole(permission);
    if (!needed) return {};
    security::Identity identity = security.Authenticate(authorization);
    if (!identity.MayActAs(*needed)) throw PermissionDenied("Permission denied");
    return {.principal = std::move(identity.name),
            .token = std::move(identity.token),
            .is_verified = identity.verified};
  };
}

}  // namespace millwright::api
