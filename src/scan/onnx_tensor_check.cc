#include "scan/onnx_tensor_check.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/error.h"
#include "base/file.h"
#include "base/protobuf_reader.h"

namespace millwright::scan {
namespace {

constexpr size_t kSmallTensorElementsMax = 16;
constexpr size_t kDimensionsMax = 64;
constexpr int64_t kTypeString = 8;
constexpr int64_t kTypeInt64 = 7;

// Bits of an element by TensorProto.DataType; 0 for strings, -1 where the number means nothing.
// 14 and 15 are the complex types, 21 to 23 hold four bits, 25 and 26 two.
constexpr int kElementBits[] = {-1, 32,  8,  8, 16, 16, 32, 64, 0, 8, 16, 64, 32, 64,
                                64, 128, 16, 8, 8,  8,  8,  4,  4, 4, 8,  2,  2};

struct RawTensor {
  std::vector<int64_t> dimensions;
  int64_t type = 0;
  std::string_view name;
  std::optional<std::string_view> raw;
  std::vector<int64_t> int64_data;
  uint64_t typed_values = 0;  // in float_data, int32_data, …
  bool is_external = false;
  std::string_view location;
  std::optional<uint64_t> offset;
  std::optional<uint64_t> length;
};

uint64_t CountVarints(std::string_view packed) {
  return std::count_if(packed.begin(), packed.end(), [](char c) { return (c & 0x80) == 0; });
}

uint64_t CountValues(const ProtobufReader::Field& field, size_t fixed_bytes) {
  if (field.type != ProtobufReader::WireType::kBytes) return 1;
  return fixed_bytes == 0 ? CountVarints(field.bytes) : field.bytes.size() / fixed_bytes;
}

void AppendInts(const ProtobufReader::Field& field, size_t count_max, std::vector<int64_t>* out) {
  if (field.type != ProtobufReader::WireType::kBytes) {
    out->push_back(field.Int());
    return;
  }
  ProtobufReader packed(field.bytes);
  while (!packed.at_end() && out->size() <= count_max) {
    out->push_back(static_cast<int64_t>(packed.Varint()));
  }
}

std::optional<uint64_t> ParseSize(std::string_view text, std::string_view what) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw InvalidArgument("external data has the {} \"{}\"", what, text);
  }
  return value;
}

void ReadExternalEntry(std::string_view entry, RawTensor* tensor) {
  std::string_view key;
  std::string_view value;
  ProtobufReader reader(entry);
  while (const auto field = reader.Next()) {
    if (field->number == 1) key = field->Bytes();
    if (field->number == 2) value = field->Bytes();
  }
  if (key == "location") tensor->location = value;
  if (key == "offset") tensor->offset = ParseSize(value, key);
  if (key == "length") tensor->length = ParseSize(value, key);
}

void ReadField(const ProtobufReader::Field& field, RawTensor* tensor) {
  switch (field.number) {
    case 1:
      return AppendInts(field, kDimensionsMax, &tensor->dimensions);
    case 2:
      tensor->type = field.Int();
      return;
    case 4:
      tensor->typed_values += CountValues(field, sizeof(float));
      return;
    case 5:
    case 11:
      tensor->typed_values += CountValues(field, 0);
      return;
    case 6:
      ++tensor->typed_values;
      return;
    case 7:
      tensor->typed_values += CountValues(field, 0);
      return AppendInts(field, kSmallTensorElementsMax, &tensor->int64_data);
    case 8:
      tensor->name = field.Bytes();
      return;
    case 9:
      tensor->raw = field.Bytes();
      return;
    case 10:
      tensor->typed_values += CountValues(field, sizeof(double));
      return;
    case 13:
      tensor->is_external = true;
      return ReadExternalEntry(field.Bytes(), tensor);
    case 14:
      tensor->is_external = tensor->is_external || field.Int() == 1;
      return;
    default:
      return;
  }
}

// Packed types keep several elements in one value, complex ones two values an element.
uint64_t ExpectedTypedValues(const RawTensor& tensor, uint64_t count) {
  const int bits = kElementBits[tensor.type];
  if (bits == 4) return (count + 1) / 2;
  if (bits == 2) return (count + 3) / 4;
  const bool is_complex = tensor.type == 14 || tensor.type == 15;
  return is_complex ? 2 * count : count;
}

