#include "base/shared_library.h"

#include <dlfcn.h>

#include "base/error.h"

namespace millwright {

SharedLibrary::SharedLibrary(const std::string& noun, const std::vector<std::string>& candidates,
                             const std::string& remedy)
    : noun_(noun) {
  std::string reasons;
  for (const std::string& candidate : candidates) {
    handle_ = dlopen(candidate.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle_ != nullptr) {
      path_ = candidate;
      return;
    }
    const char* reason = dlerror();
    reasons += std::string("; ") + (reason != nullptr ? reason : candidate);
  }
  throw Unavailable("{} cannot be loaded: {}{}", noun, remedy, reasons);
}

void* SharedLibrary::Symbol(const char* name) const {
  void* symbol = dlsym(handle_, name);
  if (symbol == nullptr) throw Unavailable("{} lacks {}: {}", noun_, name, path_);
  return symbol;
}

}  // namespace millwright
