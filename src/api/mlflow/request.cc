#include "api/mlflow/request.h"

#include <algorithm>

#include "base/digest.h"
#include "base/error.h"

namespace millwright::api::mlflow {
namespace {

constexpr std::string_view kJsonType = "application/json";

// What is no JSON at all counts as an empty object.
Json ParseLeniently(const std::string& text) {
  try {
    return ParseJson(text);
  } catch (const Error& error) {
    if (error.code() != Code::kInvalidArgument) throw;
    return Json::MakeObject();
  }
}

Json ParseBody(const std::string& body) {
  if (body.find_first_not_of(" \t\r\n") == std::string::npos) return Json::MakeObject();
  Json json = ParseLeniently(body);
  if (json.is_string()) json = ParseLeniently(json.AsString());
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

// Decodes base64 as Python does by default: other characters are passed over, and what is left must
// come in whole groups of four.
bool DecodeBase64(std::string_view text, std::string* out) {
  std::string kept;
  size_t padding = 0;
  for (const char c : text) {
    const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                        (c >= '0' && c <= '9') || c == '+' || c == '/';
    if (letter) kept += c;
    if (c == '=') ++padding;
  }
  const size_t rest = kept.size() % 4;
  if (rest == 1 || (rest != 0 && padding < 4 - rest)) return false;
  if (rest != 0) kept.append(4 - rest, '=');
  *out = Base64Decode(kept);
  return true;
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
  std::string decoded;
  if (!DecodeBase64(token, &decoded)) {
    throw InvalidArgument("Invalid page token, could not base64-decode");
  }
  return decoded;
}

Error WrongPageToken(const std::string& decoded) {
  return InvalidArgument("Invalid page token, decoded value=b'{}'", decoded);
}

int64_t ReadPageToken(const std::string& token) {
  if (token.empty()) return 0;
  const std::string decoded = DecodePageToken(token);
  const Json json = ParseLeniently(decoded);
  const Json* offset = json.Find("offset");
  if (offset == nullptr || !offset->is_int()) throw WrongPageToken(decoded);
  return std::max<int64_t>(offset->AsInt(), 0);
}

std::string MakePageToken(int64_t offset) {
  return Base64(Json::Of({{"offset", offset}}).Dump());
}

std::optional<std::string> MakePageToken(const std::optional<int64_t>& offset) {
  if (!offset) return std::nullopt;
  return MakePageToken(*offset);
}

}  // namespace millwright::api::mlflow
