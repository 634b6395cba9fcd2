#include <algorithm>

#include "base/error.h"
#include "storage/search_filter.h"

namespace millwright::storage {
namespace {

using Kind = SearchToken::Kind;

// A single '=' and its like; "==" and "<>" parse, to be refused by name when compiled.
bool IsLikeWord(const SearchToken& token) {
  return token.kind == Kind::kName &&
         (IsKeyword(token.text, "LIKE") || IsKeyword(token.text, "ILIKE"));
}

bool IsWord(const SearchToken& token, std::string_view keyword) {
  return token.kind == Kind::kName && IsKeyword(token.text, keyword);
}

bool IsReserved(const SearchToken& token) {
  for (const std::string_view word :
       {"AND", "OR", "NOT", "IN", "IS", "NULL", "LIKE", "ILIKE", "BETWEEN"}) {
    if (IsWord(token, word)) return true;
  }
  return false;
}

class Parser {
 public:
  Parser(std::string_view filter, SearchWording wording)
      : filter_(filter), wording_(wording), tokens_(SplitSearch(filter)) {}

  std::unique_ptr<SearchNode> Run() {
    RefuseManyStatements();
    while (IsAnd()) ++at_;
    if (at_ == tokens_.size()) {
      if (!tokens_.empty()) RefuseClauses();
      return nullptr;
    }
    auto node = Or(0);
    if (at_ != tokens_.size()) RefuseClauses();
    return node;
  }

 private:
  using Node = std::unique_ptr<SearchNode>;

  const SearchToken* At(size_t ahead = 0) const {
    return at_ + ahead < tokens_.size() ? &tokens_[at_ + ahead] : nullptr;
  }
  bool IsAnd() const { return At() != nullptr && IsWord(*At(), "AND"); }

  Node Or(int depth) {
    if (depth > kFilterDepthMax) throw InvalidArgument("The filter is nested too deeply");
    Node left = And(depth);
    while (At() != nullptr && IsWord(*At(), "OR")) {
      ++at_;
      left = Join(SearchNode::Kind::kOr, std::move(left), And(depth));
    }
    return left;
  }

  // Clauses beside each other count as joined by AND, and further ANDs between or after them are
  // passed over: MLflow's server reads them so.
  Node And(int depth) {
    Node left = Unary(depth);
    while (At() != nullptr) {
      const size_t before = at_;
      while (IsAnd()) ++at_;
      if (At() == nullptr) break;
      if (At()->kind == Kind::kClose || IsWord(*At(), "OR")) {
        if (at_ != before) RefuseClauses();
        break;
      }
      left = Join(SearchNode::Kind::kAnd, std::move(left), Unary(depth));
    }
    return left;
  }

  static Node Join(SearchNode::Kind kind, Node left, Node right) {
    if (left->kind != kind) {
      auto joined = std::make_unique<SearchNode>();
      joined->kind = kind;
      joined->children.push_back(std::move(left));
      left = std::move(joined);
    }
    left->children.push_back(std::move(right));
    return left;
  }

  Node Unary(int depth) {
    if (depth > kFilterDepthMax) throw InvalidArgument("The filter is nested too deeply");
    if (At() == nullptr) RefuseClauses();
    if (IsWord(*At(), "NOT")) {
      ++at_;
      auto node = std::make_unique<SearchNode>();
      node->kind = SearchNode::Kind::kNot;
      node->children.push_back(Unary(depth + 1));
      return node;
    }
    if (At()->kind == Kind::kOpen) {
      ++at_;
      Node inner = Or(depth + 1);
      if (At() == nullptr || At()->kind != Kind::kClose) RefuseClauses();
      ++at_;
      return inner;
    }
    auto node = std::make_unique<SearchNode>();
    if (!Test(at_, node.get())) RefuseClauses();
    if (++tests_ > kFilterTestsMax) {
      throw InvalidArgument("The filter has more than {} comparisons", kFilterTestsMax);
    }
    return node;
  }

  // Reads `name op value` from position `at` and moves it behind; false leaves it where it was.
  // With `node` as nullptr the test is only passed over.
  bool Test(size_t& at, SearchNode* node) const {
    size_t i = at;
    if (i >= tokens_.size()) return false;
    const SearchToken& name = tokens_[i++];
    const bool is_name = name.kind == Kind::kName || name.kind == Kind::kString;
    const bool is_number = name.kind == Kind::kNumber;
    if ((!is_name && !is_number) || IsReserved(name)) return false;
    std::string op;
    if (!Operator(i, &op)) return false;
    if (node != nullptr && (is_number || name.text.front() == '\'')) {
      throw InvalidArgument("Invalid comparison clause. Expected 'Identifier' found '{}'",
                            name.text);
    }
    std::vector<SearchToken> values;
    std::string list;
    if (op == "IN" || op == "NOT IN" || (i < tokens_.size() && tokens_[i].kind == Kind::kOpen)) {
      if (!List(i, &values, &list)) return false;
    } else if (op != "IS NULL" && op != "IS NOT NULL") {
      if (i >= tokens_.size() || IsReserved(tokens_[i])) return false;
      const Kind kind = tokens_[i].kind;
      if (kind != Kind::kName && kind != Kind::kString && kind != Kind::kNumber) return false;
      values.push_back(tokens_[i++]);
    }
    if (node != nullptr) {
      node->name = name.text;
      node->op = std::move(op);
      node->values = std::move(values);
      node->list = std::move(list);
    }
    at = i;
    return true;
  }

