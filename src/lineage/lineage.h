#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "storage/database.h"

namespace millwright::lineage {

// A node is written "kind:id", as the subjects of events: "dataset:flights@1", "run:4f2…",
// "model:flights-late@2". It exists as soon as an edge names it.
inline constexpr size_t kNodeBytesMax = 600;
std::string_view KindOf(std::string_view node);

// Points the way the data went: from what was used to what came of it. `label` says how in one
// word: "parsed", "derived", "trained", "registered", "deployed".
struct Edge {
  std::string from;
  std::string to;
  std::string label;
  int64_t time_ms = 0;

  bool operator==(const Edge&) const = default;
};

struct Graph {
  std::vector<std::string> nodes;  // nearest first, the asked one at the start
  std::vector<Edge> edges;         // among these nodes
  bool is_cut = false;             // more was there than `node_max` or `depth` let in
};

enum class Direction {
  kUpstream,    // what it was made of
  kDownstream,  // what was made of it
  kBoth,        // the two above together; not what else was made of the same things
};

struct GraphOptions {
  Direction direction = Direction::kBoth;
  int depth = 8;       // edges away from the node, 1…kDepthMax
  int node_max = 500;  // 1…kGraphNodesMax
};
inline constexpr int kDepthMax = 64;
inline constexpr int kGraphNodesMax = 5'000;

// What was made of what, over all rooms. Thread-safe.
class LineageGraph {
 public:
  LineageGraph(storage::Database& database, const Clock& clock)
      : database_(database), clock_(clock) {}

  // Records an edge within the caller's transaction; one that is there already keeps its time.
  // Throws kInvalidArgument for a node that is not "kind:id".
  void Add(storage::Connection& connection, const std::string& from, const std::string& to,
           const std::string& label) const;

  // Walks from a node, breadth first, so that a limit cuts what is farthest. The work is bounded by
  // the limits, however many edges a node has. An unknown node is a graph of one node.
  Graph Walk(const std::string& node, const GraphOptions& options = {}) const;

 private:
  storage::Database& database_;
  const Clock& clock_;
};

}  // namespace millwright::lineage
