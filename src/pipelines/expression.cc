#include "pipelines/expression.h"

#include <charconv>
#include <optional>

#include "base/error.h"

namespace millwright::pipelines {
namespace {

constexpr std::string_view kOpen = "${{";
constexpr std::string_view kClose = "}}";
// Parentheses and negations nested deeper than this are refused.
constexpr int kDepthMax = 64;

std::optional<double> NumberIn(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool StartsName(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool IsNamePart(char c) {
  return StartsName(c) || (c >= '0' && c <= '9') || c == '-';
}

}  // namespace

bool IsTrue(std::string_view value) {
  return !value.empty() && value != "0" && value != "false";
}

struct Expression::Node {
  enum class Kind { kText, kReference, kNot, kAnd, kOr, kEqual, kUnequal, kLess, kLessEqual };
  Kind kind = Kind::kText;
  std::string text;
  Reference reference;
  std::unique_ptr<Node> left, right;
};

// Reads by recursive descent: or → and → comparison → unary → primary.
class ExpressionParser {
 public:
  using Node = Expression::Node;
  using Pointer = std::unique_ptr<Node>;

  explicit ExpressionParser(std::string_view text) : text_(text) {}

  Expression ParseAll() {
    Pointer root = ParseOr(0);
    SkipBlanks();
    if (at_ != text_.size()) Fail("an operator is expected");
    return Expression(std::move(root));
  }

 private:
  [[noreturn]] void Fail(std::string_view why) const {
    throw InvalidArgument("Cannot read the expression \"{}\": {} at character {}", text_, why,
                          at_ + 1);
  }

  void SkipBlanks() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != text_.npos) ++at_;
  }

