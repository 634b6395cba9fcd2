#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace millwright::cli {

// What files of alerts say together: a document that POST /api/v1/alert-config takes, with the
// secrets that the files name read in. Folders stand for the *.yaml and *.yml in them, in order of
// their names.
struct AlertFiles {
  Json document;
  std::vector<std::string> files;
  size_t rules = 0, receivers = 0;
  bool routes = false;
};

// Throws kInvalidArgument with everything that is wrong, a line each: "FILE:LINE: rules[2].expr:
// …".
AlertFiles ReadAlertFiles(const std::vector<std::string>& paths);

}  // namespace millwright::cli
