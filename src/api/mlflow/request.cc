#include "api/mlflow/request.h"

#include <algorithm>

#include "base/digest.h"
#include "base/error.h"

namespace millwright::api::mlflow {
namespace {

constexpr std::string_view kJsonType = "application/json";

Json ParseText(const std::string& text) {
  try {
    return ParseJson(text);
  } catch (const Error& error) {
    if (error.code() != Code::kInvalidArgument) throw;
    throw InvalidArgument("Bad Request. The body cannot be read. {}", error.message());
  }
}

Json ParseBody(const std::string& body) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const size_t begin = body.find_first_not_of(kBlanks);
  if (begin == std::string::npos) return Json::MakeObject();
  const size_t end = body.find_last_not_of(kBlanks) + 1;
  if (std::string_view(body).substr(begin, end - begin) == "null") return Json::MakeObject();
  Json json = ParseText(body);
  if (json.is_string()) json = ParseText(json.AsString());
  if (!json.is_object()) {
    throw InvalidArgument("Bad Request. The body must be a JSON object, not: {}", json.type_name());
  }
  return json;
}

Json ParseQuery(const http::Request& request, const std::vector<FieldShape>& shape) {
  Json object = Json::MakeObject();
  for (const auto& field : shape) {
    Json list;
    for (const auto& [name, value] : request.query) {
      const bool same = name == field.name || (!field.old_name.empty() && name == field.old_name);
      if (!same) continue;
      if (!field.is_list) {
        if (!object.Has(field.name)) object.Set(std::string(field.name), value);
      } else {
        list.Append(value);
      }
    }
    if (list.is_array()) object.Set(std::string(field.name), std::move(list));
  }
  return object;
}

}  // namespace

void RequireJsonType(const http::Request& request) {
  const auto type = request.headers.Find("content-type");
  if (!type || type->empty()) throw InvalidArgument("Bad Request. Content-Type header is missing.");
  const std::string_view essence = type->substr(0, type->find(';'));
  if (essence != kJsonType) {
    throw InvalidArgument("Bad Request. Content-Type must be one of ['application/json'].");
  }
}

Json ReadObject(const http::Request& request, const std::vector<FieldShape>& shape) {
  if (request.method == http::Method::kGet) {
    return request.query.empty() ? ParseBody(request.body) : ParseQuery(request, shape);
  }
  RequireJsonType(request);
  return ParseBody(request.body);
}

http::Response Empty() {
  return http::Response::JsonText(200, "{}");
}

std::string DecodePageToken(const std::string& token) {
  auto decoded = Base64DecodeLoosely(token);
  if (!decoded) throw InvalidArgument("Invalid page token, could not base64-decode");
  return std::move(*decoded);
}

Error WrongPageToken(const std::string& decoded) {
  return InvalidArgument("Invalid page token, decoded value=b'{}'", decoded);
}

std::optional<std::string> NextToken(const std::string& token) {
  return token.empty() ? std::nullopt : std::optional(token);
}

}  // namespace millwright::api::mlflow