  bool Take(std::string_view token) {
    SkipBlanks();
    if (text_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }

  static Pointer Join(Node::Kind kind, Pointer left, Pointer right) {
    auto node = std::make_unique<Node>();
    node->kind = kind;
    node->left = std::move(left);
    node->right = std::move(right);
    return node;
  }

  Pointer ParseOr(int depth) {
    if (depth > kDepthMax) Fail("it is nested too deeply");
    Pointer left = ParseAnd(depth);
    while (Take("||")) left = Join(Node::Kind::kOr, std::move(left), ParseAnd(depth));
    return left;
  }

  Pointer ParseAnd(int depth) {
    Pointer left = ParseComparison(depth);
    while (Take("&&")) left = Join(Node::Kind::kAnd, std::move(left), ParseComparison(depth));
    return left;
  }

  Pointer ParseComparison(int depth) {
    Pointer left = ParseUnary(depth);
    if (Take("==")) return Join(Node::Kind::kEqual, std::move(left), ParseUnary(depth));
    if (Take("!=")) return Join(Node::Kind::kUnequal, std::move(left), ParseUnary(depth));
    if (Take("<=")) return Join(Node::Kind::kLessEqual, std::move(left), ParseUnary(depth));
    if (Take("<")) return Join(Node::Kind::kLess, std::move(left), ParseUnary(depth));
    // a > b is b < a.
    if (Take(">=")) return Join(Node::Kind::kLessEqual, ParseUnary(depth), std::move(left));
    if (Take(">")) return Join(Node::Kind::kLess, ParseUnary(depth), std::move(left));
    return left;
  }

  Pointer ParseUnary(int depth) {
    if (depth > kDepthMax) Fail("it is nested too deeply");
    SkipBlanks();
    if (text_.substr(at_, 2) != "!=" && Take("!")) {
      return Join(Node::Kind::kNot, ParseUnary(depth + 1), nullptr);
    }
    if (Take("(")) {
      Pointer inner = ParseOr(depth + 1);
      if (!Take(")")) Fail("\")\" is expected");
      return inner;
    }
    return ParsePrimary();
  }

  Pointer ParsePrimary() {
    SkipBlanks();
    if (at_ == text_.size()) Fail("a value is expected");
    auto node = std::make_unique<Node>();
    const char first = text_[at_];
    if (first == '\'' || first == '"') {
      const size_t end = text_.find(first, at_ + 1);
      if (end == text_.npos) Fail("the text is not closed");
      node->text = text_.substr(at_ + 1, end - at_ - 1);
      at_ = end + 1;
    } else if (StartsName(first)) {
      ReadReference(node.get());
    } else {
      ReadNumber(node.get());
    }
    return node;
  }

  void ReadReference(Node* node) {
    do {
      const size_t start = at_;
      if (at_ < text_.size() && StartsName(text_[at_])) {
        while (at_ < text_.size() && IsNamePart(text_[at_])) ++at_;
      }
      if (at_ == start) Fail("a name is expected");
      node->reference.emplace_back(text_.substr(start, at_ - start));
    } while (at_ < text_.size() && text_[at_] == '.' && ++at_);
    if (node->reference == Reference{"true"} || node->reference == Reference{"false"}) {
      node->text = node->reference[0];
    } else {
      node->kind = Node::Kind::kReference;
    }
  }

  void ReadNumber(Node* node) {
    const size_t start = at_;
    while (at_ < text_.size() &&
           std::string_view("+-.0123456789eE").find(text_[at_]) != std::string_view::npos) {
      ++at_;
    }
    node->text = text_.substr(start, at_ - start);
    if (!NumberIn(node->text)) {
      at_ = start;
      Fail("a value is expected");
    }
  }

  const std::string_view text_;
  size_t at_ = 0;
};

namespace {

bool Less(const std::string& left, const std::string& right, bool or_equal) {
  const auto a = NumberIn(left), b = NumberIn(right);
  if (!a || !b) {
    throw FailedPrecondition("Only numbers can be compared by size: \"{}\", \"{}\"", left, right);
  }
  return or_equal ? *a <= *b : *a < *b;
}

bool Equal(const std::string& left, const std::string& right) {
  const auto a = NumberIn(left), b = NumberIn(right);
  return a && b ? *a == *b : left == right;
}

}  // namespace

Expression::Expression(std::unique_ptr<Node> root) : root_(std::move(root)) {}
Expression::Expression(Expression&&) noexcept = default;
Expression& Expression::operator=(Expression&&) noexcept = default;
Expression::~Expression() = default;

Expression Expression::Parse(std::string_view text) {
  return ExpressionParser(text).ParseAll();
}

std::string Expression::Evaluate(const Scope& scope) const {
  const std::function<std::string(const Node&)> value = [&](const Node& node) -> std::string {
    const auto truth = [](bool is) { return std::string(is ? "true" : "false"); };
    switch (node.kind) {
      case Node::Kind::kText:
        return node.text;
      case Node::Kind::kReference:
        return scope(node.reference);
      case Node::Kind::kNot:
        return truth(!IsTrue(value(*node.left)));
      case Node::Kind::kAnd:
        return truth(IsTrue(value(*node.left)) && IsTrue(value(*node.right)));
      case Node::Kind::kOr:
        return truth(IsTrue(value(*node.left)) || IsTrue(value(*node.right)));
      case Node::Kind::kEqual:
        return truth(Equal(value(*node.left), value(*node.right)));
      case Node::Kind::kUnequal:
        return truth(!Equal(value(*node.left), value(*node.right)));
      case Node::Kind::kLess:
        return truth(Less(value(*node.left), value(*node.right), false));
      case Node::Kind::kLessEqual:
        return truth(Less(value(*node.left), value(*node.right), true));
    }
    return "";
  };
  return value(*root_);
}

void Expression::VisitReferences(const std::function<void(const Reference&)>& visit) const {
  const std::function<void(const Node&)> walk = [&](const Node& node) {
    if (node.kind == Node::Kind::kReference) visit(node.reference);
    if (node.left) walk(*node.left);
    if (node.right) walk(*node.right);
  };
  walk(*root_);
}

Template Template::Parse(std::string_view text) {
  Template parsed;
  while (!text.empty()) {
    const size_t open = text.find(kOpen);
    if (open == text.npos) {
      parsed.pieces_.push_back({std::string(text), nullptr});
      break;
    }
    const size_t close = text.find(kClose, open);
    if (close == text.npos) {
      throw InvalidArgument("\"${{{{\" without \"}}}}\": {}", text.substr(open, 40));
    }
    const size_t inner = open + kOpen.size();
    parsed.pieces_.push_back(
        {std::string(text.substr(0, open)),
         std::make_unique<Expression>(Expression::Parse(text.substr(inner, close - inner)))});
    text.remove_prefix(close + kClose.size());
  }
  return parsed;
}

std::string Template::Fill(const Scope& scope) const {
  std::string filled;
  for (const Piece& piece : pieces_) {
    filled += piece.text;
    if (piece.expression) filled += piece.expression->Evaluate(scope);
  }
  return filled;
}

std::string Template::FillForShell(const Scope& scope,
                                   std::map<std::string, std::string>* environment) const {
  std::string filled;
  char quote = 0;  // the one that is open: ', " or none
  int count = 0;
  for (const Piece& piece : pieces_) {
    for (size_t i = 0; i < piece.text.size(); ++i) {
      const char c = piece.text[i];
      if (c == '\\' && quote != '\'') {
        ++i;  // the next character is literal
      } else if (c == quote) {
        quote = 0;
      } else if (quote == 0 && (c == '\'' || c == '"')) {
        quote = c;
      }
    }
    filled += piece.text;
    if (!piece.expression) continue;
    const std::string name = "MILLWRIGHT_VALUE_" + std::to_string(++count);
    (*environment)[name] = piece.expression->Evaluate(scope);
    const std::string use = "${" + name + "}";
    if (quote == '"') {
      filled += use;
    } else if (quote == '\'') {
      filled += "'\"" + use + "\"'";
    } else {
      filled += "\"" + use + "\"";
    }
  }
  return filled;
}

void Template::VisitReferences(const std::function<void(const Reference&)>& visit) const {
  for (const Piece& piece : pieces_) {
    if (piece.expression) piece.expression->VisitReferences(visit);
  }
}

const Expression* Template::whole() const {
  return pieces_.size() == 1 && pieces_[0].text.empty() ? pieces_[0].expression.get() : nullptr;
}

}  // namespace millwright::pipelines
