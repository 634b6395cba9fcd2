#pragma once

#include <string>
#include <string_view>

namespace millwright::api::mlflow {

// Decodes %XX until nothing changes, so that doubly encoded dots are seen too.
std::string FullyDecoded(std::string_view text);

// Tells whether a path has a ".." segment.
bool HasParentSegment(std::string_view path);

// Checks a path that a client gives for an artifact: relative, without "..", drive letter, scheme
// or NUL, however it is encoded. Returns it without "." segments and doubled slashes. Throws
// kInvalidArgument "Invalid path", which is all that MLflow says.
std::string SafePath(std::string_view path);

}  // namespace millwright::api::mlflow
