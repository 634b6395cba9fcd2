#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string_view>
#include <vector>

#include "scan/onnx_check.h"
#include "scan/onnx_tensor_check.h"

namespace millwright::scan {

// Checks the graphs of one ONNX model without running them: every name has one maker and every use
// a maker, no cycle, known operator domains, sound tensors, and no operator that would fill an
// absurd amount of memory from constants alone. Holds views into the model's bytes.
class OnnxGraphChecker {
 public:
  OnnxGraphChecker(std::filesystem::path folder, std::set<std::string_view> domains)
      : folder_(std::move(folder)), domains_(std::move(domains)) {}

  // Each takes the bytes of its message and throws kInvalidArgument with the reason.
  void CheckGraph(std::string_view graph);
  void CheckFunction(std::string_view function);

  // Of all that was checked, graphs within graphs included.
  const OnnxFacts& facts() const { return facts_; }

 private:
  struct Node {
    std::string_view name, op_type, domain;
    std::vector<std::string_view> inputs, outputs, attributes;
  };
  struct Graph {
    const Graph* outer = nullptr;
    int depth = 0;
    std::vector<Node> nodes;
    std::set<std::string_view> given;                            // inputs and initializers
    std::map<std::string_view, size_t> makers;                   // of a name: index into nodes
    std::map<std::string_view, std::vector<int64_t>> constants;  // small integer tensors
    std::vector<std::string_view> outputs;
  };
  using Names = std::set<std::string_view>;

  Node ReadNode(std::string_view bytes);
  void AddNode(Graph* graph, std::string_view bytes);
  void AddInitializer(Graph* graph, std::string_view tensor);
  Graph ReadGraph(std::string_view bytes, const Graph* outer);
  // Checks the nodes of a graph that is read; returns the names that it takes from outside.
  Names CheckNodes(const Graph& graph);
  // Returns the names of the surrounding graph that an attribute's graphs use.
  Names CheckAttribute(const Graph& graph, std::string_view attribute);
  void CheckComputedSize(const Graph& graph, const Node& node);
  void CheckAcyclic(const Graph& graph, const std::vector<Names>& uses);
  std::string_view CheckValueInfo(std::string_view bytes);
  void CheckType(std::string_view type, int depth);
  static const std::vector<int64_t>* FindConstant(const Graph& graph, std::string_view name);
  static bool IsDefined(const Graph& graph, std::string_view name);

  std::filesystem::path folder_;
  std::set<std::string_view> domains_;
  OnnxFacts facts_;
};

}  // namespace millwright::scan
