#include "registry/entities.h"

#include <algorithm>
#include <cctype>

#include "base/error.h"

namespace millwright::registry {
namespace {

constexpr std::string_view kStageNames[] = {"None", "Staging", "Production", "Archived"};

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

}  // namespace

std::string_view StageName(Stage stage) {
  return kStageNames[static_cast<size_t>(stage)];
}

Stage ParseStage(std::string_view text) {
  for (size_t i = 0; i < std::size(kStageNames); ++i) {
    if (EqualIgnoringCase(text, kStageNames[i])) return static_cast<Stage>(i);
  }
  throw InvalidArgument(
      "Invalid Model Version stage: {}. Value must be one of None, Staging, Production, Archived.",
      text);
}

}  // namespace millwright::registry
