#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace millwright::cli {

// A column of a table of text. Left-aligned ones hold names, which are cut in the middle where room
// is short; right-aligned ones hold numbers, which are never cut; sentences go on in the next line.
struct Column {
  enum class Align { kLeft, kRight, kSentence };
  Column(const char* title) : title(title) {}
  Column(std::string title, Align align = Align::kLeft) : title(std::move(title)), align(align) {}
  std::string title;
  Align align = Align::kLeft;
};

using Rows = std::vector<std::vector<std::string>>;

struct TableLayout {
  std::vector<std::string> lines;  // the header first, none with spaces at its end
  size_t columns_left_out = 0;     // of the right, because the rest fills the width
};

inline constexpr size_t kCellWidthMin = 8;       // a name is not cut below this
inline constexpr size_t kSentenceWidthMin = 20;  // nor a sentence broken

// Lays out rows under a header in at most `width_max` cells; 0 is without limit. A row may have
// fewer cells than there are columns. Control characters in cells are escaped.
TableLayout LayOutTable(const std::vector<Column>& columns, const Rows& rows, size_t width_max);

}  // namespace millwright::cli
