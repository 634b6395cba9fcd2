#include "cli/table.h"

#include <algorithm>
#include <numeric>

#include "cli/terminal_text.h"

namespace millwright::cli {
namespace {

constexpr size_t kGap = 2;

size_t Total(const std::vector<size_t>& widths) {
  return std::accumulate(widths.begin(), widths.end(), (widths.size() - 1) * kGap);
}

// Takes cells from the widest names until the columns fit; returns whether they do.
bool Shrink(const std::vector<Column>& columns, size_t width_max, std::vector<size_t>* widths) {
  for (size_t total = Total(*widths); total > width_max;) {
    size_t* widest = nullptr;
    for (size_t i = 0; i < widths->size(); ++i) {
      size_t& width = (*widths)[i];
      if (columns[i].align == Column::Align::kLeft && width > kCellWidthMin &&
          (widest == nullptr || width > *widest))
        widest = &width;
    }
    if (widest == nullptr) return false;
    --*widest;
    --total;
  }
  return true;
}

std::string Line(const std::vector<Column>& columns, const std::vector<std::string>& cells,
                 const std::vector<size_t>& widths) {
  std::string line;
  for (size_t i = 0; i < widths.size() && i < cells.size(); ++i) {
    const bool is_number = columns[i].align == Column::Align::kRight;
    const std::string cell = is_number ? cells[i] : ShortenMiddle(cells[i], widths[i]);
    const size_t cell_width = DisplayWidth(cell);
    const std::string pad(widths[i] - std::min(widths[i], cell_width), ' ');
    if (i > 0) line.append(kGap, ' ');
    line += is_number ? pad + cell : cell + pad;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

}  // namespace

TableLayout LayOutTable(const std::vector<Column>& columns, const Rows& rows, size_t width_max) {
  TableLayout layout;
  if (columns.empty()) return layout;
  Rows lines(1);
  for (const auto& column : columns) lines[0].push_back(Printable(column.title));
  for (const auto& row : rows) {
    auto& line = lines.emplace_back();
    for (const auto& cell : row) line.push_back(Printable(cell));
  }
  std::vector<size_t> widths(columns.size(), 1);
  for (const auto& line : lines)
    for (size_t i = 0; i < line.size() && i < widths.size(); ++i)
      widths[i] = std::max(widths[i], DisplayWidth(line[i]));
  if (width_max > 0) {
    auto fitting = widths;
    while (!Shrink(columns, width_max, &fitting) && widths.size() > 1) {
      widths.pop_back();
      fitting = widths;
      ++layout.columns_left_out;
    }
    widths = fitting;
  }
  for (const auto& line : lines) layout.lines.push_back(Line(columns, line, widths));
  return layout;
}

}  // namespace millwright::cli
