#include "cli/table.h"

#include <gtest/gtest.h>

#include "cli/terminal_text.h"

namespace millwright::cli {
namespace {

using Lines = std::vector<std::string>;
constexpr auto kRight = Column::Align::kRight;

TEST(Table, PadsNamesOnTheRightAndNumbersOnTheLeft) {
  const auto layout =
      LayOutTable({"RUN", {"AUC", kRight}, "NOTE"}, {{"a", "0.5", "x"}, {"long", "12.25", ""}}, 0);
  EXPECT_EQ(layout.lines, (Lines{"RUN     AUC  NOTE", "a       0.5  x", "long  12.25"}));
  EXPECT_EQ(layout.columns_left_out, 0U);
}

TEST(Table, CutsTheWidestNamesInTheMiddleUntilItFits) {
  const auto layout = LayOutTable({"A", "B", {"N", kRight}},
                                  {{"abcdefghijklmnopqrst", "0123456789", "1234567"}}, 30);
  EXPECT_EQ(layout.lines[1], "abcd…qrst  0123456789  1234567");
}

TEST(Table, GoesOnWithSentencesInTheNextLine) {
  const auto layout = LayOutTable(
      {"A", {"WHAT", Column::Align::kSentence}, {"WHY", Column::Align::kSentence}},
      {{"1", "version 3 went from None to Production", "agreed"}, {"2", "short", ""}}, 32);
  EXPECT_EQ(layout.lines,
            (Lines{"A  WHAT                   WHY", "1  version 3 went from    agreed",
                   "   None to Production", "2  short"}));
}

TEST(Table, LeavesOutColumnsThatDoNotFitWhenNamesAreShort) {
  const auto layout = LayOutTable({"RUN", {"A", kRight}, {"B", kRight}, {"C", kRight}},
                                  {{"abcdefghijkl", "1234567", "1234567", "1234567"}}, 26);
  EXPECT_EQ(layout.columns_left_out, 1U);
  EXPECT_EQ(layout.lines[1], "abcd…jkl  1234567  1234567");
}

TEST(Table, KeepsTheFirstColumnInATerminalOfAnyWidth) {
  const auto layout = LayOutTable({"RUN", "NAME"}, {{"abcdefghijkl", "b"}}, 1);
  EXPECT_EQ(layout.lines[1], "abcd…jkl");
}

TEST(Table, BearsRowsWithFewerAndMoreCellsThanColumns) {
  const auto layout = LayOutTable({"A", "B"}, {{"1"}, {}, {"1", "2", "3"}}, 80);
  EXPECT_EQ(layout.lines, (Lines{"A  B", "1", "", "1  2"}));
}

TEST(Table, EscapesWhatWouldSteerTheTerminal) {
  EXPECT_EQ(LayOutTable({"A"}, {{"\x1b[31mred\n"}}, 0).lines[1], "\\x1b[31mred\\n");
  EXPECT_EQ(Printable("a\tb\r\x7f\xff\u202e\u0085"), "a\\tb\\r\\x7f\\xff\\u202e\\x85");
  EXPECT_EQ(Printable("Größe 模型 🎯"), "Größe 模型 🎯");
}

TEST(TerminalText, CountsCellsNotBytes) {
  EXPECT_EQ(DisplayWidth("Größe"), 5U);
  EXPECT_EQ(DisplayWidth("模型"), 4U);
  EXPECT_EQ(DisplayWidth("🎯"), 2U);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1U);
  EXPECT_EQ(DisplayWidth("\xe6\xa8"), 2U);  // broken off: a cell a byte
}

TEST(TerminalText, BreaksLinesBetweenWords) {
  EXPECT_EQ(BreakLines("one two three", 7), (Lines{"one two", "three"}));
  EXPECT_EQ(BreakLines("a longerthanten b", 6), (Lines{"a", "longer", "thante", "n b"}));
  EXPECT_EQ(BreakLines("模型模型", 5), (Lines{"模型", "模型"}));
  EXPECT_EQ(BreakLines("", 5), (Lines{""}));
}

TEST(TerminalText, CutsBetweenWholeCharacters) {
  EXPECT_EQ(ShortenMiddle("validation", 7), "val…ion");
  EXPECT_EQ(ShortenMiddle("validation", 10), "validation");
  EXPECT_EQ(ShortenMiddle("validation", 1), "…");
  EXPECT_EQ(ShortenMiddle("模型模型模型", 6), "模…型");
}

}  // namespace
}  // namespace millwright::cli
