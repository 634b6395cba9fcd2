#include "inference/ubjson.h"

#include <bit>
#include <cstring>
#include <set>

#include "base/error.h"

namespace millwright::inference {
namespace {

// A value takes forty bytes in memory and may take one in the file.
constexpr size_t kValuesMax = 20'000'000;

class Parser {
 public:
  explicit Parser(std::string_view bytes) : rest_(bytes) {}

  Json Document() {
    Json value = Value(Marker(), 0);
    if (!rest_.empty()) throw InvalidArgument("{} bytes stand behind its end", rest_.size());
    return value;
  }

 private:
  std::string_view Take(uint64_t count) {
    if (count > rest_.size()) throw InvalidArgument("it ends early");
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }

  char Marker() {
    char marker = Take(1)[0];
    while (marker == 'N') marker = Take(1)[0];  // no operation
    return marker;
  }

  template <typename T>
  T Number() {
    uint64_t bits = 0;
    for (const char c : Take(sizeof(T))) bits = bits << 8 | static_cast<unsigned char>(c);
    if constexpr (std::is_same_v<T, float>) {
      return std::bit_cast<float>(static_cast<uint32_t>(bits));
    } else if constexpr (std::is_same_v<T, double>) {
      return std::bit_cast<double>(bits);
    } else {
      return static_cast<T>(bits);
    }
  }

  int64_t Integer(char marker) {
    switch (marker) {
      case 'i':
        return Number<int8_t>();
      case 'U':
        return Number<uint8_t>();
      case 'I':
        return Number<int16_t>();
      case 'l':
        return Number<int32_t>();
      case 'L':
        return Number<int64_t>();
      default:
        throw InvalidArgument("an integer has the type {}", static_cast<int>(marker));
    }
  }

  uint64_t Count() {
    const int64_t count = Integer(Marker());
    if (count < 0) throw InvalidArgument("a count is negative");
    return static_cast<uint64_t>(count);
  }

  std::string Text() { return std::string(Take(Count())); }

  Json Value(char marker, size_t depth) {
    if (depth > kJsonDepthMax) throw InvalidArgument("it is nested too deeply");
    if (++values_ > kValuesMax) throw InvalidArgument("it holds more than {} values", kValuesMax);
    switch (marker) {
      case 'Z':
        return Json();
      case 'T':
        return Json(true);
      case 'F':
        return Json(false);
      case 'd':
        return Json(static_cast<double>(Number<float>()));
      case 'D':
        return Json(Number<double>());
      case 'S':
        return Json(Text());
      case '[':
        return Array(depth + 1);
      case '{':
        return Object(depth + 1);
      default:
        return Json(Integer(marker));
    }
  }

  // Values of no size of their own would let a count of nothing fill the memory.
  static bool HasSize(char type) {
    return std::string_view("iUIlLdDS").find(type) != std::string_view::npos;
  }

  Json Array(size_t depth) {
    Json::Array items;
    char marker = Marker();
    if (marker != '$' && marker != '#') {
      for (; marker != ']'; marker = Marker()) items.push_back(Value(marker, depth));
      return Json(std::move(items));
    }
    // With a count there is no end mark; with a type as well the items carry no marker.
    const bool is_typed = marker == '$';
    const char type = is_typed ? Take(1)[0] : 0;
    if (is_typed && !HasSize(type)) throw InvalidArgument("an array has an unknown type");
    if (is_typed && Take(1)[0] != '#') throw InvalidArgument("a typed array lacks its count");
    const uint64_t count = Count();
    if (count > rest_.size()) throw InvalidArgument("it ends early");
    if (count > kValuesMax) throw InvalidArgument("it holds more than {} values", kValuesMax);
    items.reserve(count);
    for (uint64_t i = 0; i < count; ++i) items.push_back(Value(is_typed ? type : Marker(), depth));
    return Json(std::move(items));
  }

  Json Object(size_t depth) {
    Json::Object fields;
    std::set<std::string> seen;
    while (true) {
      const char marker = Marker();
      if (marker == '}') return Json(std::move(fields));
      const int64_t length = Integer(marker);
      if (length < 0) throw InvalidArgument("a key has a negative length");
      std::string key(Take(static_cast<uint64_t>(length)));
      if (!seen.insert(key).second) throw InvalidArgument("a key comes twice");
      Json value = Value(Marker(), depth);
      fields.emplace_back(std::move(key), std::move(value));
    }
  }

  std::string_view rest_;
  size_t values_ = 0;
};

}  // namespace

Json ParseUbjson(std::string_view bytes) {
  if (bytes.empty()) throw InvalidArgument("it is empty");
  return Parser(bytes).Document();
}

}  // namespace millwright::inference