void CheckExternal(const RawTensor& tensor, uint64_t bytes, const std::filesystem::path& folder) {
  if (tensor.location.empty()) throw InvalidArgument("external data without a location");
  std::filesystem::path file;
  try {
    file = ConfinedPath(folder, tensor.location);
  } catch (const Error&) {
    throw InvalidArgument("external data lies outside of the model's folder: {}", tensor.location);
  }
  if (!std::filesystem::is_regular_file(file)) {
    throw InvalidArgument("external data is missing: {}", tensor.location);
  }
  if (tensor.length && *tensor.length != bytes) {
    throw InvalidArgument("external data holds {} bytes, the tensor announces {}", *tensor.length,
                          bytes);
  }
  const uint64_t size = std::filesystem::file_size(file);
  const uint64_t offset = tensor.offset.value_or(0);
  if (offset > size || bytes > size - offset) {
    throw InvalidArgument("external data ends early: {} has {} bytes, the tensor needs {} from {}",
                          tensor.location, size, bytes, offset);
  }
}

void CheckData(const RawTensor& tensor, const OnnxTensorFacts& facts,
               const std::filesystem::path& folder) {
  if (tensor.is_external) return CheckExternal(tensor, facts.bytes, folder);
  if (tensor.raw) {
    if (tensor.type == kTypeString) throw InvalidArgument("strings are kept as raw bytes");
    if (tensor.raw->size() != facts.bytes) {
      throw InvalidArgument("it announces {} bytes and holds {}", facts.bytes, tensor.raw->size());
    }
    return;
  }
  const uint64_t expected = ExpectedTypedValues(tensor, facts.element_count);
  if (tensor.typed_values != expected) {
    throw InvalidArgument("it announces {} values and holds {}", expected, tensor.typed_values);
  }
}

std::vector<int64_t> SmallValues(const RawTensor& tensor, size_t count) {
  if (tensor.type != kTypeInt64 || count > kSmallTensorElementsMax || tensor.is_external) return {};
  if (!tensor.raw) return tensor.int64_data;
  std::vector<int64_t> values(count);
  if (count > 0) std::memcpy(values.data(), tensor.raw->data(), count * sizeof(int64_t));
  return values;
}

}  // namespace

std::optional<size_t> OnnxElementCount(const std::vector<int64_t>& dimensions) {
  size_t count = 1;
  bool is_empty = false;
  for (const int64_t size : dimensions) {
    if (size < 0) return std::nullopt;
    is_empty = is_empty || size == 0;
    if (size > 0 && __builtin_mul_overflow(count, static_cast<size_t>(size), &count)) {
      return std::nullopt;
    }
  }
  return is_empty ? 0 : count;
}

OnnxTensorFacts CheckOnnxTensor(std::string_view bytes, const std::filesystem::path& folder) {
  RawTensor tensor;
  ProtobufReader reader(bytes);
  while (const auto field = reader.Next()) ReadField(*field, &tensor);
  try {
    if (tensor.dimensions.size() > kDimensionsMax) throw InvalidArgument("too many dimensions");
    const bool is_known = tensor.type > 0 && tensor.type < int64_t{std::size(kElementBits)};
    if (!is_known) throw InvalidArgument("unknown element type {}", tensor.type);
    for (const int64_t size : tensor.dimensions) {
      if (size < 0) throw InvalidArgument("the dimension {} is negative", size);
    }
    const auto count = OnnxElementCount(tensor.dimensions);
    const uint64_t bits = static_cast<uint64_t>(kElementBits[tensor.type]);
    uint64_t total_bits = 0;
    if (!count || __builtin_mul_overflow(uint64_t{*count}, bits, &total_bits) ||
        total_bits > UINT64_MAX - 7) {
      throw InvalidArgument("its dimensions are too large");
    }
    OnnxTensorFacts facts{.name = tensor.name, .element_count = *count};
    facts.bytes = (total_bits + 7) / 8;
    facts.element_bytes = static_cast<double>(bits) / 8;
    CheckData(tensor, facts, folder);
    facts.values = SmallValues(tensor, *count);
    return facts;
  } catch (const Error& error) {
    throw InvalidArgument("tensor {}: {}", tensor.name, error.message());
  }
}

}  // namespace millwright::scan
