#include "cli/reference.h"

#include "base/error.h"

namespace millwright::cli {

Reference ParseReference(std::string_view text) {
  constexpr std::string_view kScheme = "models:/";
  const bool is_uri = text.starts_with(kScheme);
  if (is_uri) text.remove_prefix(kScheme.size());
  size_t at = text.rfind('@');
  if (is_uri && at == std::string_view::npos) at = text.rfind('/');
  if (at == std::string_view::npos) return {std::string(text), ""};
  Reference reference{std::string(text.substr(0, at)), std::string(text.substr(at + 1))};
  if (reference.name.empty() || reference.version.empty())
    throw InvalidArgument("Write NAME or NAME@VERSION, not \"{}\"", text);
  return reference;
}

}  // namespace millwright::cli
