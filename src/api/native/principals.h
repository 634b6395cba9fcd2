#pragma once

#include "api/native/context.h"
#include "http/message.h"

// Who may call: users, their roles and tokens.
namespace millwright::api::native {

http::Response GetSelf(Context& context, const http::Request& request);
http::Response ListUsers(Context& context, const http::Request& request);
http::Response CreateUser(Context& context, const http::Request& request);
http::Response SetUserRole(Context& context, const http::Request& request);
http::Response SetUserPassword(Context& context, const http::Request& request);
http::Response DeleteUser(Context& context, const http::Request& request);
http::Response ListTokens(Context& context, const http::Request& request);
http::Response CreateToken(Context& context, const http::Request& request);
http::Response DeleteToken(Context& context, const http::Request& request);

}  // namespace millwright::api::native
