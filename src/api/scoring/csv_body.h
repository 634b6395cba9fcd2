#pragma once

#include <string_view>
#include <vector>

#include "inference/tensor.h"

namespace millwright::api::scoring {

// Reads a CSV file with a header. Columns go by their names, in any order; those that the model
// does not take are passed over. Values are read as serving::CellOfText says. Throws
// kInvalidArgument naming line, column or row.
std::vector<inference::Tensor> ReadCsv(std::string_view body,
                                       const inference::Signature& signature);

}  // namespace millwright::api::scoring
