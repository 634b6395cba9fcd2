#include "api/native/principals.h"

#include "api/native/request_reader.h"
#include "base/error.h"
#include "security/security.h"

namespace millwright::api::native {
namespace {

Json PrincipalJson(const security::Principal& principal) {
  return Json::Of({{"name", principal.name},
                   {"role", principal.role ? Json(security::RoleName(*principal.role)) : Json()},
                   {"created_ms", principal.created_ms},
                   {"updated_ms", principal.updated_ms}});
}

Json TokenJson(const security::Token& token) {
  return Json::Of({{"id", token.id.str()},
                   {"principal", token.principal},
                   {"name", token.name},
                   {"created_ms", token.created_ms},
                   {"expires_ms", token.expires_ms ? Json(*token.expires_ms) : Json()}});
}

security::Role RoleOf(const Json& body) {
  return security::ParseRole(body.At("role").AsString("role"));
}

}  // namespace

http::Response GetSelf(Context&, const http::Request& request) {
  return Answer(Json::Of({{"name", request.principal}, {"verified", request.principal_verified}}));
}

http::Response ListUsers(Context& context, const http::Request& request) {
  Json users = Json::MakeArray();
  for (const auto& user :
       context.security.ListUsers(QueryText(request, "after"), security::kPrincipalsPageMax))
    users.Append(PrincipalJson(user));
  return Answer(Json::Of({{"users", users}}));
}

http::Response CreateUser(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  return Answer(PrincipalJson(context.security.CreateUser(body.At("name").AsString("name"),
                                                          body.At("password").AsString("password"),
                                                          RoleOf(body), request.principal)));
}

http::Response SetUserRole(Context& context, const http::Request& request) {
  return Answer(PrincipalJson(context.security.SetRole(
      request.PathValue("name"), RoleOf(BodyObject(request)), request.principal)));
}

http::Response SetUserPassword(Context& context, const http::Request& request) {
  context.security.SetPassword(request.PathValue("name"),
                               BodyObject(request).At("password").AsString("password"),
                               request.principal);
  return Answer(Json::MakeObject());
}

http::Response DeleteUser(Context& context, const http::Request& request) {
  context.security.DeleteUser(request.PathValue("name"), request.principal);
  return Answer(Json::MakeObject());
}

http::Response ListTokens(Context& context, const http::Request& request) {
  Json tokens = Json::MakeArray();
  for (const auto& token : context.security.ListTokens(QueryText(request, "principal")))
    tokens.Append(TokenJson(token));
  return Answer(Json::Of({{"tokens", tokens}}));
}

http::Response CreateToken(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  std::optional<int64_t> expires_ms;
  if (const Json* value = body.Find("expires_ms")) expires_ms = value->AsInt("expires_ms");
  const auto created =
      context.security.CreateToken(body.GetString("principal", request.principal),
                                   body.At("name").AsString("name"), expires_ms, request.principal);
  Json answer = TokenJson(created.token);
  return Answer(answer.Set("secret", created.secret));
}

http::Response DeleteToken(Context& context, const http::Request& request) {
  context.security.DeleteToken(security::TokenId(request.PathValue("id")), request.principal);
  return Answer(Json::MakeObject());
}

}  // namespace millwright::api::native
