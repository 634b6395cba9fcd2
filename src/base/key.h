#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace millwright {

// Counts the characters of UTF-8; a byte that is no valid UTF-8 counts as one.
size_t CountCharacters(std::string_view utf8);

// Throws kInvalidArgument "'what' exceeds the maximum length of N characters".
void RequireLength(std::string_view what, std::string_view value, size_t characters_max);

// Tells at once that a key is one that RequireKey takes: no slash and no dot in front. Others may
// be right still.
bool IsPlainKey(std::string_view key);

// Checks a key of the users' own choice (a metric, param or tag): letters and digits of any script,
// "_-. :/", and stable as a relative path, because some stores make files of keys. Throws
// kInvalidArgument in MLflow's words; `parameter` names the key there.
void RequireKey(std::string_view key, std::string_view parameter);

}  // namespace millwright
