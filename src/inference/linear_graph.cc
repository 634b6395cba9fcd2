#include "inference/linear_graph.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include "base/protobuf_reader.h"

namespace millwright::inference {
namespace {

using WireType = ProtobufReader::WireType;

constexpr char kMlDomain[] = "ai.onnx.ml";
constexpr size_t kNodesMax = 16;
constexpr std::string_view kOperators[] = {"Scaler",           "Imputer",    "LinearRegressor",
                                           "LinearClassifier", "Normalizer", "ZipMap",
                                           "Identity",         "Cast"};
// ONNX's numbers of types.
constexpr int64_t kInt64Type = 7;
constexpr int64_t kStringType = 8;

struct Attribute {
  std::optional<float> number;
  std::optional<int64_t> integer;
  std::string text;
  std::vector<float> numbers;
  std::vector<int64_t> integers;
  std::vector<std::string> texts;
};

struct Node {
  std::vector<std::string> inputs, outputs;
  std::string op, domain;
  std::map<std::string, Attribute, std::less<>> attributes;

  const Attribute& Get(std::string_view name) const {
    static const Attribute kAbsent;
    const auto it = attributes.find(name);
    return it == attributes.end() ? kAbsent : it->second;
  }
  bool Is(std::string_view wanted_domain, std::string_view wanted_op) const {
    return domain == wanted_domain && op == wanted_op;
  }
};

float FloatOf(uint64_t bits) {
  const auto low = static_cast<uint32_t>(bits);
  float value = 0;
  std::memcpy(&value, &low, sizeof value);
  return value;
}

void ReadNumbers(const ProtobufReader::Field& field, std::vector<float>* numbers) {
  if (field.type == WireType::kFixed32) return numbers->push_back(FloatOf(field.value));
  if (field.type != WireType::kBytes) return;
  const size_t count = field.bytes.size() / sizeof(float);
  if (count == 0) return;
  const size_t begin = numbers->size();
  numbers->resize(begin + count);
  std::memcpy(numbers->data() + begin, field.bytes.data(), count * sizeof(float));
}

void ReadIntegers(const ProtobufReader::Field& field, std::vector<int64_t>* integers) {
  if (field.type == WireType::kVarint) return integers->push_back(field.Int());
  if (field.type != WireType::kBytes) return;
  ProtobufReader packed(field.bytes);
  while (!packed.at_end()) integers->push_back(static_cast<int64_t>(packed.Varint()));
}

void ReadAttribute(std::string_view bytes, Node* node) {
  std::string name;
  Attribute attribute;
  ProtobufReader reader(bytes);
  while (const auto field = reader.Next()) {
    if (field->number == 1) name = field->bytes;
    if (field->number == 2) attribute.number = FloatOf(field->value);
    if (field->number == 3) attribute.integer = static_cast<int64_t>(field->value);
    if (field->number == 4) attribute.text = field->bytes;
    if (field->number == 7) ReadNumbers(*field, &attribute.numbers);
    if (field->number == 8) ReadIntegers(*field, &attribute.integers);
    if (field->number == 9) attribute.texts.emplace_back(field->bytes);
  }
  node->attributes.emplace(std::move(name), std::move(attribute));
}

// Nothing when the operator is no linear model's: then nobody waits for a forest to be read.
std::optional<Node> ReadNode(std::string_view bytes) {
  Node node;
  std::vector<std::string_view> attributes;
  ProtobufReader reader(bytes);
  while (const auto field = reader.Next()) {
    if (field->number == 1) node.inputs.emplace_back(field->bytes);
    if (field->number == 2) node.outputs.emplace_back(field->bytes);
    if (field->number == 4) node.op = field->bytes;
    if (field->number == 5) attributes.push_back(field->bytes);
    if (field->number == 7) node.domain = field->bytes;
  }
  if (std::find(std::begin(kOperators), std::end(kOperators), node.op) == std::end(kOperators)) {
    return std::nullopt;
  }
  if (node.domain == "ai.onnx") node.domain.clear();
  for (const std::string_view attribute : attributes) ReadAttribute(attribute, &node);
  return node;
}

std::string ValueName(std::string_view value_info) {
  std::string name;
  ProtobufReader reader(value_info);
  while (const auto field = reader.Next()) {
    if (field->number == 1) name = field->bytes;
  }
  return name;
}

// One value for all columns, or one for each.
bool Spread(std::vector<float>* values, size_t width) {
  if (values->size() == 1) values->resize(width, values->front());
  return values->size() == width;
}

// Follows a graph from its input on, node by node; each Take says whether the node was understood.
class LinearGraphReader {
 public:
  explicit LinearGraphReader(std::string input) : at_(input) { graph_.input = std::move(input); }

  bool Take(const Node& node) {
    if (node.inputs.size() != 1 || node.outputs.empty()) return false;
    const bool has_scores = graph_.model.targets > 0;
    return has_scores ? TakeAfter(node) : node.inputs[0] == at_ && TakeBefore(node);
  }

  std::optional<LinearGraph> Finish() {
    LinearModel& model = graph_.model;
    if (model.targets == 0) return std::nullopt;
    for (LinearModel::Step& step : model.steps) {
      const bool scales = step.kind == LinearModel::Step::Kind::kScale;
      if (!Spread(&step.values, model.width)) return std::nullopt;
      if (scales && !Spread(&step.scales, model.width)) return std::nullopt;
    }
    return std::move(graph_);
  }

