#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/kserve/infer_body.h"

// ModelInferRequest and ModelInferResponse of inference.proto, between their bytes and tensors.
namespace millwright::api::kserve {

struct InferMessage {
  std::string model;
  std::string version;
  std::optional<std::string> id;
  std::vector<inference::Tensor> inputs;
  std::vector<RequestedOutput> outputs;  // empty: all
  // Answered raw: the inputs came so, or it was asked for.
  bool is_raw = false;
};

// Throws kInvalidArgument naming field or input: for bytes that are no message, contents that do
// not fill the shape or belong to another datatype, raw and typed contents at once and the like.
InferMessage ReadInferMessage(std::string_view bytes);

// Writes the outputs that were asked for, typed or raw; raw where one of them is FP16. An unknown
// output is kInvalidArgument.
std::string WriteInferMessage(const std::string& id, const InferMessage& request,
                              const serving::InferAnswer& answer);

// ModelStreamInferResponse: an answer as WriteInferMessage made it, or why there is none.
std::string WriteStreamAnswer(const std::string& answer);
std::string WriteStreamError(std::string_view error, std::string_view id);

// The id of a request, "" where it has none or is no request.
std::string IdOfMessage(std::string_view message);

}  // namespace millwright::api::kserve
