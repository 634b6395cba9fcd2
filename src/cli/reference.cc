#include "cli/reference.h"

#include "base/error.h"
#include "cli/client.h"

namespace millwright::cli {

Reference ParseReference(std::string_view text) {
  if (IsModelUri(std::string(text))) {
    const auto [name, version, alias] = ParseModelUri(text);
    return {name, version.empty() ? alias : version};
  }
  const size_t at = text.rfind('@');
  if (at == std::string_view::npos) return {std::string(text), ""};
  Reference reference{std::string(text.substr(0, at)), std::string(text.substr(at + 1))};
  if (reference.name.empty() || reference.version.empty())
    throw InvalidArgument("Write NAME or NAME@VERSION, not \"{}\"", text);
  return reference;
}

}  // namespace millwright::cli
