#pragma once

#include <string>
#include <string_view>

namespace millwright::cli {

// A name with a version, as people write it: "flights@2", "flights-late@champion", or as MLflow
// does for models: "models:/flights/2", "models:/flights@champion". The version is empty when it is
// not given.
struct Reference {
  std::string name;
  std::string version;
};
Reference ParseReference(std::string_view text);

}  // namespace millwright::cli
