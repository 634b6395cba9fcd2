#include "storage/search_lexer.h"

namespace millwright::storage {
namespace {

using Kind = SearchToken::Kind;

bool IsSpace(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}
bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
// Letters of other scripts are bytes above 127 in UTF-8.
bool IsNameStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool IsNamePart(char c) {
  return IsNameStart(c) || IsDigit(c);
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<SearchToken> Run() {
    std::vector<SearchToken> tokens;
    while (true) {
      while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
      if (at_ == text_.size()) return tokens;
      const size_t start = at_;
      const Kind kind = Next();
      tokens.push_back({kind, text_.substr(start, at_ - start)});
    }
  }

 private:
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  Kind Next() {
    const char c = Peek();
    if (c == '\'') return Quoted('\'') ? Kind::kString : Kind::kOther;
    if (c == '"') return Quoted('"') ? Kind::kString : Kind::kOther;
    if (c == '`' || IsNameStart(c)) return Name();
    if (IsDigit(c) || (c == '.' && IsDigit(Peek(1))) ||
        (c == '-' && (IsDigit(Peek(1)) || (Peek(1) == '.' && IsDigit(Peek(2)))))) {
      return Number();
    }
    ++at_;
    switch (c) {
      case '(':
        return Kind::kOpen;
      case ')':
        return Kind::kClose;
      case ',':
        return Kind::kComma;
      case '<':
        if (Peek() == '=' || Peek() == '>') ++at_;
        return Kind::kOperator;
      case '>':
      case '=':
        if (Peek() == '=') ++at_;
        return Kind::kOperator;
      case '!':
        if (Peek() != '=') return Kind::kOther;
        ++at_;
        return Kind::kOperator;
      case '-':
        if (Peek() == '-') ++at_;
        return Kind::kOther;
      default:
        return Kind::kOther;
    }
  }

  // Reads up to the closing quote; a doubled single quote belongs to the text. Without a closing
  // one only the quote itself is taken.
  bool Quoted(char quote) {
    for (size_t i = at_ + 1; i < text_.size(); ++i) {
      if (text_[i] != quote) continue;
      if (quote == '\'' && i + 1 < text_.size() && text_[i + 1] == quote) {
        ++i;
        continue;
      }
      at_ = i + 1;
      return true;
    }
    ++at_;
    return false;
  }

  // A name goes on over dots: tags.mlflow.source.name, metrics."odd key", params.`a b`.
  Kind Name() {
    if (Peek() == '`') {
      if (!Quoted('`')) return Kind::kOther;
    } else {
      while (IsNamePart(Peek())) ++at_;
    }
    while (Peek() == '.') {
      ++at_;
      if (Peek() == '`' || Peek() == '"') {
        if (!Quoted(Peek())) return Kind::kOther;
      } else {
        while (IsNamePart(Peek())) ++at_;
      }
    }
    return Kind::kName;
  }

  Kind Number() {
    if (Peek() == '-') ++at_;
    while (IsDigit(Peek())) ++at_;
    if (Peek() == '.') ++at_;
    while (IsDigit(Peek())) ++at_;
    const bool sign = Peek(1) == '-' || Peek(1) == '+';
    if ((Peek() == 'e' || Peek() == 'E') && IsDigit(Peek(sign ? 2 : 1))) {
      at_ += sign ? 2 : 1;
      while (IsDigit(Peek())) ++at_;
    }
    return Kind::kNumber;
  }

  std::string_view text_;
  size_t at_ = 0;
};

char Upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

}  // namespace

std::vector<SearchToken> SplitSearch(std::string_view text) {
  return Lexer(text).Run();
}

bool IsKeyword(std::string_view word, std::string_view keyword) {
  if (word.size() != keyword.size()) return false;
  for (size_t i = 0; i < word.size(); ++i) {
    if (Upper(word[i]) != keyword[i]) return false;
  }
  return true;
}

std::string_view Unquote(std::string_view text) {
  if (text.size() < 2 || text.front() != text.back()) return text;
  const char quote = text.front();
  if (quote != '\'' && quote != '"' && quote != '`') return text;
  return text.substr(1, text.size() - 2);
}

}  // namespace millwright::storage
