#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace millwright::pipelines {

// A dotted name inside an expression: {"tasks", "train", "outputs", "version"}.
using Reference = std::vector<std::string>;

// Tells the value of a reference; an absent one is the empty text.
using Scope = std::function<std::string(const Reference&)>;

// What stands between ${{ and }}: references, 'texts', numbers, true, false, == != < <= > >=, !,
// &&,
// || and parentheses. All values are texts; two that are numbers are compared as numbers. A
// comparison gives "true" or "false"; "", "0" and "false" count as false.
class Expression {
 public:
  // Throws kInvalidArgument with the place inside the text.
  static Expression Parse(std::string_view text);

  Expression(Expression&&) noexcept;
  Expression& operator=(Expression&&) noexcept;
  ~Expression();

  // Throws kFailedPrecondition when < or > is asked of texts that are no numbers.
  std::string Evaluate(const Scope& scope) const;
  void VisitReferences(const std::function<void(const Reference&)>& visit) const;

 private:
  friend class ExpressionParser;
  struct Node;
  explicit Expression(std::unique_ptr<Node> root);

  std::unique_ptr<Node> root_;
};

bool IsTrue(std::string_view value);

// A text with expressions in it.
class Template {
 public:
  // Throws kInvalidArgument with the expression that cannot be read.
  static Template Parse(std::string_view text);

  // Puts the values in place.
  std::string Fill(const Scope& scope) const;
  // Puts references to environment variables in place and the values into `environment`: a shell
  // never parses a value, so that none can inject a command. Each is one word wherever it stands:
  // outside of quotes, in double or in single ones.
  std::string FillForShell(const Scope& scope,
                           std::map<std::string, std::string>* environment) const;
  void VisitReferences(const std::function<void(const Reference&)>& visit) const;
  // The single expression that is the whole text, or nullptr.
  const Expression* whole() const;

 private:
  // A literal text followed by an expression, which the last piece may lack.
  struct Piece {
    std::string text;
    std::unique_ptr<Expression> expression;
  };
  std::vector<Piece> pieces_;
};

}  // namespace millwright::pipelines
