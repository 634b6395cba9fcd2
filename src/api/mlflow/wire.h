#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "base/json.h"

// Turns JSON into message structs and back by one walk over the message's list of fields:
//
//   struct Tag {
//     std::string key, value;
//     static constexpr auto fields() {
//       return std::tuple(Must("key", &Tag::key), May("value", &Tag::value));
//     }
//   };
//
// Members are strings, int64_t, double, bool, enums with a WireEnum, other messages, and optionals
// and vectors of these. When decoding, null is like absent, names may be in camelCase, unknown
// names are passed over, numbers may be texts; the first field in the list's order that is missing
// or of a wrong type is refused with kInvalidArgument in MLflow's words. When encoding, absent
// optionals and empty vectors are left out.
namespace millwright::api::mlflow {

enum class Need { kMay, kMust };

template <typename T, typename M>
struct Field {
  std::string_view name;
  M T::*member;
  Need need = Need::kMay;
  std::string_view old_name = {};  // accepted in place of `name`
  int64_t max = std::numeric_limits<int64_t>::max();
};

template <typename T, typename M>
constexpr Field<T, M> May(std::string_view name, M T::*member) {
  return {name, member, Need::kMay};
}
template <typename T, typename M>
constexpr Field<T, M> Must(std::string_view name, M T::*member, std::string_view old_name = {}) {
  return {name, member, Need::kMust, old_name};
}
// A number that is refused above a limit.
template <typename T>
constexpr Field<T, int64_t> AtMost(std::string_view name, int64_t T::*member, int64_t max) {
  return {name, member, Need::kMay, {}, max};
}

template <typename T>
concept Message = requires {
  T::fields();
};

struct EnumName {
  std::string_view name;
  int number;
};
// Specialised for each enum of the protocol: `static constexpr EnumName kNames[]`. Numbers are the
// protocol's; the enumerators have the same values.
template <typename E>
struct WireEnum;

namespace internal {

// Finds a field by its name, its camelCase form or its old name; nullptr when absent or null.
const Json* FindField(const Json& object, std::string_view name, std::string_view old_name);
[[noreturn]] void RefuseMissing(std::string_view path);
[[noreturn]] void RefuseValue(std::string_view path, const Json& value);

bool Read(const Json& value, std::string* out);
bool Read(const Json& value, int64_t* out);
bool Read(const Json& value, double* out);
bool Read(const Json& value, bool* out);
bool ReadEnum(const Json& value, const EnumName* names, size_t count, int* out);

template <typename E>
requires std::is_enum_v<E>
bool Read(const Json& value, E* out) {
  int number = 0;
  if (!ReadEnum(value, WireEnum<E>::kNames, std::size(WireEnum<E>::kNames), &number)) return false;
  *out = static_cast<E>(number);
  return true;
}

template <Message T>
void DecodeInto(const Json& object, const std::string& prefix, T* out);

template <typename M>
void Assign(const Json& value, const std::string& path, M* out) {
  if constexpr (Message<M>) {
    if (!value.is_object()) RefuseValue(path, value);
    DecodeInto(value, path + ".", out);
  } else {
    if (!Read(value, out)) RefuseValue(path, value);
  }
}

template <typename M>
void Assign(const Json& value, const std::string& path, std::optional<M>* out) {
  Assign(value, path, &out->emplace());
}

template <typename M>
void Assign(const Json& value, const std::string& path, std::vector<M>* out) {
  if (!value.is_array()) RefuseValue(path, value);
  const auto& items = value.AsArray();
  out->resize(items.size());
  for (size_t i = 0; i < items.size(); ++i) {
    if constexpr (Message<M>) {
      Assign(items[i], path + "[" + std::to_string(i) + "]", &(*out)[i]);
    } else {
      if (!Read(items[i], &(*out)[i])) RefuseValue(path, value);
    }
  }
}

template <typename T, typename M>
void DecodeField(const Json& object, const std::string& prefix, const Field<T, M>& field, T* out) {
  const Json* value = FindField(object, field.name, field.old_name);
  const bool must = field.need == Need::kMust;
  if (must && (value == nullptr || (value->is_string() && value->AsString().empty()))) {
    RefuseMissing(prefix + std::string(field.name));
  }
  if (value == nullptr) return;
  const std::string path = prefix + std::string(field.name);
  Assign(*value, path, &(out->*field.member));
  if constexpr (std::is_same_v<M, int64_t>) {
    if (out->*field.member > field.max) RefuseValue(path, *value);
  }
}

template <Message T>
void DecodeInto(const Json& object, const std::string& prefix, T* out) {
  std::apply([&](const auto&... field) { (DecodeField(object, prefix, field, out), ...); },
             T::fields());
}

inline void Write(JsonWriter& writer, const std::string& value) {
  writer.String(value);
}
inline void Write(JsonWriter& writer, int64_t value) {
  writer.Int(value);
}
inline void Write(JsonWriter& writer, double value) {
  writer.Double(value);
}
inline void Write(JsonWriter& writer, bool value) {
  writer.Bool(value);
}
template <typename E>
requires std::is_enum_v<E>
void Write(JsonWriter& writer, E value) {
  for (const EnumName& row : WireEnum<E>::kNames) {
    if (row.number == static_cast<int>(value)) writer.String(row.name);
  }
}
template <Message T>
void Write(JsonWriter& writer, const T& message);
template <typename M>
void Write(JsonWriter& writer, const std::vector<M>& items) {
  writer.BeginArray();
  for (const M& item : items) Write(writer, item);
  writer.EndArray();
}

template <typename M>
void WriteField(JsonWriter& writer, std::string_view name, const M& value) {
  writer.Key(name);
  Write(writer, value);
}
template <typename M>
void WriteField(JsonWriter& writer, std::string_view name, const std::optional<M>& value) {
  if (value) WriteField(writer, name, *value);
}
template <typename M>
void WriteField(JsonWriter& writer, std::string_view name, const std::vector<M>& items) {
  if (items.empty()) return;
  writer.Key(name);
  Write(writer, items);
}

template <Message T>
void Write(JsonWriter& writer, const T& message) {
  writer.BeginObject();
  std::apply(
      [&](const auto&... field) { (WriteField(writer, field.name, message.*field.member), ...); },
      T::fields());
  writer.EndObject();
}

template <typename M>
inline constexpr bool kIsVector = false;
template <typename M>
inline constexpr bool kIsVector<std::vector<M>> = true;

}  // namespace internal

template <Message T>
T Decode(const Json& object) {
  T message;
  internal::DecodeInto(object, "", &message);
  return message;
}

template <Message T>
std::string Encode(const T& message) {
  std::string json;
  JsonWriter writer(&json);
  internal::Write(writer, message);
  return json;
}

// The names of a message's fields and whether each is a list; for reading queries.
struct FieldShape {
  std::string_view name;
  std::string_view old_name;
  bool is_list = false;
};
template <Message T>
std::vector<FieldShape> ShapeOf() {
  return std::apply(
      [](const auto&... field) {
        return std::vector<FieldShape>{
            {field.name, field.old_name,
             internal::kIsVector<
                 std::remove_cvref_t<decltype(std::declval<T>().*field.member)>>}...};
      },
      T::fields());
}

}  // namespace millwright::api::mlflow
