#include "api/native/request_reader.h"

#include <charconv>

#include "base/error.h"
#include "http/caller.h"

namespace millwright::api::native {
namespace {

int64_t ParseWhole(std::string_view name, std::string_view text, int64_t min, int64_t max) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    throw InvalidArgument("{} must be a whole number, not \"{}\"", name, text)
        .WithField(std::string(name));
  if (value < min || value > max)
    throw InvalidArgument("{} must be between {} and {}, not {}", name, min, max, text)
        .WithField(std::string(name));
  return value;
}

}  // namespace

Json BodyObject(const http::Request& request) {
  if (request.body.empty()) return Json::MakeObject();
  Json body = ParseJson(request.body);
  if (!body.is_object())
    throw InvalidArgument("The body must be a JSON object, not {}", body.type_name());
  return body;
}

int64_t QueryInt(const http::Request& request, std::string_view name, int64_t fallback, int64_t min,
                 int64_t max) {
  const auto text = request.Query(name);
  return text ? ParseWhole(name, *text, min, max) : fallback;
}

std::string QueryText(const http::Request& request, std::string_view name) {
  return std::string(request.Query(name).value_or(""));
}

int64_t PathVersion(const http::Request& request, std::string_view name) {
  return ParseWhole(name, request.PathValue(name), 1, INT64_MAX);
}

std::function<bool()> IsWanted() {
  return [gone = http::WhetherCallerIsGone()] { return gone == nullptr || !gone->load(); };
}

http::Response Answer(const Json& json) {
  return http::Response::JsonText(200, json.Dump());
}

}  // namespace millwright::api::native
