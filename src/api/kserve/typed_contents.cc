#include "api/kserve/typed_contents.h"

#include <limits>

#include "api/protobuf/reader.h"
#include "api/protobuf/writer.h"
#include "base/check.h"
#include "base/error.h"

namespace millwright::api::kserve {
namespace {

using inference::DataType;
using inference::Tensor;
using protobuf::Reader;
using protobuf::Writer;

enum List : uint32_t {
  kBools = 1,
  kInts = 2,
  kInt64s = 3,
  kUints = 4,
  kUint64s = 5,
  kFp32s = 6,
  kFp64s = 7,
  kBytesList = 8,
  kNone = 0,
};

constexpr std::string_view kListNames[] = {"",
                                           "bool_contents",
                                           "int_contents",
                                           "int64_contents",
                                           "uint_contents",
                                           "uint64_contents",
                                           "fp32_contents",
                                           "fp64_contents",
                                           "bytes_contents"};

List ListOf(DataType type) {
  switch (type) {
    case DataType::kBool:
      return kBools;
    case DataType::kInt8:
    case DataType::kInt16:
    case DataType::kInt32:
      return kInts;
    case DataType::kInt64:
      return kInt64s;
    case DataType::kUint8:
    case DataType::kUint16:
    case DataType::kUint32:
      return kUints;
    case DataType::kUint64:
      return kUint64s;
    case DataType::kFp32:
      return kFp32s;
    case DataType::kFp64:
      return kFp64s;
    case DataType::kBytes:
      return kBytesList;
    case DataType::kFp16:
      return kNone;
  }
  return kNone;
}

Error Refuse(const Tensor& tensor, const std::string& why) {
  return InvalidArgument("Input {}: {}", tensor.name, why).WithField(tensor.name);
}

// Narrows the numbers of a list to the tensor's type. `Wide` is the list's own type.
template <typename Wide, typename Narrow>
void TakeNumbers(const std::vector<uint64_t>& numbers, Tensor* tensor) {
  const size_t before = tensor->data.size();
  tensor->data.resize(before + numbers.size() * sizeof(Narrow));
  auto* to = reinterpret_cast<Narrow*>(tensor->data.data() + before);
  for (const uint64_t number : numbers) {
    const auto wide = static_cast<Wide>(number);
    if (wide < std::numeric_limits<Narrow>::min() || wide > std::numeric_limits<Narrow>::max()) {
      throw Refuse(*tensor, fmt::format("a value does not fit {}", DataTypeName(tensor->type)));
    }
    *to++ = static_cast<Narrow>(wide);
  }
}

void TakeBools(const std::vector<uint64_t>& numbers, Tensor* tensor) {
  for (const uint64_t number : numbers) tensor->data.push_back(number != 0 ? 1 : 0);
}

void TakeVarints(const Reader& reader, Tensor* tensor) {
  std::vector<uint64_t> numbers;
  reader.AppendVarints(&numbers);
  switch (tensor->type) {
    case DataType::kBool:
      return TakeBools(numbers, tensor);
    case DataType::kInt8:
      return TakeNumbers<int32_t, int8_t>(numbers, tensor);
    case DataType::kInt16:
      return TakeNumbers<int32_t, int16_t>(numbers, tensor);
    case DataType::kInt32:
      return TakeNumbers<int32_t, int32_t>(numbers, tensor);
    case DataType::kInt64:
      return TakeNumbers<int64_t, int64_t>(numbers, tensor);
    case DataType::kUint8:
      return TakeNumbers<uint32_t, uint8_t>(numbers, tensor);
    case DataType::kUint16:
      return TakeNumbers<uint32_t, uint16_t>(numbers, tensor);
    case DataType::kUint32:
      return TakeNumbers<uint32_t, uint32_t>(numbers, tensor);
    default:
      return TakeNumbers<uint64_t, uint64_t>(numbers, tensor);
  }
}

void TakeField(const Reader& reader, Tensor* tensor) {
  const uint32_t number = reader.number();
  if (number >= std::size(kListNames)) return;
  if (number != ListOf(tensor->type)) {
    throw Refuse(*tensor, fmt::format("{} holds no values of {}{}", kListNames[number],
                                      DataTypeName(tensor->type),
                                      tensor->type == DataType::kFp16 ? "; send them raw" : ""));
  }
  if (number == kFp32s) {
    reader.AppendFixed32(&tensor->data);
  } else if (number == kFp64s) {
    reader.AppendFixed64(&tensor->data);
  } else if (number == kBytesList) {
    tensor->strings.emplace_back(reader.Bytes());
  } else {
    TakeVarints(reader, tensor);
  }
}

template <typename Number>
void AppendPacked(uint32_t list, const Tensor& tensor, Writer* writer) {
  const auto* numbers = tensor.As<Number>();
  // Smaller than 0 goes out as the same number in 64 bits.
  writer->Ints(list, std::vector<int64_t>(numbers, numbers + tensor.element_count()));
}

}  // namespace

void ReadTypedContents(const std::vector<std::string_view>& parts, Tensor* tensor) {
  const size_t wanted = tensor->element_count();
  for (const std::string_view part : parts) {
    for (Reader reader(part); reader.Next();) TakeField(reader, tensor);
  }
  const size_t taken = tensor->type == DataType::kBytes
                           ? tensor->strings.size()
                           : tensor->data.size() / DataTypeBytes(tensor->type);
  if (taken != wanted) {
    throw Refuse(*tensor, fmt::format("the shape holds {} values, contents {}", wanted, taken));
  }
}

std::string WriteTypedContents(const Tensor& tensor) {
  std::string message;
  Writer writer(&message);
  const List list = ListOf(tensor.type);
  CHECK(list != kNone);
  switch (tensor.type) {
    case DataType::kFp32:
    case DataType::kFp64:
      if (!tensor.data.empty()) {
        writer.Bytes(list, {tensor.data.data(), tensor.data.size()});
      }
      break;
    case DataType::kBytes:
      for (const std::string& text : tensor.strings) writer.Bytes(list, text);
      break;
    case DataType::kInt8:
      AppendPacked<int8_t>(list, tensor, &writer);
      break;
    case DataType::kInt16:
      AppendPacked<int16_t>(list, tensor, &writer);
      break;
    case DataType::kInt32:
      AppendPacked<int32_t>(list, tensor, &writer);
      break;
    case DataType::kBool:
    case DataType::kUint8:
      AppendPacked<uint8_t>(list, tensor, &writer);
      break;
    case DataType::kUint16:
      AppendPacked<uint16_t>(list, tensor, &writer);
      break;
    case DataType::kUint32:
      AppendPacked<uint32_t>(list, tensor, &writer);
      break;
    default:  // the 64-bit integers
      AppendPacked<int64_t>(list, tensor, &writer);
      break;
  }
  return message;
}

}  // namespace millwright::api::kserve
