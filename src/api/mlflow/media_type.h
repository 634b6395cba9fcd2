#pragma once

#include <string_view>

namespace millwright::api::mlflow {

// The type that a file is sent with, by its name.
std::string_view MediaTypeOf(std::string_view file_name);

}  // namespace millwright::api::mlflow