  bool Operator(size_t& i, std::string* op) const {
    const auto word = [&](size_t at, std::string_view keyword) {
      return at < tokens_.size() && IsWord(tokens_[at], keyword);
    };
    if (i >= tokens_.size()) return false;
    if (tokens_[i].kind == Kind::kOperator || IsLikeWord(tokens_[i])) {
      *op = std::string(tokens_[i++].text);
      std::transform(op->begin(), op->end(), op->begin(),
                     [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
      return true;
    }
    if (word(i, "IN")) {
      *op = "IN";
      i += 1;
      return true;
    }
    if (word(i, "NOT") && i + 1 < tokens_.size()) {
      if (!word(i + 1, "IN") && !word(i + 1, "LIKE") && !word(i + 1, "ILIKE")) return false;
      *op = word(i + 1, "IN") ? "NOT IN" : word(i + 1, "LIKE") ? "NOT LIKE" : "NOT ILIKE";
      i += 2;
      return true;
    }
    if (word(i, "IS")) {
      const bool negated = word(i + 1, "NOT");
      if (!word(i + (negated ? 2 : 1), "NULL")) return false;
      *op = negated ? "IS NOT NULL" : "IS NULL";
      i += negated ? 3 : 2;
      return true;
    }
    return false;
  }

  bool List(size_t& i, std::vector<SearchToken>* values, std::string* text) const {
    if (i >= tokens_.size() || tokens_[i].kind != Kind::kOpen) return false;
    const char* begin = tokens_[i].text.data();
    size_t at = i + 1;
    bool want_value = true;
    for (; at < tokens_.size() && tokens_[at].kind != Kind::kClose; ++at) {
      if ((tokens_[at].kind == Kind::kComma) == want_value) return false;
      if (want_value) values->push_back(tokens_[at]);
      want_value = !want_value;
      if (values->size() > kFilterListMax) {
        throw InvalidArgument("A list of the filter has more than {} values", kFilterListMax);
      }
    }
    if (at >= tokens_.size()) return false;
    *text = std::string(begin, tokens_[at].text.data() + tokens_[at].text.size() - begin);
    i = at + 1;
    return true;
  }

  void RefuseManyStatements() const {
    for (const auto& token : tokens_) {
      if (token.text == ";") {
        throw InvalidArgument(
            "Search filter contained multiple expression \"{}\". Provide AND-ed expression list.",
            filter_);
      }
    }
  }

  // Names all words that are part of no comparison, as MLflow does.
  [[noreturn]] void RefuseClauses() const {
    if (wording_ == SearchWording::kLoggedModels) {
      const char quote = filter_.find('\'') == std::string_view::npos ? '\'' : '"';
      throw InvalidArgument(
          "Invalid filter string: {0}{1}{0}. Expected a list of comparisons separated by 'AND' "
          "(e.g. 'metrics.loss > 0.1 AND params.lr = 0.01').",
          quote, filter_);
    }
    std::string words;
    const bool quoted = wording_ == SearchWording::kRuns;
    for (size_t i = 0; i < tokens_.size();) {
      if (Test(i, nullptr)) continue;
      const SearchToken& token = tokens_[i++];
      if (IsWord(token, "AND")) continue;
      if (!words.empty()) words += ", ";
      words += quoted ? fmt::format("'{}'", token.text) : std::string(token.text);
    }
    if (words.empty()) words = std::string(filter_);
    throw InvalidArgument("Invalid clause(s) in filter string: {}", words);
  }

  const std::string_view filter_;
  const SearchWording wording_;
  const std::vector<SearchToken> tokens_;
  size_t at_ = 0;
  size_t tests_ = 0;
};

}  // namespace

std::unique_ptr<SearchNode> ParseFilter(std::string_view filter, SearchWording wording) {
  if (filter.size() > kFilterBytesMax) {
    throw InvalidArgument("The filter is longer than {} bytes", kFilterBytesMax);
  }
  return Parser(filter, wording).Run();
}

SearchName SplitName(std::string_view name) {
  if (!name.empty() && (name.front() == '`' || name.front() == '"')) return {"", Unquote(name)};
  const size_t dot = name.find('.');
  if (dot == std::string_view::npos) return {"", name};
  return {name.substr(0, dot), Unquote(name.substr(dot + 1))};
}

}  // namespace millwright::storage
