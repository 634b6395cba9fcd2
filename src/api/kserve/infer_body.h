#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "serving/predictor.h"

// The body of an Open Inference Protocol v2 request and of its answer, as JSON or as JSON followed
// by raw tensors (the binary tensor data extension).
namespace millwright::api::kserve {

inline constexpr size_t kTensorsMax = 1024;  // of one request
inline constexpr size_t kOutputsMax = 1024;

enum class Encoding { kJson, kBinary };

// An output that the caller asked for by name.
struct RequestedOutput {
  std::string name;
  Encoding encoding = Encoding::kJson;
  size_t classes = 0;  // so many of the highest values are asked for; 0: the values themselves
};

struct InferBody {
  std::optional<std::string> id;
  std::vector<inference::Tensor> inputs;
  std::vector<RequestedOutput> outputs;  // empty: all, in `encoding`
  Encoding encoding = Encoding::kJson;
};

// Reads a body whose first `json_bytes` are JSON; the rest is raw tensors in the inputs' order.
// Fields that the protocol does not know, wrong types, lists that do not fill the shape and the
// like are kInvalidArgument naming field or input. Null in floating data is NaN. `body` gets room
// for the parser's padding.
InferBody ReadInferBody(std::string* body, size_t json_bytes);

struct EncodedAnswer {
  std::string body;
  std::optional<size_t> json_bytes;  // set when raw tensors follow the JSON
};
// Writes the outputs that were asked for; an unknown one is kInvalidArgument.
EncodedAnswer WriteInferAnswer(const std::string& model, const std::string& id,
                               const InferBody& request, const serving::InferAnswer& answer);

}  // namespace millwright::api::kserve
