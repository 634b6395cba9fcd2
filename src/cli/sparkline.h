#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace millwright::cli {

// Draws values as a line of block characters, "▂▃▅▇█▆", the least at the bottom and the greatest at
// the top, in at most `cells_max` cells (at least 1). Of more values each cell shows the mean of
// its share; a cell of NaN alone is a space, infinities stand at the top and the bottom without
// stretching the scale. Values that are all equal are drawn at half height.
std::string Sparkline(std::span<const double> values, size_t cells_max);

}  // namespace millwright::cli
