#include <charconv>
#include <cmath>
#include <limits>

#include "alerts/expression.h"
#include "base/error.h"
#include "base/option.h"

namespace millwright::alerts {
namespace {

using NodePtr = std::shared_ptr<const Node>;

struct FunctionRow {
  std::string_view name;
  Function function;
  int arguments;
  int range_at;  // which argument is a range; -1: none
};
constexpr FunctionRow kFunctions[] = {
    {"rate", Function::kRate, 1, 0},
    {"increase", Function::kIncrease, 1, 0},
    {"delta", Function::kDelta, 1, 0},
    {"avg_over_time", Function::kAvg, 1, 0},
    {"min_over_time", Function::kMin, 1, 0},
    {"max_over_time", Function::kMax, 1, 0},
    {"sum_over_time", Function::kSum, 1, 0},
    {"count_over_time", Function::kCount, 1, 0},
    {"last_over_time", Function::kLast, 1, 0},
    {"quantile_over_time", Function::kQuantile, 2, 1},
    {"histogram_quantile", Function::kHistogram, 2, -1},
    {"abs", Function::kAbs, 1, -1},
    {"time", Function::kTime, 0, -1},
    {"absent", Function::kAbsent, 1, -1},
};

struct AggregateRow {
  std::string_view name;
  Aggregate aggregate;
};
constexpr AggregateRow kAggregates[] = {{"sum", Aggregate::kSum},
                                        {"avg", Aggregate::kAvg},
                                        {"min", Aggregate::kMin},
                                        {"max", Aggregate::kMax},
                                        {"count", Aggregate::kCount}};

struct OperatorRow {
  std::string_view sign;
  Operator op;
  int level;  // a higher one binds closer
};
// The longer sign first where one begins another.
constexpr OperatorRow kOperators[] = {
    {"or", Operator::kOr, 1}, {"and", Operator::kAnd, 2}, {"unless", Operator::kUnless, 2},
    {"==", Operator::kEq, 3}, {"!=", Operator::kNe, 3},   {">=", Operator::kGe, 3},
    {"<=", Operator::kLe, 3}, {">", Operator::kGt, 3},    {"<", Operator::kLt, 3},
    {"+", Operator::kAdd, 4}, {"-", Operator::kSub, 4},   {"*", Operator::kMul, 5},
    {"/", Operator::kDiv, 5},
};
constexpr int kUnaryLevel = 5;

bool IsSetOperator(Operator op) {
  return op == Operator::kOr || op == Operator::kAnd || op == Operator::kUnless;
}

bool IsScalar(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNumber:
      return true;
    case Node::Kind::kFunction:
      return node.function == Function::kTime;
    case Node::Kind::kBinary:
      return IsScalar(*node.arguments[0]) && IsScalar(*node.arguments[1]);
    default:
      return false;
  }
}

bool IsNameStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
}
bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  NodePtr ParseAll() {
    NodePtr root = ParseBinary(1);
    Skip();
    if (at_ != text_.size()) Refuse("nothing more was expected");
    if (root->kind == Node::Kind::kSelector && root->range_ms > 0)
      Refuse("a range needs a function around it, such as rate(…) or max_over_time(…)");
    return root;
  }

 private:
  [[noreturn]] void Refuse(const std::string& what) const {
    throw InvalidArgument("at {}: {}", at_ + 1, what).WithField("expr");
  }

  void Skip() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r'))
      ++at_;
  }
  char Peek() {
    Skip();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool Take(char c) {
    if (Peek() != c) return false;
    ++at_;
    return true;
  }
  void Expect(char c) {
    if (!Take(c)) Refuse(fmt::format("'{}' was expected", c));
  }
  std::string_view PeekWord() {
    Skip();
    size_t end = at_;
    if (end < text_.size() && IsNameStart(text_[end]))
      while (end < text_.size() && (IsNameStart(text_[end]) || IsDigit(text_[end]))) ++end;
    return text_.substr(at_, end - at_);
  }

  const OperatorRow* PeekOperator() {
    const std::string_view word = PeekWord();
    for (const OperatorRow& row : kOperators) {
      const bool is_word = IsNameStart(row.sign.front());
      if (is_word ? word == row.sign : text_.substr(at_).starts_with(row.sign)) return &row;
    }
    return nullptr;
  }

  NodePtr ParseBinary(int level) {
    if (++depth_ > kExpressionDepthMax) Refuse("the expression is nested too deeply");
    NodePtr left = ParseUnary();
    for (;;) {
      const OperatorRow* row = PeekOperator();
      if (row == nullptr || row->level < level) break;
      at_ += row->sign.size();
      auto node = std::make_shared<Node>();
      node->kind = Node::Kind::kBinary;
      node->op = row->op;
      const std::string_view word = PeekWord();
      if (word == "bool") Refuse("bool is not supported: a comparison filters");
      if (word == "on" || word == "ignoring") {
        at_ += word.size();
        node->listed = true;
        node->excluded = word == "ignoring";
        node->grouping = ParseNames();
        const std::string_view next = PeekWord();
        if (next == "group_left" || next == "group_right")
          Refuse("group_left and group_right are not supported: series are matched one to one");
      }
      NodePtr right = ParseBinary(row->level + 1);
      if (IsSetOperator(row->op) && (IsScalar(*left) || IsScalar(*right)))
        Refuse("and, or and unless stand between series, not numbers");
      node->arguments = {RequireInstant(std::move(left)), RequireInstant(std::move(right))};
      left = std::move(node);
    }
    --depth_;
    return left;
  }

  NodePtr ParseUnary() {
    if (Take('-')) {
      auto zero = std::make_shared<Node>();
      auto node = std::make_shared<Node>();
      node->kind = Node::Kind::kBinary;
      node->op = Operator::kSub;
      node->arguments = {zero, RequireInstant(ParseBinary(kUnaryLevel))};
      return node;
    }
    if (Take('(')) {
      NodePtr inner = ParseBinary(1);
      Expect(')');
      return inner;
    }
    const char c = Peek();
    if (IsDigit(c) || c == '.') return ParseNumber();
    if (IsNameStart(c)) return ParseWord();
    if (c == '{') Refuse("a series is asked for by its name");
    Refuse(c == '\0' ? "something is missing at the end"
                     : "a series, a function or a number was expected");
  }

  NodePtr ParseNumber() {
    auto node = std::make_shared<Node>();
    const auto [end, error] =
        std::from_chars(text_.data() + at_, text_.data() + text_.size(), node->number);
    if (error != std::errc()) Refuse("not a number");
    at_ = static_cast<size_t>(end - text_.data());
    return node;
  }

  NodePtr ParseWord() {
    const std::string_view word = PeekWord();
    const size_t start = at_;
    at_ += word.size();
    for (const AggregateRow& row : kAggregates) {
      const char next = Peek();
      const std::string_view next_word = PeekWord();
      if (word == row.name && (next == '(' || next_word == "by" || next_word == "without"))
        return ParseAggregate(row.aggregate);
    }
    if (Peek() == '(') {
      for (const FunctionRow& row : kFunctions)
        if (word == row.name) return ParseFunction(row);
      at_ = start;
      std::vector<std::string_view> known;
      for (const FunctionRow& row : kFunctions) known.push_back(row.name);
      for (const AggregateRow& row : kAggregates) known.push_back(row.name);
      const std::string nearest = NearestName(word, known);
      Refuse(fmt::format("there is no function {}{}", word,
                         nearest.empty() ? "" : "; did you mean " + nearest + "?"));
    }
    return ParseSelector(word);
  }

  NodePtr ParseSelector(std::string_view name) {
    auto node = std::make_shared<Node>();
    node->kind = Node::Kind::kSelector;
    node->name = std::string(name);
    if (Take('{')) {
      while (!Take('}')) {
        node->matchers.push_back(ParseMatcherHere());
        if (!Take(',') && Peek() != '}') Refuse("',' or '}' was expected");
      }
    }
    if (Take('[')) {
      node->range_ms = ParseDurationHere();
      Expect(']');
      if (node->range_ms <= 0 || node->range_ms > kRangeMsMax)
        Refuse("a range is longer than 0 and at most " + DurationText(kRangeMsMax));
    }
    if (PeekWord() == "offset") {
      at_ += 6;
      node->offset_ms = ParseDurationHere();
      if (node->offset_ms + node->range_ms > kRangeMsMax)
        Refuse("a rule looks back at most " + DurationText(kRangeMsMax));
    }
    return node;
  }

  Matcher ParseMatcherHere() {
    const std::string name(PeekWord());
    if (!IsLabelName(name)) Refuse("the name of a label was expected");
    at_ += name.size();
    Skip();
    for (const MatchType type :
         {MatchType::kMatch, MatchType::kNoMatch, MatchType::kNotEqual, MatchType::kEqual}) {
      if (!text_.substr(at_).starts_with(MatchSign(type))) continue;
      at_ += MatchSign(type).size();
      std::string value = ParseText();
      try {
        return Matcher(name, type, std::move(value));
      } catch (const Error& error) {
        Refuse(error.message());
      }
    }
    Refuse("=, !=, =~ or !~ was expected");
  }

  std::string ParseText() {
    const char quote = Peek();
    if (quote != '"' && quote != '\'') Refuse("a value in quotes was expected");
    ++at_;
    std::string value;
    while (at_ < text_.size() && text_[at_] != quote) {
      char c = text_[at_++];
      if (c == '\\' && at_ < text_.size()) {
        c = text_[at_++];
        if (c == 'n') {
          c = '\n';
        } else if (c == 't') {
          c = '\t';
        } else if (c != '\\' && c != '"' && c != '\'') {
          Refuse(fmt::format("unknown escape \\{}: a backslash is written twice", c));
        }
      }
      value += c;
    }
    if (at_ >= text_.size()) Refuse("a quote is missing");
    ++at_;
    return value;
  }

  int64_t ParseDurationHere() {
    Skip();
    size_t end = at_;
    while (end < text_.size() && (IsDigit(text_[end]) || (text_[end] >= 'a' && text_[end] <= 'z')))
      ++end;
    try {
      const int64_t ms = ParseDurationMs(Json(text_.substr(at_, end - at_)), "a range");
      at_ = end;
      return ms;
    } catch (const Error& error) {
      Refuse(error.message());
    }
  }

  std::vector<std::string> ParseNames() {
    Expect('(');
    std::vector<std::string> names;
    while (!Take(')')) {
      const std::string_view name = PeekWord();
      if (!IsLabelName(name)) Refuse("the name of a label was expected");
      names.emplace_back(name);
      at_ += name.size();
      if (!Take(',') && Peek() != ')') Refuse("',' or ')' was expected");
    }
    return names;
  }

  void ParseGrouping(Node* node) {
    const std::string_view word = PeekWord();
    if (word != "by" && word != "without") return;
    if (node->listed) Refuse("by or without stands once");
    at_ += word.size();
    node->listed = true;
    node->excluded = word == "without";
    node->grouping = ParseNames();
  }

  NodePtr ParseAggregate(Aggregate aggregate) {
    auto node = std::make_shared<Node>();
    node->kind = Node::Kind::kAggregate;
    node->aggregate = aggregate;
    ParseGrouping(node.get());
    Expect('(');
    NodePtr argument = RequireInstant(ParseBinary(1));
    if (IsScalar(*argument)) Refuse("an aggregate is of series, not of a number");
    node->arguments = {std::move(argument)};
    Expect(')');
    ParseGrouping(node.get());
    return node;
  }

  NodePtr ParseFunction(const FunctionRow& row) {
    auto node = std::make_shared<Node>();
    node->kind = Node::Kind::kFunction;
    node->function = row.function;
    Expect('(');
    for (int i = 0; i < row.arguments; ++i) {
      if (i > 0) Expect(',');
      NodePtr argument = ParseBinary(1);
      const bool is_range = argument->kind == Node::Kind::kSelector && argument->range_ms > 0;
      if (i == row.range_at && !is_range)
        Refuse(fmt::format("{} is of a series with a range, such as name[5m]", row.name));
      if (i != row.range_at) argument = RequireInstant(std::move(argument));
      const bool wants_scalar = row.arguments == 2 && i == 0;
      if (wants_scalar != IsScalar(*argument))
        Refuse(fmt::format("{} wants a {} here", row.name, wants_scalar ? "number" : "series"));
      node->arguments.push_back(std::move(argument));
    }
    Expect(')');
    return node;
  }

  NodePtr RequireInstant(NodePtr node) const {
    if (node->kind == Node::Kind::kSelector && node->range_ms > 0)
      Refuse("a range needs a function around it, such as rate(…) or max_over_time(…)");
    return node;
  }

  std::string_view text_;
  size_t at_ = 0;
  int depth_ = 0;
};

void Collect(const Node& node, std::vector<const Node*>* selectors) {
  if (node.kind == Node::Kind::kSelector) selectors->push_back(&node);
  for (const auto& argument : node.arguments) Collect(*argument, selectors);
}

}  // namespace

Expression Expression::Parse(std::string_view text) {
  if (text.size() > kExpressionBytesMax)
    throw InvalidArgument("An expression has at most {} bytes", kExpressionBytesMax)
        .WithField("expr");
  Expression expression;
  expression.text_ = std::string(text);
  expression.root_ = Parser(text).ParseAll();
  return expression;
}

std::vector<const Node*> Expression::Selectors() const {
  std::vector<const Node*> selectors;
  Collect(*root_, &selectors);
  return selectors;
}

int64_t Expression::LookBackMs(std::string_view name) const {
  int64_t longest_ms = 0;
  for (const Node* selector : Selectors())
    if (selector->name == name)
      longest_ms = std::max(longest_ms, selector->range_ms + selector->offset_ms);
  return longest_ms;
}

}  // namespace millwright::alerts
