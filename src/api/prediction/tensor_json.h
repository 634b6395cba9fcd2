#pragma once

#include <cstddef>
#include <string>

#include "inference/tensor.h"

namespace millwright::api::prediction {

// How a protocol writes values.
struct JsonStyle {
  enum class Floats {
    kShortest,   // 3, 0.5
    kWithPoint,  // 3.0, 0.5
  };
  enum class Bytes {
    kText,          // throws kInvalidArgument for what is not UTF-8
    kBase64,        // {"b64": "…"}
    kTextOrBase64,  // as text where it is UTF-8
  };
  Floats floats = Floats::kShortest;
  Bytes bytes = Bytes::kText;
};

// These append a tensor's values as JSON: the shortest text that reads back as the same number of
// the tensor's type; NaN is null and infinities are the strings "Infinity" and "-Infinity".

// One flat list in row-major order: [1,2,3,4].
void AppendFlat(const inference::Tensor& tensor, const JsonStyle& style, std::string* out);
// Lists nested as the shape says: [[1,2],[3,4]].
void AppendNested(const inference::Tensor& tensor, const JsonStyle& style, std::string* out);
// What stands at one place of the first dimension, which must be there: [3,4], or 3 where there is
// no further dimension.
void AppendSlice(const inference::Tensor& tensor, size_t place, const JsonStyle& style,
                 std::string* out);
void AppendElement(const inference::Tensor& tensor, size_t index, const JsonStyle& style,
                   std::string* out);
// An element as the name of an object's field.
void AppendKey(const inference::Tensor& tensor, size_t index, std::string* out);

}  // namespace millwright::api::prediction
