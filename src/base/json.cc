#include "base/json.h"

#include <simdjson.h>

#include <charconv>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "base/error.h"
#include "base/words.h"

namespace millwright {
namespace {

[[noreturn]] void ThrowType(std::string_view what, std::string_view wanted, const Json& value) {
  throw InvalidArgument("{} must be {}, not {}", what, wanted, value.type_name())
      .WithField(std::string(what));
}

Json FromElement(simdjson::dom::element element) {
  using simdjson::dom::element_type;
  switch (element.type()) {
    case element_type::NULL_VALUE:
      return Json();
    case element_type::BOOL:
      return Json(bool(element));
    case element_type::INT64:
      return Json(int64_t(element));
    case element_type::UINT64:
      return Json(double(uint64_t(element)));
    case element_type::DOUBLE:
      return Json(double(element));
    case element_type::STRING:
      return Json(std::string_view(element));
    case element_type::ARRAY: {
      Json::Array array;
      for (simdjson::dom::element item : simdjson::dom::array(element))
        array.push_back(FromElement(item));
      return Json(std::move(array));
    }
    case element_type::OBJECT: {
      Json::Object object;
      for (const auto& [key, item] : simdjson::dom::object(element))
        object.emplace_back(std::string(key), FromElement(item));
      return Json(std::move(object));
    }
  }
  return Json();
}

void Indent(int width, int depth, std::string* out) {
  if (width == 0) return;
  out->push_back('\n');
  out->append(static_cast<size_t>(width) * depth, ' ');
}

void DumpTo(const Json& value, int indent, int depth, std::string* out) {
  if (value.is_array()) {
    const auto& array = value.AsArray();
    out->push_back('[');
    for (size_t i = 0; i < array.size(); ++i) {
      if (i > 0) out->push_back(',');
      Indent(indent, depth + 1, out);
      DumpTo(array[i], indent, depth + 1, out);
    }
    if (!array.empty()) Indent(indent, depth, out);
    out->push_back(']');
  } else if (value.is_object()) {
    const auto& object = value.AsObject();
    out->push_back('{');
    for (size_t i = 0; i < object.size(); ++i) {
      if (i > 0) out->push_back(',');
      Indent(indent, depth + 1, out);
      AppendJsonString(object[i].first, out);
      out->append(indent > 0 ? ": " : ":");
      DumpTo(object[i].second, indent, depth + 1, out);
    }
    if (!object.empty()) Indent(indent, depth, out);
    out->push_back('}');
  } else if (value.is_string()) {
    AppendJsonString(value.AsString(), out);
  } else if (value.is_int()) {
    JsonWriter(out).Int(value.AsInt());
  } else if (value.is_double()) {
    AppendJsonDouble(value.AsDouble(), out);
  } else if (value.is_bool()) {
    out->append(value.AsBool() ? "true" : "false");
  } else {
    out->append("null");
  }
}

}  // namespace

std::string_view Json::type_name() const {
  static constexpr std::string_view kNames[] = {"null",   "boolean", "number", "number",
                                                "string", "array",   "object"};
  return kNames[value_.index()];
}

bool Json::AsBool(std::string_view what) const {
  if (const auto* value = std::get_if<bool>(&value_)) return *value;
  ThrowType(what, "a boolean", *this);
}

int64_t Json::AsInt(std::string_view what) const {
  if (const auto* value = std::get_if<int64_t>(&value_)) return *value;
  if (const auto* value = std::get_if<double>(&value_)) {
    if (std::trunc(*value) == *value && std::abs(*value) < 9.2e18)
      return static_cast<int64_t>(*value);
  }
  ThrowType(what, "an integer", *this);
}

double Json::AsDouble(std::string_view what) const {
  if (const auto* value = std::get_if<double>(&value_)) return *value;
  if (const auto* value = std::get_if<int64_t>(&value_)) return static_cast<double>(*value);
  ThrowType(what, "a number", *this);
}

const std::string& Json::AsString(std::string_view what) const {
  if (const auto* value = std::get_if<std::string>(&value_)) return *value;
  ThrowType(what, "a string", *this);
}

const Json::Array& Json::AsArray(std::string_view what) const {
  if (const auto* value = std::get_if<Array>(&value_)) return *value;
  ThrowType(what, "an array", *this);
}

const Json::Object& Json::AsObject(std::string_view what) const {
  if (const auto* value = std::get_if<Object>(&value_)) return *value;
  ThrowType(what, "an object", *this);
}

Json::Array& Json::AsArray(std::string_view what) {
  return const_cast<Array&>(std::as_const(*this).AsArray(what));
}

Json::Object& Json::AsObject(std::string_view what) {
  return const_cast<Object&>(std::as_const(*this).AsObject(what));
}

const Json* Json::Find(std::string_view key) const {
  const auto* object = std::get_if<Object>(&value_);
  if (object == nullptr) return nullptr;
  for (const auto& [name, value] : *object)
    if (name == key) return &value;
  return nullptr;
}

const Json& Json::At(std::string_view key) const {
  if (const Json* value = Find(key)) return *value;
  throw InvalidArgument("Missing field: {}", key).WithField(std::string(key));
}

std::string Json::GetString(std::string_view key, std::string_view fallback) const {
  const Json* value = Find(key);
  return value == nullptr || value->is_null() ? std::string(fallback) : value->AsString(key);
}

int64_t Json::GetInt(std::string_view key, int64_t fallback) const {
  const Json* value = Find(key);
  return value == nullptr || value->is_null() ? fallback : value->AsInt(key);
}

double Json::GetDouble(std::string_view key, double fallback) const {
  const Json* value = Find(key);
  return value == nullptr || value->is_null() ? fallback : value->AsDouble(key);
}

bool Json::GetBool(std::string_view key, bool fallback) const {
  const Json* value = Find(key);
  return value == nullptr || value->is_null() ? fallback : value->AsBool(key);
}

std::vector<std::string> Json::GetStrings(std::string_view key) const {
  std::vector<std::string> texts;
  const Json* value = Find(key);
  if (value == nullptr || value->is_null()) return texts;
  for (const Json& item : value->AsArray(key)) texts.push_back(item.AsString(key));
  return texts;
}

Json& Json::Set(std::string key, Json value) {
  if (is_null()) value_ = Object{};
  auto& object = AsObject("value");
  for (auto& [name, old] : object) {
    if (name == key) {
      old = std::move(value);
      return *this;
    }
  }
  object.emplace_back(std::move(key), std::move(value));
  return *this;
}

Json& Json::Append(Json value) {
  if (is_null()) value_ = Array{};
  AsArray("value").push_back(std::move(value));
  return *this;
}

std::string Json::Dump(int indent) const {
  std::string out;
  DumpTo(*this, indent, 0, &out);
  return out;
}

Json ParseJson(std::string_view text) {
  // A parser keeps its buffers, so each thread has one.
  thread_local simdjson::dom::parser parser = [] {
    simdjson::dom::parser made;
    CHECK(made.allocate(1 << 16, kJsonDepthMax) == simdjson::SUCCESS);
    return made;
  }();
  simdjson::dom::element element;
  const auto error = parser.parse(text.data(), text.size()).get(element);
  if (error != simdjson::SUCCESS)
    throw InvalidArgument("Malformed JSON: {}", simdjson::error_message(error));
  return FromElement(element);
}

namespace {

// Texts up to this size that need no escape are put together before they are appended.
constexpr size_t kShortText = 64;

bool NeedsNoEscape(std::string_view text) {
  return words::All(text, [](uint64_t word) {
    return (words::AnyBelow(word, ' ') | words::AnyEqual(word, '"') |
            words::AnyEqual(word, '\\')) == 0;
  });
}

// Appends a text in quotes with what stands before and behind it; false for one that must be
// appended piece by piece.
bool AppendShort(std::string_view text, bool has_comma, bool has_colon, std::string* out) {
  if (text.size() > kShortText || !NeedsNoEscape(text)) return false;
  char whole[kShortText + 4];
  char* to = whole;
  if (has_comma) *to++ = ',';
  *to++ = '"';
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
  to += text.size();
  *to++ = '"';
  if (has_colon) *to++ = ':';
  out->append(whole, static_cast<size_t>(to - whole));
  return true;
}

void AppendOpening(char bracket, bool has_comma, std::string* out) {
  const char text[2] = {',', bracket};
  out->append(has_comma ? text : text + 1, has_comma ? 2 : 1);
}

}  // namespace

void JsonWriter::Separate() {
  if (comma_) out_->push_back(',');
  comma_ = true;
}

JsonWriter& JsonWriter::BeginObject() {
  AppendOpening('{', comma_, out_);
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::EndObject() {
  out_->push_back('}');
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::BeginArray() {
  AppendOpening('[', comma_, out_);
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::EndArray() {
  out_->push_back(']');
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::Key(std::string_view key) {
  if (!AppendShort(key, comma_, true, out_)) {
    Separate();
    AppendJsonString(key, out_);
    out_->push_back(':');
  }
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::String(std::string_view value) {
  if (!AppendShort(value, comma_, false, out_)) {
    Separate();
    AppendJsonString(value, out_);
  }
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::Int(int64_t value) {
  char buffer[24];
  buffer[0] = ',';
  const char* const end = std::to_chars(buffer + 1, buffer + sizeof buffer, value).ptr;
  const char* const begin = comma_ ? buffer : buffer + 1;
  out_->append(begin, static_cast<size_t>(end - begin));
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::Double(double value) {
  Separate();
  AppendJsonDouble(value, out_);
  return *this;
}

JsonWriter& JsonWriter::Bool(bool value) {
  return Raw(value ? "true" : "false");
}

JsonWriter& JsonWriter::Null() {
  return Raw("null");
}

JsonWriter& JsonWriter::Raw(std::string_view json) {
  Separate();
  out_->append(json);
  return *this;
}

JsonWriter& JsonWriter::Value(const Json& value) {
  Separate();
  DumpTo(value, 0, 0, out_);
  return *this;
}

void AppendJsonString(std::string_view text, std::string* out) {
  static constexpr char kDigits[] = "0123456789abcdef";
  out->push_back('"');
  if (NeedsNoEscape(text)) {
    out->append(text).push_back('"');
    return;
  }
  size_t start = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out->append(text, start, i - start);
    start = i + 1;
    switch (c) {
      case '"':
        out->append("\\\"");
        break;
      case '\\':
        out->append("\\\\");
        break;
      case '\n':
        out->append("\\n");
        break;
      case '\r':
        out->append("\\r");
        break;
      case '\t':
        out->append("\\t");
        break;
      default:
        out->append("\\u00");
        out->push_back(kDigits[c >> 4]);
        out->push_back(kDigits[c & 15]);
    }
  }
  out->append(text, start, text.size() - start);
  out->push_back('"');
}

void AppendJsonDouble(double value, std::string* out) {
  if (std::isnan(value)) {
    out->append("\"NaN\"");
  } else if (std::isinf(value)) {
    out->append(value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
  } else {
    char buffer[32];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
    out->append(buffer, end);
    // Marks an integral double as one, so that a reader keeps the type.
    if (std::string_view(buffer, end - buffer).find_first_of(".en") == std::string_view::npos)
      out->append(".0");
  }
}

}  // namespace millwright