 private:
  bool TakeBefore(const Node& node) {
    at_ = node.outputs[0];
    if (node.Is(kMlDomain, "Scaler")) {
      graph_.model.steps.push_back({.kind = LinearModel::Step::Kind::kScale,
                                    .values = node.Get("offset").numbers,
                                    .scales = node.Get("scale").numbers});
      return true;
    }
    if (node.Is(kMlDomain, "Imputer")) {
      graph_.model.steps.push_back({.kind = LinearModel::Step::Kind::kImpute,
                                    .values = node.Get("imputed_value_floats").numbers});
      const auto& replaced = node.Get("replaced_value_float").number;
      return replaced && std::isnan(*replaced);
    }
    if (node.Is(kMlDomain, "LinearRegressor")) return TakeRegressor(node);
    return node.Is(kMlDomain, "LinearClassifier") && TakeClassifier(node);
  }

  bool TakeTargets(const Node& node, size_t targets) {
    LinearModel& model = graph_.model;
    model.coefficients = node.Get("coefficients").numbers;
    model.intercepts = node.Get("intercepts").numbers;
    // Whole rows of coefficients, before anything is made as long as the file says.
    if (targets == 0 || model.coefficients.empty() || model.coefficients.size() % targets != 0) {
      return false;
    }
    if (model.intercepts.empty()) model.intercepts.resize(targets);
    if (model.intercepts.size() != targets) return false;
    model.targets = targets;
    model.width = model.coefficients.size() / targets;
    const std::string& link = node.Get("post_transform").text;
    if (link == "LOGISTIC") model.link = LinearModel::Link::kLogistic;
    if (link == "SOFTMAX") model.link = LinearModel::Link::kSoftmax;
    return link.empty() || link == "NONE" || model.link != LinearModel::Link::kNone;
  }

  bool TakeRegressor(const Node& node) {
    graph_.scores = node.outputs[0];
    const int64_t targets = node.Get("targets").integer.value_or(1);
    return targets > 0 && TakeTargets(node, static_cast<size_t>(targets)) &&
           graph_.model.link == LinearModel::Link::kNone;
  }

  // Two classes with one score between them are not taken: which label a score gives depends on
  // the link then.
  bool TakeClassifier(const Node& node) {
    if (node.outputs.size() != 2) return false;
    graph_.labels = node.outputs[0];
    graph_.scores = node.outputs[1];
    LinearModel& model = graph_.model;
    model.integer_labels = node.Get("classlabels_ints").integers;
    model.text_labels = node.Get("classlabels_strings").texts;
    if (!model.integer_labels.empty() && !model.text_labels.empty()) return false;
    const size_t count = model.integer_labels.size() + model.text_labels.size();
    return count >= 2 && TakeTargets(node, count);
  }

  bool TakeAfter(const Node& node) {
    const std::string& input = node.inputs[0];
    const std::string& output = node.outputs[0];
    if (input == graph_.labels && KeepsLabels(node)) {
      graph_.labels = output;
      return true;
    }
    if (input != graph_.scores) return false;
    if (node.Is(kMlDomain, "Normalizer")) {
      graph_.model.adds_up_to_one = true;
      graph_.scores = output;
      return node.Get("norm").text == "L1" && graph_.score_maps.empty();
    }
    if (node.Is(kMlDomain, "ZipMap")) {
      graph_.score_maps = output;
      return node.Get("classlabels_int64s").integers == graph_.model.integer_labels &&
             node.Get("classlabels_strings").texts == graph_.model.text_labels;
    }
    graph_.scores = output;
    return node.Is("", "Identity") && graph_.score_maps.empty();
  }

  bool KeepsLabels(const Node& node) const {
    if (node.Is("", "Identity")) return true;
    const int64_t type = graph_.model.text_labels.empty() ? kInt64Type : kStringType;
    return node.Is("", "Cast") && node.Get("to").integer == type;
  }

  LinearGraph graph_;
  std::string at_;  // the value that the next node takes, while there are no scores
};

// The only graph of a model that has no functions of its own.
std::optional<std::string_view> FindGraph(std::string_view onnx) {
  constexpr uint32_t kGraph = 7, kFunctions = 25;
  std::optional<std::string_view> graph;
  ProtobufReader reader(onnx);
  while (const auto field = reader.Next()) {
    if (field->number == kFunctions) return std::nullopt;
    if (field->number == kGraph) graph = field->bytes;
  }
  return graph;
}

}  // namespace

std::optional<LinearGraph> ReadLinearGraph(std::string_view onnx) {
  constexpr uint32_t kNode = 1, kInitializer = 5, kInput = 11, kSparseInitializer = 15;
  const auto bytes = FindGraph(onnx);
  if (!bytes) return std::nullopt;
  std::vector<std::string_view> nodes;
  std::vector<std::string> inputs;
  ProtobufReader reader(*bytes);
  while (const auto field = reader.Next()) {
    if (field->number == kInitializer || field->number == kSparseInitializer) return std::nullopt;
    if (field->number == kNode) nodes.push_back(field->bytes);
    if (field->number == kInput) inputs.push_back(ValueName(field->bytes));
    if (nodes.size() > kNodesMax || inputs.size() > 1) return std::nullopt;
  }
  if (inputs.empty()) return std::nullopt;
  LinearGraphReader linear(std::move(inputs[0]));
  for (const std::string_view node : nodes) {
    const auto read = ReadNode(node);
    if (!read || !linear.Take(*read)) return std::nullopt;
  }
  return linear.Finish();
}

}  // namespace millwright::inference
