#include "supply/file_list.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"

namespace millwright::supply {

std::string DigestOf(std::vector<ListedFile> files) {
  std::sort(files.begin(), files.end(),
            [](const ListedFile& a, const ListedFile& b) { return a.path < b.path; });
  Digest digest(Digest::Kind::kSha256);
  for (const ListedFile& file : files) {
    // No path and no state holds a NUL.
    digest.Update(file.path);
    digest.Update(std::string_view("\0", 1));
    digest.Update(fmt::format("{} {}", file.bytes, file.state));
    digest.Update(std::string_view("\0", 1));
  }
  return digest.FinishHex();
}

bool HoldsModel(const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return name == "MLmodel" || name == "ensemble.yaml" || name == "model.onnx" ||
           name == "model.ubj" || name == "model.json";
  });
}

}  // namespace millwright::supply
