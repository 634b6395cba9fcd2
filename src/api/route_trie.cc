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

// More segments than any pattern has; what lies beyond can only belong to a {name...}.
constexpr size_t kSegmentsMax = 64;

size_t Index(http::Method method) {
  return static_cast<size_t>(method);
}

// Splits "/a/b" into "a", "b" and "/a/" into "a", "". The last of kSegmentsMax holds the rest.
std::vector<std::string_view> Split(std::string_view path) {
  std::vector<std::string_view> segments;
  if (path.starts_with('/')) path.remove_prefix(1);
  while (true) {
    const size_t slash = path.find('/');
    if (slash == std::string_view::npos || segments.size() + 1 == kSegmentsMax) break;
    segments.push_back(path.substr(0, slash));
    path.remove_prefix(slash + 1);
  }
  segments.push_back(path);
  return segments;
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

struct RouteTrie::Node {
  std::unordered_map<std::string, std::unique_ptr<Node>, TextHash, std::equal_to<>> literals;
  std::vector<std::pair<std::string, std::unique_ptr<Node>>> suffixes;  // of {name}:suffix
  std::unique_ptr<Node> capture;
  Rows here{};
  Node& Suffix(std::string_view suffix);
  Rows rest{};
};

RouteTrie::Node& RouteTrie::Node::Suffix(std::string_view suffix) {
  for (auto& [known, node] : suffixes) {
    if (known == suffix) return *node;
  }
  return *suffixes.emplace_back(suffix, std::make_unique<Node>()).second;
}

struct RouteTrie::Search {
  http::Method method;
  std::string_view path;
  std::vector<std::string_view> segments;
  bool encoded;
  std::array<bool, std::size(kMethods)> known{};
  std::vector<std::string_view> captured;
  RouteEntry* found = nullptr;
};

RouteTrie::RouteTrie() : root_(std::make_unique<Node>()) {}
RouteTrie::~RouteTrie() = default;

std::vector<std::string> RouteTrie::Add(http::Method method, std::string_view pattern,
                                        RouteEntry* entry) {
  CHECK(pattern.starts_with('/'));
  std::vector<std::string> names;
  Node* node = root_.get();
  Rows* rows = nullptr;
  for (const std::string_view segment : Split(pattern)) {
    CHECK(rows == nullptr);  // nothing may follow {name...}
    if (segment.starts_with('{') && segment.ends_with("...}")) {
      names.emplace_back(segment.substr(1, segment.size() - 5));
      rows = &node->rest;
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
  CHECK((*rows)[Index(method)] == nullptr);
  (*rows)[Index(method)] = entry;
  return names;
}

bool RouteTrie::Take(const std::array<RouteEntry*, 7>& rows, Search& search) {
  RouteEntry* entry = rows[Index(search.method)];
  if (entry == nullptr && search.method == http::Method::kHead)
    entry = rows[Index(http::Method::kGet)];
  if (entry == nullptr) {
    for (size_t i = 0; i < rows.size(); ++i) search.known[i] |= rows[i] != nullptr;
    return false;
  }
  search.found = entry;
  return true;
}

bool RouteTrie::Walk(const Node& node, size_t at, Search& search) {
  if (at == search.segments.size()) {
    if (Take(node.here, search)) return true;
  } else {
    const std::string_view segment = search.segments[at];
    const auto literal =
        search.encoded ? node.literals.find(Decoded(segment)) : node.literals.find(segment);
    if (literal != node.literals.end() && Walk(*literal->second, at + 1, search)) return true;
    for (const auto& [suffix, next] : node.suffixes) {
      if (segment.size() <= suffix.size() || !segment.ends_with(suffix)) continue;
      search.captured.push_back(segment.substr(0, segment.size() - suffix.size()));
      if (Walk(*next, at + 1, search)) return true;
      search.captured.pop_back();
    }
    if (node.capture && !segment.empty()) {
      search.captured.push_back(segment);
      if (Walk(*node.capture, at + 1, search)) return true;
      search.captured.pop_back();
    }
  }
  const bool empty = at == search.segments.size();
  search.captured.push_back(empty ? std::string_view()
                                  : search.path.substr(static_cast<size_t>(
                                        search.segments[at].data() - search.path.data())));
  if (Take(node.rest, search)) return true;
  search.captured.pop_back();
  return false;
}

RouteTrie::Match RouteTrie::Find(http::Method method, std::string_view raw_path) const {
  Search search{method, raw_path, Split(raw_path), raw_path.find('%') != std::string_view::npos};
  Match match;
  if (Walk(*root_, 0, search)) {
    match.entry = search.found;
    for (const std::string_view value : search.captured) match.values.push_back(Decoded(value));
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
