#pragma once

#include <filesystem>

namespace millwright::inference {

// Checks an XGBoost model file (.ubj or .json) before the library sees it: XGBoost 1.7 follows the
// indices in a file without a check, so that a damaged one crashes the process. Every tree must be
// a tree, every index within its bounds, every array as long as announced. Only gbtree without
// categorical splits passes. Throws kInvalidArgument with the reason.
void CheckBoosterFile(const std::filesystem::path& path);

}  // namespace millwright::inference
