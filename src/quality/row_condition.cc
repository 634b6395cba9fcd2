#include "quality/row_condition.h"

#include <cctype>
#include <optional>

#include "base/error.h"

namespace millwright::quality {
namespace {

using analytics::Column;

// A recursive descent over the text; each level of the grammar returns finished SQL.
class Parser {
 public:
  Parser(std::string_view text, const std::vector<Column>& columns)
      : text_(text), columns_(columns) {}

  std::string ParseWhole() {
    std::string sql = ParseOr();
    SkipBlanks();
    if (at_ != text_.size()) Fail("unexpected text");
    return sql;
  }

 private:
  [[noreturn]] void Fail(std::string_view what) const {
    throw InvalidArgument("row_condition: {} at position {}: {}", what, at_, text_)
        .WithField("row_condition");
  }

  void SkipBlanks() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }

  static bool IsNameByte(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80);
  }

  bool Take(std::string_view token) {
    SkipBlanks();
    if (text_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }

  bool TakeWord(std::string_view word) {
    SkipBlanks();
    if (text_.substr(at_, word.size()) != word) return false;
    const size_t end = at_ + word.size();
    if (end < text_.size() && IsNameByte(text_[end])) return false;
    at_ = end;
    return true;
  }

  std::string ParseOr() {
    if (++depth_ > kRowConditionDepthMax) Fail("nested too deeply");
    std::string sql = ParseAnd();
    while (TakeWord("or") || Take("|")) sql = "(" + sql + " OR " + ParseAnd() + ")";
    --depth_;
    return sql;
  }

  std::string ParseAnd() {
    std::string sql = ParseNot();
    while (TakeWord("and") || Take("&")) sql = "(" + sql + " AND " + ParseNot() + ")";
    return sql;
  }

  std::string ParseNot() {
    if (++depth_ > kRowConditionDepthMax) Fail("nested too deeply");
    const bool negated = TakeWord("not") || Take("~");
    std::string sql = negated ? "(NOT " + ParseNot() + ")" : ParseComparison();
    --depth_;
    return sql;
  }

  std::string ParseComparison() {
    if (Take("(")) {
      std::string sql = ParseOr();
      if (!Take(")")) Fail("missing )");
      return sql;
    }
    const std::string left = ParseOperand();
    if (std::optional<std::string> sql = ParseMethod(left)) return *sql;
    if (TakeWord("not")) {
      if (!TakeWord("in")) Fail("expected in");
      return "(NOT coalesce(" + left + " IN " + ParseList() + ", FALSE))";
    }
    if (TakeWord("in")) return "coalesce(" + left + " IN " + ParseList() + ", FALSE)";
    for (const auto& [token, sql] : kComparisons) {
      if (!Take(token)) continue;
      const std::string right = ParseOperand();
      if (token == "!=") return "(" + left + " IS DISTINCT FROM " + right + ")";
      return "coalesce(" + left + " " + std::string(sql) + " " + right + ", FALSE)";
    }
    Fail("expected a comparison");
  }

  std::optional<std::string> ParseMethod(const std::string& operand) {
    if (!Take(".")) return std::nullopt;
    for (std::string_view name : {"isnull", "isna", "isNull"}) {
      if (TakeWord(name)) return Called("(" + operand + " IS NULL)");
    }
    for (std::string_view name : {"notnull", "notna", "notNull"}) {
      if (TakeWord(name)) return Called("(" + operand + " IS NOT NULL)");
    }
    Fail("unknown method");
  }

  std::string Called(std::string sql) {
    if (!Take("(") || !Take(")")) Fail("expected ()");
    return sql;
  }

  std::string ParseList() {
    const bool square = Take("[");
    if (!square && !Take("(")) Fail("expected a list");
    std::string sql = "(";
    do {
      if (sql.size() > 1) sql += ", ";
      sql += ParseOperand();
    } while (Take(","));
    if (!Take(square ? "]" : ")")) Fail("unclosed list");
    return sql + ")";
  }

  std::string ParseOperand() {
    SkipBlanks();
    if (at_ >= text_.size()) Fail("expected a column or a value");
    const char first = text_[at_];
    if (first == '"' || first == '\'') return analytics::QuoteText(ParseQuoted(first));
    if (first == '`') return ColumnSql(ParseQuoted(first));
    if (std::isdigit(static_cast<unsigned char>(first)) || first == '-' || first == '.') {
      return ParseNumber();
    }
    return ParseWordOperand();
  }

  std::string ParseWordOperand() {
    const size_t start = at_;
    while (at_ < text_.size() && IsNameByte(text_[at_])) ++at_;
    const std::string word(text_.substr(start, at_ - start));
    if (word.empty()) Fail("expected a column or a value");
    if (word == "True" || word == "true") return "TRUE";
    if (word == "False" || word == "false") return "FALSE";
    if (word == "col" && Take("(")) {
      SkipBlanks();
      if (at_ >= text_.size() || (text_[at_] != '"' && text_[at_] != '\'')) Fail("expected a name");
      const std::string name = ParseQuoted(text_[at_]);
      if (!Take(")")) Fail("missing )");
      return ColumnSql(name);
    }
    return ColumnSql(word);
  }

  std::string ParseQuoted(char quote) {
    std::string value;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == quote) {
        ++at_;
        return value;
      }
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      value += text_[at_];
    }
    Fail("unclosed quote");
  }

  std::string ParseNumber() {
    const size_t start = at_;
    if (text_[at_] == '-') ++at_;
    bool digits = false;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      const bool exponent = (c == 'e' || c == 'E') && digits;
      const bool sign = (c == '-' || c == '+') && (text_[at_ - 1] == 'e' || text_[at_ - 1] == 'E');
      if (!std::isdigit(static_cast<unsigned char>(c)) && c != '.' && !exponent && !sign) break;
      digits |= std::isdigit(static_cast<unsigned char>(c)) != 0;
      ++at_;
    }
    if (!digits) Fail("expected a number");
    return std::string(text_.substr(start, at_ - start));
  }

  std::string ColumnSql(const std::string& name) const {
    for (const Column& column : columns_) {
      if (column.name == name) return analytics::QuoteName(name);
    }
    throw InvalidArgument("row_condition names a column that does not exist: {}", name)
        .WithField("row_condition");
  }

  static constexpr std::pair<std::string_view, std::string_view> kComparisons[] = {
      {"==", "="}, {"!=", ""}, {"<=", "<="}, {">=", ">="}, {"<", "<"}, {">", ">"}};

  std::string_view text_;
  const std::vector<Column>& columns_;
  size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

std::string RowConditionSql(std::string_view condition, const std::vector<Column>& columns) {
  if (condition.size() > kRowConditionBytesMax) {
    throw InvalidArgument("row_condition is longer than {} bytes", kRowConditionBytesMax)
        .WithField("row_condition");
  }
  return Parser(condition, columns).ParseWhole();
}

}  // namespace millwright::quality
