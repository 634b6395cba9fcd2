#include "cli/terminal_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <vector>

namespace millwright::cli {
namespace {

constexpr std::string_view kEllipsis = "…";

struct Character {
  char32_t code = 0;
  size_t bytes = 1;
  bool is_utf8 = true;
};

// Decodes the character at the start of a text that is not empty. Overlong forms are not told
// apart: nothing here depends on it.
Character FirstCharacter(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {lead, 1, true};
  const size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < bytes) return {lead, 1, false};
  char32_t code = lead & (0xFFU >> (bytes + 1));
  for (size_t i = 1; i < bytes; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0) != 0x80) return {lead, 1, false};
    code = code << 6 | (next & 0x3F);
  }
  return {code, bytes, true};
}

struct Range {
  char32_t first;
  char32_t last;
};
constexpr Range kZeroWidth[] = {{0x300, 0x36F},   {0x483, 0x489},   {0x591, 0x5BD},
                                {0x610, 0x61A},   {0x64B, 0x65F},   {0x1AB0, 0x1AFF},
                                {0x1DC0, 0x1DFF}, {0x200B, 0x200F}, {0x20D0, 0x20FF},
                                {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}};
constexpr Range kTwoWide[] = {{0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0xA4CF},
                              {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},
                              {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},   {0x1F300, 0x1F64F},
                              {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};
// Overrides and isolates of the direction, and the separators of lines and paragraphs.
constexpr Range kDirections[] = {{0x202A, 0x202E}, {0x2066, 0x2069}, {0x2028, 0x2029}};

template <size_t N>
bool IsIn(char32_t code, const Range (&ranges)[N]) {
  return std::any_of(std::begin(ranges), std::end(ranges),
                     [&](const Range& range) { return code >= range.first && code <= range.last; });
}

size_t WidthOf(const Character& character) {
  if (!character.is_utf8) return 1;
  if (IsIn(character.code, kZeroWidth)) return 0;
  return IsIn(character.code, kTwoWide) ? 2 : 1;
}

}  // namespace

size_t DisplayWidth(std::string_view text) {
  size_t width = 0;
  while (!text.empty()) {
    const Character character = FirstCharacter(text);
    width += WidthOf(character);
    text.remove_prefix(character.bytes);
  }
  return width;
}

std::string ShortenMiddle(std::string_view text, size_t cells) {
  if (DisplayWidth(text) <= cells) return std::string(text);
  // The end of a name tells more than its middle; the start gets the odd cell.
  const size_t tail_cells = (cells - 1) / 2;
  const size_t head_cells = cells - 1 - tail_cells;
  std::vector<std::pair<std::string_view, size_t>> characters;
  for (std::string_view rest = text; !rest.empty();) {
    const Character character = FirstCharacter(rest);
    characters.emplace_back(rest.substr(0, character.bytes), WidthOf(character));
    rest.remove_prefix(character.bytes);
  }
  std::string head;
  size_t width = 0;
  for (const auto& [bytes, cells_of_one] : characters) {
    if ((width += cells_of_one) > head_cells) break;
    head += bytes;
  }
  size_t from = characters.size();
  for (width = 0; from > 0 && width + characters[from - 1].second <= tail_cells; --from)
    width += characters[from - 1].second;
  std::string tail;
  for (; from < characters.size(); ++from) tail += characters[from].first;
  return head + std::string(kEllipsis) + tail;
}

std::vector<std::string> BreakLines(std::string_view text, size_t cells) {
  std::vector<std::string> lines;
  while (DisplayWidth(text) > cells) {
    size_t fitting = 0;  // bytes
    size_t space = std::string_view::npos;
    for (size_t width = 0; fitting < text.size();) {
      const Character character = FirstCharacter(text.substr(fitting));
      if (character.code == ' ') space = fitting;
      if ((width += WidthOf(character)) > cells) break;
      fitting += character.bytes;
    }
    // A single character may be wider than the line.
    if (fitting == 0) fitting = FirstCharacter(text).bytes;
    const bool at_space = space != std::string_view::npos && space > 0;
    lines.emplace_back(text.substr(0, at_space ? space : fitting));
    text.remove_prefix(at_space ? space + 1 : fitting);
  }
  if (!text.empty() || lines.empty()) lines.emplace_back(text);
  return lines;
}

std::string Printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Character character = FirstCharacter(text);
    const char32_t code = character.code;
    if (code == '\n') {
      out += "\\n";
    } else if (code == '\r') {
      out += "\\r";
    } else if (code == '\t') {
      out += "\\t";
    } else if (!character.is_utf8 || code < 0x20 || (code >= 0x7F && code < 0xA0)) {
      out += fmt::format("\\x{:02x}", static_cast<uint32_t>(code));
    } else if (IsIn(code, kDirections)) {
      out += fmt::format("\\u{:04x}", static_cast<uint32_t>(code));
    } else {
      out += text.substr(0, character.bytes);
    }
    text.remove_prefix(character.bytes);
  }
  return out;
}

}  // namespace millwright::cli
