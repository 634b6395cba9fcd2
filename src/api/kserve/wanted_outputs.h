#pragma once

#include <vector>

#include "api/kserve/infer_body.h"

namespace millwright::api::kserve {

// The outputs of an answer that were asked for, all where none was named, each in the form of
// classes where that was asked for. An unknown output is kInvalidArgument. They point into the
// answer or into `made`.
std::vector<const inference::Tensor*> WantedOutputs(const std::vector<RequestedOutput>& wanted,
                                                    const std::vector<inference::Tensor>& outputs,
                                                    std::vector<inference::Tensor>* made);

// Refuses two inputs of one name.
void CheckUnique(const std::vector<inference::Tensor>& inputs);

}  // namespace millwright::api::kserve
