#include "scan/onnx_graph_check.h"

#include <utility>

#include "base/error.h"
#include "base/protobuf_reader.h"

namespace millwright::scan {
namespace {

constexpr char kComesTwice[] = "a part that may come once comes twice";
constexpr int kDepthMax = 32;  // of graphs in graphs and of types in types
// What one operator may fill from constants alone. Larger is no model but an attack or a mistake.
constexpr size_t kComputedElementsMax = size_t{1} << 30;
constexpr size_t kDeclaredElementsMax = size_t{1} << 40;

// Says which input of an operator decides the size of its output; -1: the attribute `shape`.
struct Sizing {
  std::string_view op_type;
  int input;
};
constexpr Sizing kSizings[] = {{"ConstantOfShape", 0},
                               {"Expand", 1},
                               {"Tile", 1},
                               {"RandomNormal", -1},
                               {"RandomUniform", -1}};

std::string Label(std::string_view name, std::string_view op_type) {
  return name.empty() ? std::string(op_type) : fmt::format("{} ({})", name, op_type);
}

std::vector<int64_t> ReadInts(std::string_view attribute) {
  std::vector<int64_t> values;
  ProtobufReader reader(attribute);
  while (const auto field = reader.NextOf({8})) {
    if (field->type != ProtobufReader::WireType::kBytes) {
      values.push_back(field->Int());
      continue;
    }
    ProtobufReader packed(field->bytes);
    while (!packed.at_end()) values.push_back(static_cast<int64_t>(packed.Varint()));
  }
  return values;
}

std::string_view AttributeName(std::string_view attribute) {
  std::string_view name;
  ProtobufReader reader(attribute);
  while (const auto field = reader.NextOf({1})) name = field->Bytes();
  return name;
}

// Finds the only bytes field of a number; protobuf would merge two of them into something that
// neither check saw.
std::optional<std::string_view> OnlyMessage(std::string_view bytes, uint32_t number) {
  std::optional<std::string_view> found;
  ProtobufReader reader(bytes);
  while (const auto field = reader.NextOf({number})) {
    if (found) throw InvalidArgument(kComesTwice);
    found = field->Bytes();
  }
  return found;
}

}  // namespace

OnnxGraphChecker::Node OnnxGraphChecker::ReadNode(std::string_view bytes) {
  Node node;
  ProtobufReader reader(bytes);
  while (const auto field = reader.Next()) {
    if (field->number == 1) node.inputs.push_back(field->Bytes());
    if (field->number == 2) node.outputs.push_back(field->Bytes());
    if (field->number == 3) node.name = field->Bytes();
    if (field->number == 4) node.op_type = field->Bytes();
    if (field->number == 5) node.attributes.push_back(field->Bytes());
    if (field->number == 7) node.domain = field->Bytes();
  }
  if (node.domain == "ai.onnx") node.domain = "";
  if (node.op_type.empty()) throw InvalidArgument("node {} names no operator", node.name);
  if (!domains_.contains(node.domain)) {
    throw InvalidArgument("node {}: unknown operator domain {}", Label(node.name, node.op_type),
                          node.domain);
  }
  return node;
}

void OnnxGraphChecker::AddNode(Graph* graph, std::string_view bytes) {
  Node node = ReadNode(bytes);
  ++facts_.node_count;
  if (node.domain == "ai.onnx.ml") ++facts_.ml_node_count;
  for (const std::string_view output : node.outputs) {
    if (output.empty()) continue;
    const bool is_new = graph->makers.emplace(output, graph->nodes.size()).second;
    if (!is_new) throw InvalidArgument("the name {} is made twice", output);
  }
  if (node.op_type == "Constant" && node.outputs.size() == 1) {
    for (const std::string_view attribute : node.attributes) {
      const std::string_view name = AttributeName(attribute);
      if (name == "value_ints") graph->constants[node.outputs[0]] = ReadInts(attribute);
      const auto tensor = name == "value" ? OnlyMessage(attribute, 5) : std::nullopt;
      if (!tensor) continue;
      auto facts = CheckOnnxTensor(*tensor, folder_);
      if (!facts.values.empty()) graph->constants[node.outputs[0]] = std::move(facts.values);
    }
  }
  graph->nodes.push_back(std::move(node));
}

void OnnxGraphChecker::AddInitializer(Graph* graph, std::string_view tensor) {
  OnnxTensorFacts facts = CheckOnnxTensor(tensor, folder_);
  graph->given.insert(facts.name);
  if (!facts.values.empty()) graph->constants[facts.name] = std::move(facts.values);
}

OnnxGraphChecker::Graph OnnxGraphChecker::ReadGraph(std::string_view bytes, const Graph* outer) {
  Graph graph{.outer = outer, .depth = outer == nullptr ? 0 : outer->depth + 1};
  if (graph.depth > kDepthMax) throw InvalidArgument("graphs are nested too deeply");
  ProtobufReader reader(bytes);
  while (const auto field = reader.Next()) {
    switch (field->number) {
      case 1:
        AddNode(&graph, field->Bytes());
        break;
      case 5:
        AddInitializer(&graph, field->Bytes());
        break;
      case 11:
        graph.given.insert(CheckValueInfo(field->Bytes()));
        break;
      case 12:
        graph.outputs.push_back(CheckValueInfo(field->Bytes()));
        break;
      case 13:
        CheckValueInfo(field->Bytes());
        break;
      case 15: {
        const auto values = OnlyMessage(field->Bytes(), 1);
        const auto indices = OnlyMessage(field->Bytes(), 2);
        if (!values || !indices) throw InvalidArgument("a sparse tensor lacks a part");
        graph.given.insert(CheckOnnxTensor(*values, folder_).name);
        CheckOnnxTensor(*indices, folder_);
        break;
      }
      default:
        break;
    }
  }
  for (const std::string_view name : graph.given) {
    if (graph.makers.contains(name)) throw InvalidArgument("the name {} is made twice", name);
  }
  return graph;
}

bool OnnxGraphChecker::IsDefined(const Graph& graph, std::string_view name) {
  if (graph.given.contains(name) || graph.makers.contains(name)) return true;
  return graph.outer != nullptr && IsDefined(*graph.outer, name);
}

const std::vector<int64_t>* OnnxGraphChecker::FindConstant(const Graph& graph,
                                                           std::string_view name) {
  const auto it = graph.constants.find(name);
  if (it != graph.constants.end()) return &it->second;
  if (graph.makers.contains(name) || graph.outer == nullptr) return nullptr;
  return FindConstant(*graph.outer, name);
}

OnnxGraphChecker::Names OnnxGraphChecker::CheckAttribute(const Graph& graph,
                                                         std::string_view attribute) {
  Names used;
  bool has_tensor = false;
  bool has_graph = false;
  ProtobufReader reader(attribute);
  // Once: the trees of a forest are numbers in such a list, hundreds of thousands of them.
  while (const auto field = reader.NextOf({5, 6, 10, 11})) {
    const bool comes_twice = (field->number == 5 && std::exchange(has_tensor, true)) ||
                             (field->number == 6 && std::exchange(has_graph, true));
    if (comes_twice) throw InvalidArgument(kComesTwice);
    if (field->number == 5 || field->number == 10) CheckOnnxTensor(field->Bytes(), folder_);
    if (field->number == 6 || field->number == 11) {
      const Graph inner = ReadGraph(field->Bytes(), &graph);
      used.merge(CheckNodes(inner));
    }
  }
  return used;
}

void OnnxGraphChecker::CheckComputedSize(const Graph& graph, const Node& node) {
  for (const Sizing& sizing : kSizings) {
    if (!node.domain.empty() || node.op_type != sizing.op_type) continue;
    std::vector<int64_t> dimensions;
    if (sizing.input < 0) {
      for (const std::string_view attribute : node.attributes) {
        if (AttributeName(attribute) == "shape") dimensions = ReadInts(attribute);
      }
    } else if (node.inputs.size() > static_cast<size_t>(sizing.input)) {
      const auto* constant = FindConstant(graph, node.inputs[static_cast<size_t>(sizing.input)]);
      if (constant != nullptr) dimensions = *constant;
    }
    const auto count = OnnxElementCount(dimensions);
    if (!count || *count > kComputedElementsMax) {
      throw InvalidArgument("node {} would fill more than {} elements",
                            Label(node.name, node.op_type), kComputedElementsMax);
    }
  }
}

void OnnxGraphChecker::CheckAcyclic(const Graph& graph, const std::vector<Names>& uses) {
  std::vector<std::vector<size_t>> users(graph.nodes.size());
  std::vector<size_t> waiting(graph.nodes.size(), 0);
  for (size_t node = 0; node < uses.size(); ++node) {
    for (const std::string_view name : uses[node]) {
      const auto maker = graph.makers.find(name);
      if (maker == graph.makers.end()) continue;
      users[maker->second].push_back(node);
      ++waiting[node];
    }
  }
  std::vector<size_t> ready;
  for (size_t node = 0; node < waiting.size(); ++node) {
    if (waiting[node] == 0) ready.push_back(node);
  }
  size_t done = 0;
  while (!ready.empty()) {
    const size_t node = ready.back();
    ready.pop_back();
    ++done;
    for (const size_t user : users[node]) {
      if (--waiting[user] == 0) ready.push_back(user);
    }
  }
  if (done != graph.nodes.size()) throw InvalidArgument("the graph has a cycle");
}

OnnxGraphChecker::Names OnnxGraphChecker::CheckNodes(const Graph& graph) {
  std::vector<Names> uses;
  Names from_outside;
  for (const Node& node : graph.nodes) {
    Names used;
    for (const std::string_view input : node.inputs) {
      if (input.empty()) continue;  // an optional input that is left out
      if (!IsDefined(graph, input)) {
        throw InvalidArgument("node {} takes {}, which nothing makes",
                              Label(node.name, node.op_type), input);
      }
      used.insert(input);
    }
    for (const std::string_view attribute : node.attributes) {
      used.merge(CheckAttribute(graph, attribute));
    }
    CheckComputedSize(graph, node);
    for (const std::string_view name : used) {
      if (!graph.given.contains(name) && !graph.makers.contains(name)) from_outside.insert(name);
    }
    uses.push_back(std::move(used));
  }
  CheckAcyclic(graph, uses);
  for (const std::string_view output : graph.outputs) {
    if (!IsDefined(graph, output)) {
      throw InvalidArgument("nothing makes the output {}", output);
    }
    if (!graph.given.contains(output) && !graph.makers.contains(output)) {
      from_outside.insert(output);
    }
  }
  return from_outside;
}

void OnnxGraphChecker::CheckGraph(std::string_view bytes) {
  const Graph graph = ReadGraph(bytes, nullptr);
  if (graph.outputs.empty()) throw InvalidArgument("the graph has no outputs");
  CheckNodes(graph);
}

void OnnxGraphChecker::CheckFunction(std::string_view bytes) {
  Graph graph;
  ProtobufReader reader(bytes);
  while (const auto field = reader.Next()) {
    if (field->number == 4) graph.given.insert(field->Bytes());
    if (field->number == 5) graph.outputs.push_back(field->Bytes());
    if (field->number == 7) AddNode(&graph, field->Bytes());
  }
  CheckNodes(graph);
}

std::string_view OnnxGraphChecker::CheckValueInfo(std::string_view bytes) {
  std::string_view name;
  ProtobufReader reader(bytes);
  while (const auto field = reader.Next()) {
    if (field->number == 1) name = field->Bytes();
  }
  try {
    const auto type = OnlyMessage(bytes, 2);
    if (type) CheckType(*type, 0);
  } catch (const Error& error) {
    throw InvalidArgument("{}: {}", name, error.message());
  }
  return name;
}

// Field numbers of TypeProto: 1 tensor, 4 sequence, 5 map, 8 sparse tensor, 9 optional. Within,
// the element type is the field 1, a map's value type and a tensor's shape the field 2.
void OnnxGraphChecker::CheckType(std::string_view type, int depth) {
  if (depth > kDepthMax) throw InvalidArgument("types are nested too deeply");
  for (const uint32_t number : {4U, 9U}) {
    const auto inner = OnlyMessage(type, number);
    const auto element = inner ? OnlyMessage(*inner, 1) : std::nullopt;
    if (element) CheckType(*element, depth + 1);
  }
  if (const auto map = OnlyMessage(type, 5)) {
    const auto value = OnlyMessage(*map, 2);
    if (value) CheckType(*value, depth + 1);
  }
  const auto tensor = OnlyMessage(type, 1);
  const auto shape = tensor ? OnlyMessage(*tensor, 2) : std::nullopt;
  if (!shape) return;
  std::vector<int64_t> dimensions;
  ProtobufReader reader(*shape);
  while (const auto field = reader.Next()) {
    if (field->number != 1) continue;
    ProtobufReader dimension(field->Bytes());
    while (const auto part = dimension.Next()) {
      if (part->number != 1) continue;
      if (part->Int() < -1) throw InvalidArgument("the dimension {} is negative", part->Int());
      if (part->Int() >= 0) dimensions.push_back(part->Int());  // -1: older writers' "any"
    }
  }
  const auto count = OnnxElementCount(dimensions);
  if (!count || *count > kDeclaredElementsMax) throw InvalidArgument("the shape is too large");
}

}  // namespace millwright::scan
