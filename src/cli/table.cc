#include "cli/table.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "cli/terminal_text.h"

namespace millwright::cli {
namespace {

constexpr size_t kGap = 2;

size_t Total(const std::vector<size_t>& widths) {
  return std::accumulate(widths.begin(), widths.end(), (widths.size() - 1) * kGap);
}

size_t WidthMin(const Column& column) {
  switch (column.align) {
    case Column::Align::kRight:
      return std::numeric_limits<size_t>::max();
    case Column::Align::kSentence:
      return kSentenceWidthMin;
    default:
      return kCellWidthMin;
  }
}

// Takes cells from the widest names until the columns fit; returns whether they do.
bool Shrink(const std::vector<Column>& columns, size_t width_max, std::vector<size_t>* widths) {
  for (size_t total = Total(*widths); total > width_max;) {
    size_t* widest = nullptr;
    for (size_t i = 0; i < widths->size(); ++i) {
      size_t& width = (*widths)[i];
      if (width > WidthMin(columns[i]) && (widest == nullptr || width > *widest)) widest = &width;
    }
    if (widest == nullptr) return false;
    --*widest;
    --total;
  }
  return true;
}

// A row whose sentences are broken into as many lines as the longest of them takes.
Rows Broken(const std::vector<Column>& columns, const std::vector<std::string>& cells,
            const std::vector<size_t>& widths) {
  Rows lines = {cells};
  for (size_t i = 0; i < widths.size() && i < cells.size(); ++i) {
    if (columns[i].align != Column::Align::kSentence) continue;
    const auto parts = BreakLines(cells[i], widths[i]);
    while (lines.size() < parts.size()) lines.emplace_back(cells.size());
    for (size_t line = 0; line < parts.size(); ++line) lines[line][i] = parts[line];
  }
  return lines;
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
  for (const auto& row : lines) {
    for (const auto& line : Broken(columns, row, widths)) {
      layout.lines.push_back(Line(columns, line, widths));
    }
  }
  return layout;
}

}  // namespace millwright::cli
