#include "lineage/lineage.h"

#include <algorithm>
#include <set>
#include <unordered_set>

#include "base/error.h"
#include "lineage/sql.h"

namespace millwright::lineage {
namespace {

using storage::Connection;
using storage::Query;
using storage::Row;

void RequireNode(const std::string& node) {
  const size_t colon = node.find(':');
  const bool named = colon != std::string::npos && colon > 0 && colon + 1 < node.size();
  const bool plain = std::all_of(node.begin(), node.begin() + (named ? colon : 0),
                                 [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
  if (!named || !plain || node.size() > kNodeBytesMax)
    throw InvalidArgument("Lineage node is not \"kind:id\": {}", node).WithField("node");
}

// One walk in one direction; nodes and edges that an earlier walk found are kept.
class Walker {
 public:
  Walker(Connection& connection, const GraphOptions& options, Graph* graph)
      : connection_(connection), options_(options), graph_(graph) {}

  void Walk(const std::string& start, const Query& neighbours) {
    visited_.clear();
    std::vector<std::string> level = {start};
    Visit(start);
    for (int depth = 0; depth < options_.depth && !level.empty(); ++depth) {
      std::vector<std::string> next;
      for (const auto& node : level) Expand(node, neighbours, &next);
      level = std::move(next);
    }
    // The last level may have neighbours that were not asked for.
    for (const auto& node : level)
      if (!graph_->is_cut)
        graph_->is_cut = !connection_.Select(neighbours, {node, int64_t{1}}).empty();
  }

 private:
  bool Visit(const std::string& node) {
    if (!visited_.insert(node).second) return false;
    if (known_.insert(node).second) graph_->nodes.push_back(node);
    return true;
  }

  void Expand(const std::string& node, const Query& neighbours, std::vector<std::string>* next) {
    // One more than can be taken in tells whether the limit cuts.
    const auto room = static_cast<int64_t>(options_.node_max) + 1;
    for (const Row& row : connection_.Select(neighbours, {node, room})) {
      Edge edge{row.Text(0), row.Text(1), row.Text(2), row.Int(3)};
      const std::string other = edge.from == node ? edge.to : edge.from;
      const bool is_full = graph_->nodes.size() >= static_cast<size_t>(options_.node_max);
      if (is_full && !known_.contains(other)) {
        graph_->is_cut = true;
        continue;
      }
      if (edges_.insert({edge.from, edge.to, edge.label}).second)
        graph_->edges.push_back(std::move(edge));
      if (Visit(other)) next->push_back(other);
    }
  }

  Connection& connection_;
  const GraphOptions& options_;
  Graph* graph_;
  std::unordered_set<std::string> visited_;  // in this walk
  std::unordered_set<std::string> known_;    // in the graph
  std::set<std::tuple<std::string, std::string, std::string>> edges_;
};

}  // namespace

std::string_view KindOf(std::string_view node) {
  return node.substr(0, node.find(':'));
}

void LineageGraph::Add(Connection& connection, const std::string& from, const std::string& to,
                       const std::string& label) const {
  RequireNode(from);
  RequireNode(to);
  connection.Execute(sql::kAddEdge, {from, to, label, clock_.NowMs()});
}

Graph LineageGraph::Walk(const std::string& node, const GraphOptions& options) const {
  RequireNode(node);
  if (options.depth < 1 || options.depth > kDepthMax)
    throw InvalidArgument("Depth must be 1 to {}: {}", kDepthMax, options.depth).WithField("depth");
  if (options.node_max < 1 || options.node_max > kGraphNodesMax)
    throw InvalidArgument("Limit must be 1 to {}: {}", kGraphNodesMax, options.node_max)
        .WithField("limit");
  return database_.Read([&](Connection& connection) {
    Graph graph;
    Walker walker(connection, options, &graph);
    if (options.direction != Direction::kDownstream) walker.Walk(node, sql::kEdgesInto);
    if (options.direction != Direction::kUpstream) walker.Walk(node, sql::kEdgesOutOf);
    return graph;
  });
}

}  // namespace millwright::lineage
