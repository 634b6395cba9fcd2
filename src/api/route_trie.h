#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "http/message.h"

namespace millwright::api {

struct RouteEntry;

// Finds the row of a path, segment by segment: a literal beats {name}:suffix, which beats {name},
// which beats {name...}; a later segment or the method that does not fit sends the search back to
// the next best. Filled first, then read from any thread.
class RouteTrie {
 public:
  RouteTrie();
  ~RouteTrie();

  // Returns the names of the pattern's {parts}. A method and pattern that are taken already are a
  // programmer's error.
  std::vector<std::string> Add(http::Method method, std::string_view pattern, RouteEntry* entry);

  struct Match {
    RouteEntry* entry = nullptr;
    std::vector<std::string> values;  // of the pattern's parts, in order
    // When no row has the method: the methods that the path knows, "" for an unknown path.
    std::string allow;
  };
  // `raw_path` is split before it is decoded, so that %2F stays inside its segment. HEAD finds the
  // row of GET.
  Match Find(http::Method method, std::string_view raw_path) const;

 private:
  struct Node;
  class Segments;
  struct Search;
  static bool Walk(const Node& node, const Segments& left, size_t parts, Search& search);
  static bool Take(const std::array<RouteEntry*, 7>& rows, size_t parts, Search& search);

  std::unique_ptr<Node> root_;
};

}  // namespace millwright::api
