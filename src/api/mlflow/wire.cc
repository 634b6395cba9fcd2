#include "api/mlflow/wire.h"

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "base/error.h"

namespace millwright::api::mlflow::internal {
namespace {

constexpr std::string_view kSeeDocs =
    " See the API docs for more information about request parameters.";

// Types by the names that MLflow's messages use for them.
std::string_view TypeHint(const Json& value) {
  if (value.is_bool()) return "bool";
  if (value.is_int()) return "int";
  if (value.is_double()) return "float";
  if (value.is_string()) return "str";
  if (value.is_array()) return "list";
  if (value.is_object()) return "dict";
  return "NoneType";
}

std::string CamelCase(std::string_view snake) {
  std::string camel;
  bool upper = false;
  for (const char c : snake) {
    if (c == '_') {
      upper = true;
      continue;
    }
    camel += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    upper = false;
  }
  return camel;
}

}  // namespace

const Json* FindField(const Json& object, std::string_view name, std::string_view old_name) {
  const Json* value = object.Find(name);
  if (value == nullptr && name.find('_') != std::string_view::npos) {
    value = object.Find(CamelCase(name));
  }
  if ((value == nullptr || value->is_null()) && !old_name.empty()) value = object.Find(old_name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

void RefuseMissing(std::string_view path) {
  throw InvalidArgument("Missing value for required parameter '{}'.{}", path, kSeeDocs)
      .WithField(std::string(path));
}

void RefuseValue(std::string_view path, const Json& value) {
  throw InvalidArgument(
      "Invalid value {} for parameter '{}' supplied:  Hint: Value was of type '{}'.{}",
      value.Dump(), path, TypeHint(value), kSeeDocs)
      .WithField(std::string(path));
}

bool Read(const Json& value, std::string* out) {
  if (!value.is_string()) return false;
  *out = value.AsString();
  return true;
}

bool Read(const Json& value, int64_t* out) {
  if (value.is_int()) {
    *out = value.AsInt();
    return true;
  }
  if (value.is_double()) {
    const double number = value.AsDouble();
    constexpr double kLimit = 9223372036854775808.0;  // 2^63
    if (number != std::floor(number) || number < -kLimit || number >= kLimit) return false;
    *out = static_cast<int64_t>(number);
    return true;
  }
  if (!value.is_string()) return false;
  const std::string& text = value.AsString();
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), *out);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
}

bool Read(const Json& value, double* out) {
  if (value.is_number()) {
    *out = value.AsDouble();
    return true;
  }
  if (value.is_bool()) {
    *out = value.AsBool() ? 1 : 0;
    return true;
  }
  if (!value.is_string()) return false;
  const std::string& text = value.AsString();
  // "NaN" is the protocol's spelling; other ones are slips.
  if (text.empty() || text == "nan" || text.find_first_of("xX(") != std::string::npos) return false;
  char* end = nullptr;
  *out = std::strtod(text.c_str(), &end);
  return end == text.c_str() + text.size();
}

bool Read(const Json& value, bool* out) {
  if (value.is_bool()) {
    *out = value.AsBool();
    return true;
  }
  if (!value.is_string()) return false;
  // MLflow's R client sends every value as text, in R's words, which MLflow itself refuses.
  const std::string& text = value.AsString();
  *out = text == "true" || text == "TRUE";
  return *out || text == "false" || text == "FALSE";
}

bool ReadEnum(const Json& value, const EnumName* names, size_t count, int* out) {
  int64_t number = -1;
  const bool numeric = Read(value, &number);
  for (size_t i = 0; i < count; ++i) {
    const bool named = value.is_string() && value.AsString() == names[i].name;
    if (!named && !(numeric && names[i].number == number)) continue;
    *out = names[i].number;
    return true;
  }
  return false;
}

}  // namespace millwright::api::mlflow::internal
