#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millwright::supply {

inline constexpr size_t kFilesMax = 10'000;  // of one version

// A file of a version, and what tells its state from another: a time, an ETag.
struct ListedFile {
  std::string path;  // relative, with '/'
  uint64_t bytes = 0;
  std::string state;
};

// Another one for any difference; the order of the files is none.
std::string DigestOf(std::vector<ListedFile> files);

// Whether names at the top of a folder say that it is a model and not a folder of versions.
bool HoldsModel(const std::vector<std::string>& names);

}  // namespace millwright::supply
