#pragma once

#include <string>
#include <vector>

#include "inference/tensor.h"

namespace millwright::api::scoring {

// Reads a Parquet file, through DuckDB; columns as in ReadCsv. Throws kInvalidArgument for a file
// that is broken or holds what no tensor can.
std::vector<inference::Tensor> ReadParquet(const std::string& body,
                                           const inference::Signature& signature);

}  // namespace millwright::api::scoring
