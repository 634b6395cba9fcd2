#include "api/kserve/raw_tensor.h"

#include <bit>
#include <cstring>

#include "base/error.h"

namespace millwright::api::kserve {
namespace {

using inference::DataType;
using inference::Tensor;

static_assert(std::endian::native == std::endian::little, "raw tensors are copied as they are");

Error Refuse(const Tensor& tensor, const std::string& why) {
  return InvalidArgument("Input {}: {}", tensor.name, why).WithField(tensor.name);
}

void ReadStrings(std::string_view bytes, size_t count, Tensor* tensor) {
  while (!bytes.empty()) {
    uint32_t size = 0;
    if (bytes.size() < sizeof size) throw Refuse(*tensor, "a length of raw BYTES is cut short");
    std::memcpy(&size, bytes.data(), sizeof size);
    bytes.remove_prefix(sizeof size);
    if (size > bytes.size()) throw Refuse(*tensor, "an element of raw BYTES is cut short");
    tensor->strings.emplace_back(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  if (tensor->strings.size() != count) {
    throw Refuse(*tensor, fmt::format("the shape holds {} values, raw data {}", count,
                                      tensor->strings.size()));
  }
}

}  // namespace

void ReadRaw(std::string_view bytes, Tensor* tensor) {
  const size_t count = tensor->element_count();
  if (tensor->type == DataType::kBytes) return ReadStrings(bytes, count, tensor);
  size_t wanted = 0;
  if (__builtin_mul_overflow(count, inference::DataTypeBytes(tensor->type), &wanted) ||
      wanted != bytes.size()) {
    throw Refuse(*tensor, fmt::format("the shape does not hold {} bytes of {}", bytes.size(),
                                      inference::DataTypeName(tensor->type)));
  }
  tensor->data.assign(bytes.begin(), bytes.end());
}

size_t AppendRaw(const Tensor& tensor, std::string* out) {
  const size_t before = out->size();
  if (tensor.type != DataType::kBytes) {
    out->append(tensor.data.data(), tensor.data.size());
  } else {
    for (const std::string& text : tensor.strings) {
      const auto size = static_cast<uint32_t>(text.size());
      out->append(reinterpret_cast<const char*>(&size), sizeof size);
      out->append(text);
    }
  }
  return out->size() - before;
}

}  // namespace millwright::api::kserve
