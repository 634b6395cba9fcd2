#include "http/message.h"

#include "base/check.h"

namespace millwright::http {
namespace {

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::optional<std::string_view> FindValue(
    const std::vector<std::pair<std::string, std::string>>& pairs, std::string_view name) {
  for (const auto& [key, value] : pairs)
    if (key == name) return value;
  return std::nullopt;
}

}  // namespace

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (Lower(a[i]) != Lower(b[i])) return false;
  return true;
}

std::string_view MethodName(Method method) {
  switch (method) {
    case Method::kGet:
      return "GET";
    case Method::kPost:
      return "POST";
    case Method::kPut:
      return "PUT";
    case Method::kPatch:
      return "PATCH";
    case Method::kDelete:
      return "DELETE";
    case Method::kHead:
      return "HEAD";
    case Method::kOptions:
      return "OPTIONS";
  }
  return "GET";
}

void Headers::Set(std::string name, std::string value) {
  std::erase_if(fields_, [&](const auto& field) { return EqualsIgnoringCase(field.first, name); });
  Add(std::move(name), std::move(value));
}

std::optional<std::string_view> Headers::Find(std::string_view name) const {
  for (const auto& [key, value] : fields_)
    if (key.size() == name.size() && EqualsIgnoringCase(key, name)) return value;
  return std::nullopt;
}

std::optional<std::string_view> Request::Query(std::string_view name) const {
  return FindValue(query, name);
}

const std::string& Request::PathValue(std::string_view name) const {
  for (const auto& [key, value] : path_values)
    if (key == name) return value;
  internal::CheckFailed(name, __FILE__, __LINE__);
}

Response Response::Text(int status, std::string text, std::string_view type) {
  Response response;
  response.status = status;
  response.headers.Add("Content-Type", std::string(type));
  response.body = std::move(text);
  return response;
}

Response Response::JsonText(int status, std::string json) {
  return Text(status, std::move(json), "application/json");
}

}  // namespace millwright::http
