#pragma once

#include <string_view>

namespace millwright::api::kserve {

inline constexpr std::string_view kServerName = "millwright";
// The extensions of the protocol that are spoken, by the names that Triton gives them.
inline constexpr std::string_view kExtensions[] = {"binary_tensor_data", "classification",
                                                   "model_configuration", "model_repository",
                                                   "statistics"};

}  // namespace millwright::api::kserve
