#include "api/mlflow/log_bodies.h"

#include <simdjson.h>

#include <cstring>
#include <utility>

#include "api/mlflow/request.h"
#include "base/check.h"

// The walk takes nothing for granted: what it cannot vouch for (a name that the message does not
// have, one given twice, null, a number that is a text, a broken document) ends it, and the general
// decoder starts again from the first byte. So there is one place that words refusals, and one that
// knows what else is tolerated.
namespace millwright::api::mlflow {
namespace {

namespace ondemand = simdjson::ondemand;

// A parser keeps its buffers, five bytes for each of the longest body so far: longer ones than this
// get a parser of their own.
constexpr size_t kKeptBytesMax = 512 << 10;
constexpr size_t kDepthMax = 8;  // of objects and arrays in these messages

bool Take(ondemand::value& value, std::string* out) {
  std::string_view text;
  if (value.get_string().get(text) != simdjson::SUCCESS) return false;
  out->assign(text);
  return true;
}

bool Take(ondemand::value& value, int64_t* out) {
  ondemand::number number;
  if (value.get_number().get(number) != simdjson::SUCCESS) return false;
  if (!number.is_int64()) return false;
  *out = number.get_int64();
  return true;
}

bool Take(ondemand::value& value, double* out) {
  ondemand::number number;
  if (value.get_number().get(number) != simdjson::SUCCESS) return false;
  *out = number.as_double();
  return true;
}

template <typename M>
bool Take(ondemand::value& value, std::optional<M>* out) {
  return Take(value, &out->emplace());
}

template <Message T>
bool TakeObject(ondemand::value& value, T* out);

template <Message T>
bool Take(ondemand::value& value, std::vector<T>* out) {
  ondemand::array array;
  if (value.get_array().get(array) != simdjson::SUCCESS) return false;
  for (auto item : array) {
    ondemand::value element;
    if (item.get(element) != simdjson::SUCCESS) return false;
    if (!TakeObject(element, &out->emplace_back())) return false;
  }
  return true;
}

// Which fields an object has had: bit i for the i-th of the list, by its name or its old one.
struct Seen {
  uint32_t names = 0;
  uint32_t old_names = 0;
};

template <typename T, typename M>
bool TakeField(ondemand::value& value, const Field<T, M>& field, T* out) {
  M& member = out->*field.member;
  if (!Take(value, &member)) return false;
  if constexpr (std::is_same_v<M, int64_t>) return member <= field.max;
  return true;
}

// Takes the value when `name` is this field's. The old name gives way to the new one.
template <typename T, typename M>
bool TakeIfNamed(std::string_view name, ondemand::value& value, const Field<T, M>& field,
                 uint32_t bit, Seen* seen, T* out, bool* good) {
  if (name == field.name) {
    *good = (seen->names & bit) == 0 && TakeField(value, field, out);
    seen->names |= bit;
    return true;
  }
  if (field.old_name.empty() || name != field.old_name) return false;
  T unused;
  *good = (seen->old_names & bit) == 0 &&
          TakeField(value, field, (seen->names & bit) != 0 ? &unused : out);
  seen->old_names |= bit;
  return true;
}

// Whether the fields that must be there are, and are not empty.
template <typename T, typename M>
bool IsThere(const Field<T, M>& field, uint32_t bit, const Seen& seen, const T& out) {
  if (field.need == Need::kMay) return true;
  if (((seen.names | seen.old_names) & bit) == 0) return false;
  if constexpr (std::is_same_v<M, std::string>) return !(out.*field.member).empty();
  return true;
}

// The name of a field as it was written; one with an escape is no name that we know.
std::string_view NameOf(ondemand::field& field) {
  const char* start = field.key().raw();
  return {start, static_cast<size_t>(std::strchr(start, '"') - start)};
}

template <Message T>
bool TakeObject(ondemand::object object, T* out) {
  Seen seen;
  for (auto item : object) {
    ondemand::field field;
    if (std::move(item).get(field) != simdjson::SUCCESS) return false;
    const std::string_view name = NameOf(field);
    ondemand::value value = field.value();
    bool good = false;
    const bool known = std::apply(
        [&](const auto&... row) {
          uint32_t bit = 1;
          return (TakeIfNamed(name, value, row, std::exchange(bit, bit << 1), &seen, out, &good) ||
                  ...);
        },
        T::fields());
    if (!known || !good) return false;
  }
  return std::apply(
      [&](const auto&... row) {
        uint32_t bit = 1;
        return (IsThere(row, std::exchange(bit, bit << 1), seen, *out) && ...);
      },
      T::fields());
}

template <Message T>
bool TakeObject(ondemand::value& value, T* out) {
  ondemand::object object;
  return value.get_object().get(object) == simdjson::SUCCESS && TakeObject(object, out);
}

template <Message T>
bool TakeDocument(ondemand::parser& parser, simdjson::padded_string_view text, T* out) {
  ondemand::document document;
  if (parser.iterate(text).get(document) != simdjson::SUCCESS) return false;
  ondemand::object object;
  if (document.get_object().get(object) != simdjson::SUCCESS) return false;
  const bool taken = TakeObject(object, out);
  return taken && document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

template <Message T>
bool TakeBody(std::string& body, T* out) {
  body.reserve(body.size() + simdjson::SIMDJSON_PADDING);
  const simdjson::padded_string_view text(body.data(), body.size(), body.capacity());
  if (body.size() > kKeptBytesMax) {
    ondemand::parser parser;
    return parser.allocate(body.size(), kDepthMax) == simdjson::SUCCESS &&
           TakeDocument(parser, text, out);
  }
  thread_local ondemand::parser parser;
  return TakeDocument(parser, text, out);
}

}  // namespace

template <Message T>
T ReadLogged(http::Request& request) {
  RequireJsonType(request);
  T message;
  if (TakeBody(request.body, &message)) return message;
  return Read<T>(request);
}

template LogMetric ReadLogged<LogMetric>(http::Request& request);
template LogBatch ReadLogged<LogBatch>(http::Request& request);
template RunKeyValue ReadLogged<RunKeyValue>(http::Request& request);

}  // namespace millwright::api::mlflow
