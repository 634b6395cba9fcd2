#include "inference/outline_elements.h"

#include <fmt/format.h>

#include <cstring>

namespace millwright::inference::outline {
namespace {

constexpr size_t kWrittenMax = 48;

constexpr std::string_view kTypeNames[] = {
    "undefined",    "float32",    "uint8",        "int8",       "uint16",   "int16",
    "int32",        "int64",      "string",       "bool",       "float16",  "float64",
    "uint32",       "uint64",     "complex64",    "complex128", "bfloat16", "float8e4m3",
    "float8e4m3fz", "float8e5m2", "float8e5m2fz", "uint4",      "int4",     "float4",
    "float8e8m0",   "uint2",      "int2"};

template <typename T>
T Load(std::string_view raw, size_t index) {
  T value;
  std::memcpy(&value, raw.data() + index * sizeof(T), sizeof(T));
  return value;
}

}  // namespace

bool Elements::Begin() {
  if (++count_ > kWrittenMax) return false;
  if (count_ > 1) text_ += ", ";
  return true;
}

void Elements::Add(double value) {
  if (Begin()) text_ += fmt::format("{:.7g}", value);
}

void Elements::Add(int64_t value) {
  if (Begin()) text_ += std::to_string(value);
}

void Elements::Add(std::string_view text) {
  if (Begin()) text_.append("\"").append(text).append("\"");
}

void Elements::AddField(RangedBytes& bytes, const RangedProtobuf::Field& field, Element element) {
  const auto add = [&](uint64_t value) {
    if (element == Element::kInt) return Add(static_cast<int64_t>(value));
    const auto* at = reinterpret_cast<const char*>(&value);
    if (element == Element::kDouble) return Add(Load<double>({at, sizeof(value)}, 0));
    Add(double{Load<float>({at, sizeof(value)}, 0)});
  };
  if (!field.is_bytes) return add(field.value);
  if (element == Element::kInt) {
    RangedProtobuf packed(bytes, field);
    while (!packed.at_end()) Add(static_cast<int64_t>(packed.Varint()));
    return;
  }
  const size_t size = element == Element::kFloat ? sizeof(float) : sizeof(double);
  const uint64_t total = field.size() / size;
  for (uint64_t i = 0; i < total && count_ < kWrittenMax; ++i) {
    uint64_t value = 0;
    std::memcpy(&value, bytes.At(field.begin + i * size, size).data(), size);
    add(value);
    if (i + 1 < total && count_ == kWrittenMax) count_ += total - i - 1;
  }
}

std::string Elements::Finish() const {
  if (count_ <= kWrittenMax) return text_;
  return fmt::format("{}, … ({} in all)", text_, count_);
}

std::string TypeName(int64_t type) {
  const bool is_known = type >= 0 && type < int64_t{std::size(kTypeNames)};
  return is_known ? std::string(kTypeNames[type]) : fmt::format("type {}", type);
}

size_t ElementBytes(int64_t type) {
  switch (type) {
    case 2:
    case 3:
    case 9:
      return 1;
    case 1:
    case 6:
      return 4;
    case 7:
    case 11:
      return 8;
    default:
      return 0;
  }
}

std::string RawElements(std::string_view raw, int64_t type) {
  Elements elements;
  const size_t size = ElementBytes(type);
  for (size_t i = 0; size > 0 && i < raw.size() / size; ++i) {
    if (type == 1) elements.Add(double{Load<float>(raw, i)});
    if (type == 11) elements.Add(Load<double>(raw, i));
    if (type == 6) elements.Add(int64_t{Load<int32_t>(raw, i)});
    if (type == 7) elements.Add(Load<int64_t>(raw, i));
    if (type == 3) elements.Add(int64_t{Load<int8_t>(raw, i)});
    if (type == 2 || type == 9) elements.Add(int64_t{Load<uint8_t>(raw, i)});
  }
  return elements.Finish();
}

}  // namespace millwright::inference::outline
