#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

// The names of an enumeration's values, as a table {{E::kA, "a"}, {E::kB, "b"}}.
namespace millwright {

template <typename E, size_t N>
std::string_view NameOf(const std::pair<E, std::string_view> (&names)[N], E value) {
  for (const auto& [known, name] : names) {
    if (known == value) return name;
  }
  return "";
}

template <typename E, size_t N>
std::optional<E> FindNamed(const std::pair<E, std::string_view> (&names)[N],
                           std::string_view text) {
  for (const auto& [value, name] : names) {
    if (name == text) return value;
  }
  return std::nullopt;
}

// "a, b" for messages; an empty name is none to be given.
template <typename E, size_t N>
std::string NamesOf(const std::pair<E, std::string_view> (&names)[N]) {
  std::string all;
  for (const auto& [value, name] : names) {
    if (!name.empty()) all += (all.empty() ? "" : ", ") + std::string(name);
  }
  return all;
}

}  // namespace millwright
