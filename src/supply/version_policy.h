#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace millwright::supply {

inline constexpr int kVersionsServedMax = 100;  // of one model

// Which versions of a model are served, of those that there are.
struct VersionPolicy {
  enum class Kind { kLatest, kAll, kNamed };
  Kind kind = Kind::kLatest;
  int count = 1;                   // of kLatest
  std::vector<std::string> named;  // of kNamed

  // Chooses from the names of versions, given from oldest to newest, and keeps their order. Throws
  // kResourceExhausted for more than kVersionsServedMax.
  std::vector<std::string> Choose(const std::vector<std::string>& versions) const;
};

// Reads "latest", "latest:3", "all" or "2,5". Throws kInvalidArgument.
VersionPolicy ParseVersionPolicy(std::string_view text);

// Whether a name is a version's: a number, as TensorFlow Serving and Triton name folders.
bool IsVersionName(std::string_view name);
// By number: "9" before "10".
void SortVersions(std::vector<std::string>* versions);

}  // namespace millwright::supply
