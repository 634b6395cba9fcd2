#include "tensorboard/tensor.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "base/protobuf_reader.h"

namespace millwright::tensorboard {
namespace {

using WireType = ProtobufReader::WireType;

// TensorFlow's numbers of element types.
enum class DataType : int64_t {
  kFloat = 1,
  kDouble = 2,
  kInt32 = 3,
  kUint8 = 4,
  kInt16 = 5,
  kInt8 = 6,
  kString = 7,
  kInt64 = 9,
  kBool = 10,
  kBfloat16 = 14,
  kUint16 = 17,
  kHalf = 19,
  kUint32 = 22,
  kUint64 = 23,
};

// Fields of TensorProto.
constexpr uint32_t kDtype = 1, kShape = 2, kContent = 4, kFloats = 5, kDoubles = 6, kInts = 7,
                   kStrings = 8, kInt64s = 10, kBools = 11, kHalves = 13, kUint32s = 16,
                   kUint64s = 17;

double HalfToDouble(uint16_t bits) {
  const int exponent = (bits >> 10) & 0x1F;
  const int fraction = bits & 0x3FF;
  double value = 0;
  if (exponent == 0) {
    value = std::ldexp(fraction, -24);
  } else if (exponent == 31) {
    value = fraction == 0 ? INFINITY : NAN;
  } else {
    value = std::ldexp(fraction + 1024, exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -value : value;
}

double Bfloat16ToDouble(uint16_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

template <typename T>
void AppendContent(std::string_view bytes, std::vector<double>* numbers) {
  if (bytes.size() % sizeof(T) != 0) throw InvalidArgument("a tensor's content is cut");
  if (bytes.size() / sizeof(T) > kTensorItemsMax) throw InvalidArgument("a tensor is too large");
  for (size_t at = 0; at < bytes.size(); at += sizeof(T)) {
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof(T));
    numbers->push_back(static_cast<double>(value));
  }
}

void ReadContent(DataType type, std::string_view bytes, std::vector<double>* numbers) {
  switch (type) {
    case DataType::kFloat:
      return AppendContent<float>(bytes, numbers);
    case DataType::kDouble:
      return AppendContent<double>(bytes, numbers);
    case DataType::kInt32:
      return AppendContent<int32_t>(bytes, numbers);
    case DataType::kBool:
    case DataType::kUint8:
      return AppendContent<uint8_t>(bytes, numbers);
    case DataType::kInt16:
      return AppendContent<int16_t>(bytes, numbers);
    case DataType::kInt8:
      return AppendContent<int8_t>(bytes, numbers);
    case DataType::kInt64:
      return AppendContent<int64_t>(bytes, numbers);
    case DataType::kUint16:
      return AppendContent<uint16_t>(bytes, numbers);
    case DataType::kUint32:
      return AppendContent<uint32_t>(bytes, numbers);
    case DataType::kUint64:
      return AppendContent<uint64_t>(bytes, numbers);
    case DataType::kHalf:
    case DataType::kBfloat16: {
      std::vector<double> bits;
      AppendContent<uint16_t>(bytes, &bits);
      for (const double each : bits)
        numbers->push_back(type == DataType::kHalf ? HalfToDouble(static_cast<uint16_t>(each))
                                                   : Bfloat16ToDouble(static_cast<uint16_t>(each)));
      return;
    }
    case DataType::kString:
      break;
  }
  throw InvalidArgument("a tensor of type {} holds no numbers", static_cast<int64_t>(type));
}

// Where the values of a type stand when not in tensor_content.
uint32_t FieldOf(DataType type) {
  switch (type) {
    case DataType::kFloat:
      return kFloats;
    case DataType::kDouble:
      return kDoubles;
    case DataType::kInt32:
    case DataType::kUint8:
    case DataType::kInt16:
    case DataType::kInt8:
    case DataType::kUint16:
      return kInts;
    case DataType::kInt64:
      return kInt64s;
    case DataType::kBool:
      return kBools;
    case DataType::kHalf:
    case DataType::kBfloat16:
      return kHalves;
    case DataType::kUint32:
      return kUint32s;
    case DataType::kUint64:
      return kUint64s;
    case DataType::kString:
      return kStrings;
  }
  throw InvalidArgument("a tensor has the type {}, which is not shown", static_cast<int64_t>(type));
}

double OfVarint(DataType type, uint64_t bits) {
  if (type == DataType::kHalf) return HalfToDouble(static_cast<uint16_t>(bits));
  if (type == DataType::kBfloat16) return Bfloat16ToDouble(static_cast<uint16_t>(bits));
  if (type == DataType::kUint64) return static_cast<double>(bits);
  return static_cast<double>(static_cast<int64_t>(bits));
}

// Reads one field of numbers, packed or not.
void ReadNumbers(DataType type, const ProtobufReader::Field& field, std::vector<double>* numbers) {
  const bool packed = field.type == WireType::kBytes;
  if (field.number == kFloats) {
    if (packed) return AppendContent<float>(field.bytes, numbers);
    numbers->push_back(std::bit_cast<float>(static_cast<uint32_t>(field.value)));
  } else if (field.number == kDoubles) {
    if (packed) return AppendContent<double>(field.bytes, numbers);
    numbers->push_back(std::bit_cast<double>(field.value));
  } else if (packed) {
    ProtobufReader packed_values(field.bytes);
    while (!packed_values.at_end()) {
      if (numbers->size() >= kTensorItemsMax) throw InvalidArgument("a tensor is too large");
      numbers->push_back(OfVarint(type, packed_values.Varint()));
    }
  } else {
    numbers->push_back(OfVarint(type, field.value));
  }
}

std::vector<int64_t> ParseShape(std::string_view bytes) {
  constexpr size_t kDimensionsMax = 8;
  std::vector<int64_t> shape;
  ProtobufReader reader(bytes);
  while (const auto field = reader.Next()) {
    if (field->number != 2) continue;
    int64_t size = 0;
    ProtobufReader dimension(field->Bytes());
    while (const auto part = dimension.Next())
      if (part->number == 1) size = part->Int();
    if (size < 0 || shape.size() == kDimensionsMax)
      throw InvalidArgument("a tensor's shape is not one");
    shape.push_back(size);
  }
  return shape;
}

uint64_t CountOf(const std::vector<int64_t>& shape) {
  uint64_t count = 1;
  for (const int64_t size : shape) {
    if (size != 0 && count > kTensorItemsMax / static_cast<uint64_t>(size))
      throw InvalidArgument("a tensor is too large");
    count *= static_cast<uint64_t>(size);
  }
  return count;
}

template <typename T>
void FitTo(uint64_t count, std::vector<T>* values) {
  if (values->size() == 1 && count > 1) values->resize(count, values->front());
  if (values->size() != count)
    throw InvalidArgument("a tensor has {} values where its shape has {}", values->size(), count);
}

}  // namespace

Tensor ParseTensor(std::string_view bytes) {
  // The type decides how the other fields are read, wherever it stands.
  Tensor tensor;
  auto type = static_cast<DataType>(0);
  ProtobufReader head(bytes);
  while (const auto field = head.Next()) {
    if (field->number == kDtype) type = static_cast<DataType>(field->Int());
    if (field->number == kShape) tensor.shape = ParseShape(field->Bytes());
  }
  const uint32_t values = FieldOf(type);
  ProtobufReader body(bytes);
  while (const auto field = body.Next()) {
    if (tensor.numbers.size() + tensor.strings.size() > kTensorItemsMax)
      throw InvalidArgument("a tensor is too large");
    if (field->number == kContent && !field->Bytes().empty()) {
      ReadContent(type, field->Bytes(), &tensor.numbers);
    } else if (field->number == values && type == DataType::kString) {
      tensor.strings.push_back(field->Bytes());
    } else if (field->number == values) {
      ReadNumbers(type, *field, &tensor.numbers);
    }
  }
  const uint64_t count = CountOf(tensor.shape);
  if (type == DataType::kString) {
    FitTo(count, &tensor.strings);
  } else {
    FitTo(count, &tensor.numbers);
  }
  return tensor;
}

}  // namespace millwright::tensorboard
