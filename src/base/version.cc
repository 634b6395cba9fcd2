#include "base/version.h"

namespace millwright {

std::string_view Version() {
  return MILLWRIGHT_VERSION;
}

}  // namespace millwright
