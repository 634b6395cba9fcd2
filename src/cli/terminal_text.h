#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace millwright::cli {

// How many cells of a terminal a UTF-8 text takes: East Asian letters and emoji take two, combining
// marks none, a byte that is not UTF-8 one.
size_t DisplayWidth(std::string_view text);

// Cuts the middle out of a text that is wider than `cells` (at least 1): "train…loss". Whole
// characters are kept.
std::string ShortenMiddle(std::string_view text, size_t cells);

// Breaks a text into lines of at most `cells` (at least 1), between words where it can; never
// empty.
std::vector<std::string> BreakLines(std::string_view text, size_t cells);

// Escapes what would move the cursor, change colours or turn the direction of the line: names and
// values come from whoever logs. "a\nb" for a line feed, "\x1b" for escape, "\u202e" for overrides.
std::string Printable(std::string_view text);

}  // namespace millwright::cli
