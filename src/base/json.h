#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace millwright {

// A JSON value that owns its parts. Objects keep the order in which fields were written. Made by
// ParseJson (simdjson inside) or by hand; for answers of the API's hot paths append to a JsonWriter
// instead of building a tree. Not thread-safe; copies are deep.
class Json {
 public:
  using Array = std::vector<Json>;
  using Field = std::pair<std::string, Json>;
  using Object = std::vector<Field>;

  Json() = default;  // null
  Json(std::nullptr_t) {}
  Json(bool value) : value_(value) {}
  Json(int value) : value_(int64_t{value}) {}
  Json(int64_t value) : value_(value) {}
  Json(size_t value) : value_(static_cast<int64_t>(value)) {}
  Json(double value) : value_(value) {}
  Json(const char* value) : value_(std::string(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(Array value) : value_(std::move(value)) {}
  Json(Object value) : value_(std::move(value)) {}

  static Json MakeArray() { return Json(Array{}); }
  static Json MakeObject() { return Json(Object{}); }
  // Makes an object in one expression: Json::Of({{"name", name}, {"rows", 3}}).
  static Json Of(std::initializer_list<Field> fields) { return Json(Object(fields)); }

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  bool is_bool() const { return std::holds_alternative<bool>(value_); }
  bool is_int() const { return std::holds_alternative<int64_t>(value_); }
  bool is_double() const { return std::holds_alternative<double>(value_); }
  bool is_number() const { return is_int() || is_double(); }
  bool is_string() const { return std::holds_alternative<std::string>(value_); }
  bool is_array() const { return std::holds_alternative<Array>(value_); }
  bool is_object() const { return std::holds_alternative<Object>(value_); }
  // Names the type as people say it: "null", "boolean", "number", "string", "array", "object".
  std::string_view type_name() const;

  // Each throws kInvalidArgument when the value is of another type; `what` names it in the message.
  // AsInt accepts a double without a fraction, AsDouble an integer.
  bool AsBool(std::string_view what = "value") const;
  int64_t AsInt(std::string_view what = "value") const;
  double AsDouble(std::string_view what = "value") const;
  const std::string& AsString(std::string_view what = "value") const;
  const Array& AsArray(std::string_view what = "value") const;
  const Object& AsObject(std::string_view what = "value") const;
  Array& AsArray(std::string_view what = "value");
  Object& AsObject(std::string_view what = "value");

  // Finds a field of an object, or nullptr when it is absent or this is no object.
  const Json* Find(std::string_view key) const;
  // Finds a field or throws kInvalidArgument "Missing field: key" with the field set.
  const Json& At(std::string_view key) const;
  bool Has(std::string_view key) const { return Find(key) != nullptr; }

  // Read a field that may be absent or null; another type throws kInvalidArgument naming the key.
  std::string GetString(std::string_view key, std::string_view fallback = "") const;
  int64_t GetInt(std::string_view key, int64_t fallback = 0) const;
  double GetDouble(std::string_view key, double fallback = 0) const;
  bool GetBool(std::string_view key, bool fallback = false) const;
  std::vector<std::string> GetStrings(std::string_view key) const;

  // Sets a field of an object (made from null at need), replacing an earlier value of the key.
  Json& Set(std::string key, Json value);
  // Appends to an array (made from null at need).
  Json& Append(Json value);

  // Prints compactly, or with `indent` spaces a level. NaN and infinities, which JSON lacks, are
  // printed as the strings "NaN", "Infinity", "-Infinity".
  std::string Dump(int indent = 0) const;

  bool operator==(const Json&) const = default;

 private:
  std::variant<std::monostate, bool, int64_t, double, std::string, Array, Object> value_;
};

// Parses one JSON document in UTF-8. Throws kInvalidArgument with the place of the error. Documents
// nested deeper than kJsonDepthMax are refused.
inline constexpr size_t kJsonDepthMax = 256;
Json ParseJson(std::string_view text);

// Appends JSON text to a string without building a tree: the way every hot answer is written.
// Commas and quotes are placed by the writer; keys and values must alternate inside an object.
class JsonWriter {
 public:
  explicit JsonWriter(std::string* out) : out_(out) {}

  JsonWriter& BeginObject();
  JsonWriter& EndObject();
  JsonWriter& BeginArray();
  JsonWriter& EndArray();
  JsonWriter& Key(std::string_view key);
  JsonWriter& String(std::string_view value);
  JsonWriter& Int(int64_t value);
  JsonWriter& Double(double value);
  JsonWriter& Bool(bool value);
  JsonWriter& Null();
  // Appends text that is JSON already.
  JsonWriter& Raw(std::string_view json);
  JsonWriter& Value(const Json& value);

  JsonWriter& Field(std::string_view key, std::string_view value) { return Key(key).String(value); }
  JsonWriter& Field(std::string_view key, const char* value) { return Key(key).String(value); }
  JsonWriter& Field(std::string_view key, const std::string& value) {
    return Key(key).String(value);
  }
  JsonWriter& Field(std::string_view key, int64_t value) { return Key(key).Int(value); }
  JsonWriter& Field(std::string_view key, int value) { return Key(key).Int(value); }
  JsonWriter& Field(std::string_view key, double value) { return Key(key).Double(value); }
  JsonWriter& Field(std::string_view key, bool value) { return Key(key).Bool(value); }
  JsonWriter& Field(std::string_view key, const Json& value) { return Key(key).Value(value); }

 private:
  void Separate();

  std::string* out_;
  bool comma_ = false;
};

// Appends a JSON string literal with quotes; control characters, quotes and backslashes escaped.
void AppendJsonString(std::string_view text, std::string* out);
// Appends the shortest text that reads back as the same double; NaN and infinities as strings.
void AppendJsonDouble(double value, std::string* out);

}  // namespace millwright
