#pragma once

#include <filesystem>

#include "inference/xgboost_library.h"

namespace millwright::inference {

// The newest release whose files an older library is known to read right: the vectors of a model of
// 3.0 agree in 1.7. From 3.1 on a base score is written so that older libraries read another
// number.
inline constexpr XgboostRelease kXgboostReadByOlderMax{3, 0, 999};

// Checks an XGBoost model file (.ubj or .json) before the library sees it: XGBoost 1.7 follows the
// indices in a file without a check, so that a damaged one crashes the process. Every tree must be
// a tree, every index within its bounds, every array as long as announced. Only gbtree without
// categorical splits passes. Returns the release that wrote it, 0.0.0 where it does not say. Throws
// kInvalidArgument with the reason.
XgboostRelease CheckBoosterFile(const std::filesystem::path& path);

// Throws kInvalidArgument naming both releases when a library of release `library` would read
// what `writer` wrote as another model.
void RequireReadable(const XgboostRelease& writer, const XgboostRelease& library);

}  // namespace millwright::inference
