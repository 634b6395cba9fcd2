#include "api/cross_origin.h"

#include "api/json_error.h"

namespace millwright::api {
namespace {

// How long a browser need not ask again.
constexpr const char* kPreflightSeconds = "600";

void AddOrigin(const std::string& origin, http::Response* response) {
  response->headers.Add("Access-Control-Allow-Origin", origin);
  response->headers.Add("Vary", "Origin");
}

}  // namespace

bool IsPreflight(const http::Request& head) {
  return head.method == http::Method::kOptions &&
         head.headers.Find("Access-Control-Request-Method").has_value();
}

http::Response PreflightAnswer(const http::Request& head, const std::string& origin,
                               const std::string& allow) {
  if (allow.empty()) return NoRoute(404, "Path not found: " + head.path);
  http::Response response = http::Response::Text(200, "OK");
  AddOrigin(origin, &response);
  response.headers.Add("Access-Control-Allow-Methods", allow);
  if (const auto names = head.headers.Find("Access-Control-Request-Headers"))
    response.headers.Add("Access-Control-Allow-Headers", std::string(*names));
  response.headers.Add("Access-Control-Max-Age", kPreflightSeconds);
  return response;
}

http::Reply LetRead(const std::string& origin, http::Reply reply) {
  return [origin, reply = std::move(reply)](http::Response response) {
    AddOrigin(origin, &response);
    reply(std::move(response));
  };
}

}  // namespace millwright::api
