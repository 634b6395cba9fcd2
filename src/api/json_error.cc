#include "api/json_error.h"

#include "api/route.h"
#include "base/json.h"

namespace millwright::api {

int HttpStatus(Code code) {
  switch (code) {
    case Code::kInvalidArgument:
      return 400;
    case Code::kNotFound:
      return 404;
    case Code::kAlreadyExists:
      return 409;
    case Code::kPermissionDenied:
      return 403;
    case Code::kUnauthenticated:
      return 401;
    case Code::kFailedPrecondition:
      return 400;
    case Code::kResourceExhausted:
      return 429;
    case Code::kAborted:
      return 409;
    case Code::kUnavailable:
      return 503;
    case Code::kDeadlineExceeded:
      return 504;
    case Code::kUnimplemented:
      return 501;
    case Code::kInternal:
      return 500;
  }
  return 500;
}

std::string UpperCodeName(Code code) {
  std::string name(CodeName(code));
  for (char& c : name)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return name;
}

http::Response JsonError(const Error& error) {
  std::string json;
  JsonWriter writer(&json);
  writer.BeginObject()
      .Field("error_code", UpperCodeName(error.code()))
      .Field("message", error.message());
  if (!error.field().empty()) writer.Field("field", error.field());
  writer.EndObject();
  return http::Response::JsonText(HttpStatus(error.code()), std::move(json));
}

http::Response NoRoute(int status, std::string_view message) {
  std::string json;
  JsonWriter(&json)
      .BeginObject()
      .Field("error_code", "ENDPOINT_NOT_FOUND")
      .Field("message", message)
      .EndObject();
  return http::Response::JsonText(status, std::move(json));
}

}  // namespace millwright::api
