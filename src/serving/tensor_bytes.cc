#include "serving/tensor_bytes.h"

namespace millwright::serving {

int64_t TensorBytes(const std::vector<inference::Tensor>& tensors) {
  int64_t bytes = 0;
  for (const inference::Tensor& tensor : tensors) {
    bytes += static_cast<int64_t>(tensor.data.size());
    for (const std::string& text : tensor.strings) bytes += static_cast<int64_t>(text.size());
  }
  return bytes;
}

}  // namespace millwright::serving
