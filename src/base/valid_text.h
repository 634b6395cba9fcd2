#pragma once

#include <string>
#include <string_view>

namespace millwright {

// Makes text that a database takes of bytes that should be UTF-8: what is not, and NUL, becomes the
// replacement character U+FFFD.
std::string ValidText(std::string_view bytes);

}  // namespace millwright
