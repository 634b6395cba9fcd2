#include "api/route_trie.h"

#include <algorithm>

#include "base/check.h"
#include "http/target.h"

namespace millwright::api {
namespace {

constexpr http::Method kMethods[] = {
    http::Method::kGet,    http::Method::kPost, http::Method::kPut,    http::Method::kPatch,
    http::Method::kDelete, http::Method::kHead, http::Method::kOptions};
using Rows = std::array<RouteEntry*, std::size(kMethods)>;

constexpr size_t kPartsMax = 8;  // {parts} of a pattern

size_t Index(http::Method method) {
  return static_cast<size_t>(method);
}

std::string Decoded(std::string_view text) {
  // The server has refused paths with broken escapes before.
  return http::PercentDecode(text).value_or(std::string(text));
}

struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

}  // namespace

// What is left of a path, taken segment by segment: "/a/b" is "a", "b" and "/a/" is "a", "".
class RouteTrie::Segments {
 public:
  explicit Segments(std::string_view path) : rest_(path) {
    if (rest_.starts_with('/')) rest_.remove_prefix(1);
  }

  bool empty() const { return is_over_; }
  std::string_view rest() const { return rest_; }
  std::string_view Take() {
    const size_t slash = rest_.find('/');
    const std::string_view segment = rest_.substr(0, slash);
    is_over_ = slash == std::string_view::npos;
    rest_ = is_over_ ? std::string_view() : rest_.substr(slash + 1);
    return segment;
  }

 private:
  std::string_view rest_;
  bool is_over_ = false;
};

struct RouteTrie::Node {
  std::unordered_map<std::string, std::unique_ptr<Node>, TextHash, std::equal_to<>> literals;
  std::vector<std::pair<std::string, std::unique_ptr<Node>>> suffixes;  // of {name}:suffix
  std::unique_ptr<Node> capture;
  Rows here{};
  Node& Suffix(std::string_view suffix);
  Rows rest{};  // of {name...}
  bool has_rest = false;
};

RouteTrie::Node& RouteTrie::Node::Suffix(std::string_view suffix) {
  for (auto& [known, node] : suffixes) {
    if (known == suffix) return *node;
  }
  return *suffixes.emplace_back(suffix, std::make_unique<Node>()).second;
}

struct RouteTrie::Search {
  http::Method method;
  bool encoded;
  std::array<bool, std::size(kMethods)> known{};
  std::array<std::string_view, kPartsMax> captured{};
  RouteEntry* found = nullptr;
  size_t found_parts = 0;
};

RouteTrie::RouteTrie() : root_(std::make_unique<Node>()) {}
RouteTrie::~RouteTrie() = default;

std::vector<std::string> RouteTrie::Add(http::Method method, std::string_view pattern,
                                        RouteEntry* entry) {
  CHECK(pattern.starts_with('/'));
  std::vector<std::string> names;
  Node* node = root_.get();
  Rows* rows = nullptr;
  for (Segments left(pattern); !left.empty();) {
    const std::string_view segment = left.Take();
    CHECK(rows == nullptr);  // nothing may follow {name...}
    if (segment.starts_with('{') && segment.ends_with("...}")) {
      names.emplace_back(segment.substr(1, segment.size() - 5));
      rows = &node->rest;
      node->has_rest = true;
    } else if (segment.starts_with('{') && segment.ends_with('}')) {
      names.emplace_back(segment.substr(1, segment.size() - 2));
      if (!node->capture) node->capture = std::make_unique<Node>();
      node = node->capture.get();
    } else if (const size_t end = segment.find("}:");
               segment.starts_with('{') && end != std::string_view::npos) {
      names.emplace_back(segment.substr(1, end - 1));
      node = &node->Suffix(segment.substr(end + 1));
    } else {
      auto& next = node->literals[std::string(segment)];
      if (!next) next = std::make_unique<Node>();
      node = next.get();
    }
  }
  if (rows == nullptr) rows = &node->here;
  CHECK(names.size() <= kPartsMax);
  CHECK((*rows)[Index(method)] == nullptr);
  (*rows)[Index(method)] = entry;
  return names;
}

bool RouteTrie::Take(const std::array<RouteEntry*, 7>& rows, size_t parts, Search& search) {
  RouteEntry* entry = rows[Index(search.method)];
  if (entry == nullptr && search.method == http::Method::kHead)
    entry = rows[Index(http::Method::kGet)];
  if (entry == nullptr) {
    for (size_t i = 0; i < rows.size(); ++i) search.known[i] |= rows[i] != nullptr;
    return false;
  }
  search.found = entry;
  search.found_parts = parts;
  return true;
}

// `parts` have been captured on the way to this node.
bool RouteTrie::Walk(const Node& node, const Segments& left, size_t parts, Search& search) {
  if (left.empty()) {
    if (Take(node.here, parts, search)) return true;
  } else {
    Segments behind = left;
    const std::string_view segment = behind.Take();
    const auto literal =
        search.encoded ? node.literals.find(Decoded(segment)) : node.literals.find(segment);
    if (literal != node.literals.end() && Walk(*literal->second, behind, parts, search)) {
      return true;
    }
    for (const auto& [suffix, next] : node.suffixes) {
      if (segment.size() <= suffix.size() || !segment.ends_with(suffix)) continue;
      search.captured[parts] = segment.substr(0, segment.size() - suffix.size());
      if (Walk(*next, behind, parts + 1, search)) return true;
    }
    if (node.capture && !segment.empty()) {
      search.captured[parts] = segment;
      if (Walk(*node.capture, behind, parts + 1, search)) return true;
    }
  }
  if (node.has_rest) search.captured[parts] = left.rest();
  return Take(node.rest, parts + 1, search);
}

RouteTrie::Match RouteTrie::Find(http::Method method, std::string_view raw_path) const {
  Search search{method, raw_path.find('%') != std::string_view::npos};
  Match match;
  if (Walk(*root_, Segments(raw_path), 0, search)) {
    match.entry = search.found;
    match.values.reserve(search.found_parts);
    for (size_t i = 0; i < search.found_parts; ++i) {
      const std::string_view value = search.captured[i];
      match.values.push_back(search.encoded ? Decoded(value) : std::string(value));
    }
    return match;
  }
  for (const http::Method known : kMethods) {
    if (!search.known[Index(known)]) continue;
    if (!match.allow.empty()) match.allow += ", ";
    match.allow += http::MethodName(known);
    if (known == http::Method::kGet) match.allow += ", HEAD";
  }
  return match;
}

}  // namespace millwright::api
