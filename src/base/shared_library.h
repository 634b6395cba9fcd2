#pragma once

#include <string>
#include <vector>

namespace millwright {

// A library opened at run time, so that the program starts fast and without it. It stays open until
// the process ends: a library's threads may outlive any owner. Use from any thread.
class SharedLibrary {
 public:
  // Opens the first candidate that loads. Throws kUnavailable with every reason when none does;
  // `noun` and `remedy` tell the user what is missing and what to do.
  SharedLibrary(const std::string& noun, const std::vector<std::string>& candidates,
                const std::string& remedy);

  // Throws kUnavailable when the library lacks the symbol.
  void* Symbol(const char* name) const;
  const std::string& path() const { return path_; }

 private:
  std::string noun_;
  std::string path_;
  void* handle_ = nullptr;
};

}  // namespace millwright
