#include "api/kserve/classification.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "api/prediction/tensor_json.h"
#include "base/error.h"
#include "serving/cell.h"

namespace millwright::api::kserve {
namespace {

using inference::DataType;
using inference::Tensor;

double ValueAt(const Tensor& tensor, size_t index) {
  switch (tensor.type) {
    case DataType::kFp16:
      return serving::DoubleFromHalf(tensor.As<uint16_t>()[index]);
    case DataType::kFp32:
      return tensor.As<float>()[index];
    case DataType::kFp64:
      return tensor.As<double>()[index];
    case DataType::kInt32:
      return tensor.As<int32_t>()[index];
    case DataType::kInt64:
      return static_cast<double>(tensor.As<int64_t>()[index]);
    default:
      throw InvalidArgument("Output {}: values of {} are not scores of classes", tensor.name,
                            inference::DataTypeName(tensor.type))
          .WithField(tensor.name);
  }
}

std::string NameAt(const Tensor& names, size_t place) {
  if (names.type == DataType::kBytes) return names.strings[place];
  std::string text;
  prediction::AppendElement(names, place, {}, &text);
  return text;
}

}  // namespace

Tensor Classify(const Tensor& tensor, size_t count, const Tensor* names) {
  const auto rows = tensor.shape.size() < 2 ? size_t{1} : static_cast<size_t>(tensor.shape[0]);
  const size_t width = rows == 0 ? 0 : tensor.element_count() / rows;
  const size_t kept = std::min(count, width);
  Tensor classes{.name = tensor.name, .type = DataType::kBytes};
  if (tensor.shape.size() >= 2) classes.shape.push_back(tensor.shape[0]);
  classes.shape.push_back(static_cast<int64_t>(kept));
  std::vector<size_t> places(width);
  for (size_t row = 0; row < rows; ++row) {
    std::iota(places.begin(), places.end(), size_t{0});
    std::partial_sort(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(kept),
                      places.end(), [&](size_t a, size_t b) {
                        const double x = ValueAt(tensor, row * width + a);
                        const double y = ValueAt(tensor, row * width + b);
                        if (std::isnan(x) || std::isnan(y)) return std::isnan(y) && !std::isnan(x);
                        return x != y ? x > y : a < b;
                      });
    for (size_t i = 0; i < kept; ++i) {
      const size_t place = places[i];
      std::string text = fmt::format("{:f}:{}", ValueAt(tensor, row * width + place), place);
      if (names != nullptr && names->element_count() == width) {
        text += ":" + NameAt(*names, place);
      }
      classes.strings.push_back(std::move(text));
    }
  }
  return classes;
}

}  // namespace millwright::api::kserve
