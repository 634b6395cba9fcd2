#include "inference/onnx_outline.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "base/error.h"
#include "base/file.h"
#include "inference/test_vectors.h"

namespace millwright::inference::outline {
namespace {

using inference::testing::ModelFolder;

// Reads a model and counts what was fetched of it.
struct Looked {
  Model model;
  uint64_t fetched = 0;
  uint64_t size = 0;
};

Looked LookAt(const std::string& file) {
  Looked looked;
  looked.size = file.size();
  RangedBytes bytes(file.size(), [&](uint64_t offset, uint64_t length) {
    looked.fetched += length;
    return file.substr(offset, length);
  });
  looked.model = ReadOnnx(bytes);
  return looked;
}

Model LookAt(const std::filesystem::path& path) {
  return LookAt(ReadFile(path)).model;
}

std::string WhyNot(const std::filesystem::path& path) {
  try {
    const auto model = LookAt(path);
    return model.graphs[0].faults.empty() ? "" : model.graphs[0].faults[0];
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kInvalidArgument);
    return error.message();
  }
}

const Node* FindNode(const Graph& graph, std::string_view op) {
  for (const auto& node : graph.nodes)
    if (node.op == op) return &node;
  return nullptr;
}

// A field of the wire format, enough to write models that no tool writes.
std::string Bytes(uint32_t number, const std::string& value) {
  std::string field;
  for (uint64_t part : {uint64_t{number << 3 | 2}, uint64_t{value.size()}}) {
    for (; part >= 0x80; part >>= 7) field += static_cast<char>(part | 0x80);
    field += static_cast<char>(part);
  }
  return field + value;
}

std::string ModelOf(const std::string& graph) {
  return std::string("\x08\x08", 2) + Bytes(7, graph);
}

std::string NodeOf(const std::string& in, const std::string& out, const std::string& more = "") {
  return Bytes(1, Bytes(1, in) + Bytes(2, out) + Bytes(4, "Relu") + more);
}

TEST(OnnxOutline, TellsWhatTheModelIsMadeOf) {
  const Model model = LookAt(ModelFolder("digits_cnn") / "model.onnx");
  ASSERT_FALSE(model.graphs.empty());
  const Graph& graph = model.graphs[0];
  EXPECT_TRUE(graph.faults.empty());
  EXPECT_EQ(graph.nodes.size(), graph.node_count);
  ASSERT_FALSE(graph.inputs.empty());
  EXPECT_EQ(graph.inputs[0].type, "float32");
  ASSERT_TRUE(graph.inputs[0].shape);
  EXPECT_EQ(graph.inputs[0].shape->size(), 4U);
  const Node* conv = FindNode(graph, "Conv");
  ASSERT_NE(conv, nullptr);
  std::map<std::string, std::string> attributes;
  for (const auto& attribute : conv->attributes) attributes[attribute.name] = attribute.text;
  EXPECT_EQ(attributes["kernel_shape"], "3, 3");
  const auto weight = std::find_if(graph.tensors.begin(), graph.tensors.end(), [&](auto& tensor) {
    return tensor.value.name == conv->inputs[1];
  });
  ASSERT_NE(weight, graph.tensors.end());
  EXPECT_EQ(weight->value.shape->size(), 4U);
  EXPECT_EQ(weight->elements, "");
}

TEST(OnnxOutline, FetchesTheStructureAndNotTheWeights) {
  std::string weights = Bytes(8, "W") + std::string("\x08\x64\x10\x01", 4);  // 100 of float32
  weights += Bytes(9, std::string(4 << 20, '\1'));
  const std::string graph = Bytes(5, weights) + NodeOf("W", "Y") + Bytes(12, Bytes(1, "Y"));
  const Looked looked = LookAt(ModelOf(graph));
  EXPECT_EQ(looked.model.graphs[0].tensors[0].value.shape, std::vector<std::string>{"100"});
  EXPECT_LT(looked.fetched, looked.size / 50);
}

TEST(OnnxOutline, ListsTheLongValuesOfATreeOnlyByTheirBeginning) {
  const Model model = LookAt(ModelFolder("wine_rf") / "model.onnx");
  const Node* trees = FindNode(model.graphs[0], "TreeEnsembleClassifier");
  ASSERT_NE(trees, nullptr);
  EXPECT_EQ(trees->domain, "ai.onnx.ml");
  bool has_long = false;
  for (const auto& attribute : trees->attributes) {
    EXPECT_LT(attribute.text.size(), 2'000U) << attribute.name;
    has_long = has_long || attribute.text.ends_with(" in all)");
  }
  EXPECT_TRUE(has_long);
}

TEST(OnnxOutline, NamesMapsAndSequencesInTheirTypes) {
  const Model model = LookAt(ModelFolder("wine_rf_zipmap") / "model.onnx");
  std::vector<std::string> types;
  for (const auto& output : model.graphs[0].outputs) types.push_back(output.type);
  EXPECT_EQ(types, (std::vector<std::string>{"string", "sequence(map(string, float32))"}));
}

TEST(OnnxOutline, KeepsGraphsWithinNodesApart) {
  const std::string inner = Bytes(2, "then") + NodeOf("X", "Z") + Bytes(12, Bytes(1, "Z"));
  const std::string attribute = Bytes(5, Bytes(1, "then_branch") + Bytes(6, inner));
  const std::string graph =
      Bytes(11, Bytes(1, "X")) + NodeOf("X", "Y", attribute) + Bytes(12, Bytes(1, "Y"));
  const Model model = LookAt(ModelOf(graph)).model;
  ASSERT_EQ(model.graphs.size(), 2U);
  EXPECT_EQ(model.graphs[0].nodes[0].attributes[0].graphs, std::vector<size_t>{1});
  EXPECT_EQ(model.graphs[1].name, "then");
  EXPECT_TRUE(model.graphs[1].faults.empty()) << "X is made outside of it";
}

TEST(OnnxOutline, CountsTheNodesThatAreTooMany) {
  std::string graph = Bytes(11, Bytes(1, "v0"));
  const size_t count = kNodesMax + 5;
  for (size_t i = 0; i < count; ++i)
    graph += NodeOf("v" + std::to_string(i), "v" + std::to_string(i + 1));
  const Model model = LookAt(ModelOf(graph)).model;
  EXPECT_EQ(model.graphs[0].nodes.size(), kNodesMax);
  EXPECT_EQ(model.graphs[0].node_count, count);
  EXPECT_TRUE(model.graphs[0].faults.empty());
}

TEST(OnnxOutline, RefusesGraphsWithoutEnd) {
  std::string graph = NodeOf("X", "Y");
  for (int depth = 0; depth < 40; ++depth)
    graph = NodeOf("X", "Y", Bytes(5, Bytes(1, "body") + Bytes(6, graph)));
  EXPECT_THROW(LookAt(ModelOf(graph)), Error);
  EXPECT_THROW(LookAt(ModelOf(NodeOf(std::string(2'000, 'x'), "Y"))), Error);
}

TEST(OnnxOutline, SaysWhatIsWrongWithBrokenModels) {
  const std::map<std::string, std::string> kWords = {
      {"cycle", "The graph has a cycle"},
      {"dangling_input", "takes nowhere, which nothing makes"},
      {"duplicate_output", "The name Y is made twice"},
      {"empty", "the file is empty"},
      {"git_lfs_pointer", "it is a Git LFS pointer, not the model: run `git lfs pull`"},
      {"text", "it is text, not an ONNX model"},
      {"truncated", "it ends early"}};
  size_t seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(ModelFolder("broken"))) {
    const std::string name = entry.path().stem().string();
    if (entry.path().extension() != ".onnx") continue;
    const std::string why = WhyNot(entry.path());  // none of them crashes or hangs
    if (!kWords.contains(name)) continue;
    EXPECT_NE(why.find(kWords.at(name)), std::string::npos) << name << ": " << why;
    ++seen;
  }
  EXPECT_EQ(seen, kWords.size());
  EXPECT_NE(WhyNot(ModelFolder("broken") / "random_bytes.onnx"), "");
}

TEST(OnnxOutline, SurvivesEveryCutOfAFile) {
  const std::string file = ReadFile(ModelFolder("breast_cancer_lr") / "model.onnx");
  for (size_t length = 0; length < file.size(); ++length) {
    const std::string cut = file.substr(0, length);
    try {
      LookAt(cut);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kInvalidArgument) << length;
    }
  }
}

}  // namespace
}  // namespace millwright::inference::outline
