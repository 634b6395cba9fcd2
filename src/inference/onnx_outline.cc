#include "inference/onnx_outline.h"

#include <fmt/format.h>

#include <set>
#include <string_view>
#include <unordered_map>

#include "base/error.h"
#include "inference/onnx_outline_reader.h"

namespace millwright::inference::outline {
namespace {

constexpr size_t kFaultsMax = 10;  // of a graph
constexpr uint64_t kProbeBytes = 64;

std::string Label(const Node& node) {
  return node.name.empty() ? node.op : fmt::format("{} ({})", node.name, node.op);
}

void RefuseWhatIsNoModel(RangedBytes& bytes) {
  if (bytes.size() == 0) throw InvalidArgument("the file is empty");
  const std::string_view head = bytes.At(0, std::min(bytes.size(), kProbeBytes));
  if (head.starts_with("version https://git-lfs")) {
    throw InvalidArgument("it is a Git LFS pointer, not the model: run `git lfs pull`");
  }
  const auto is_text = [](unsigned char c) {
    return (c >= 0x20 && c < 0x7F) || c == '\n' || c == '\r' || c == '\t';
  };
  if (std::all_of(head.begin(), head.end(), is_text)) {
    throw InvalidArgument("it is text, not an ONNX model");
  }
}

// Finds what is wrong with one graph; names that surrounding graphs make are none of its business.
class GraphJudge {
 public:
  explicit GraphJudge(Graph* graph) : graph_(*graph) {}

  void Judge() {
    for (const auto& input : graph_.inputs) given_.insert(input.name);
    for (const auto& tensor : graph_.tensors) given_.insert(tensor.value.name);
    FindMakers();
    const bool is_whole =
        graph_.nodes.size() == graph_.node_count && graph_.tensors.size() == graph_.tensor_count;
    // An inner graph may take what is made outside of it.
    if (is_whole && graph_.kind != Graph::Kind::kInner) FindMissing();
    FindCycle();
  }

 private:
  void Say(std::string fault) {
    if (graph_.faults.size() < kFaultsMax) graph_.faults.push_back(std::move(fault));
  }

  void FindMakers() {
    for (size_t at = 0; at < graph_.nodes.size(); ++at) {
      for (const auto& output : graph_.nodes[at].outputs) {
        if (output.empty()) continue;
        const bool is_new = makers_.emplace(output, at).second && !given_.contains(output);
        if (!is_new) Say(fmt::format("The name {} is made twice", output));
      }
    }
  }

  void FindMissing() {
    const auto is_made = [&](std::string_view name) {
      return name.empty() || given_.contains(name) || makers_.contains(name);
    };
    for (const auto& node : graph_.nodes) {
      for (const auto& input : node.inputs) {
        if (!is_made(input))
          Say(fmt::format("{} takes {}, which nothing makes", Label(node), input));
      }
    }
    for (const auto& output : graph_.outputs) {
      if (!is_made(output.name)) Say(fmt::format("Nothing makes the output {}", output.name));
    }
  }

  void FindCycle() {
    std::vector<std::vector<size_t>> users(graph_.nodes.size());
    std::vector<size_t> waiting(graph_.nodes.size(), 0);
    for (size_t at = 0; at < graph_.nodes.size(); ++at) {
      for (const auto& input : graph_.nodes[at].inputs) {
        const auto maker = makers_.find(input);
        if (maker == makers_.end()) continue;
        users[maker->second].push_back(at);
        ++waiting[at];
      }
    }
    std::vector<size_t> ready;
    for (size_t at = 0; at < waiting.size(); ++at) {
      if (waiting[at] == 0) ready.push_back(at);
    }
    size_t done = 0;
    for (; !ready.empty(); ++done) {
      const size_t at = ready.back();
      ready.pop_back();
      for (const size_t user : users[at]) {
        if (--waiting[user] == 0) ready.push_back(user);
      }
    }
    if (done != graph_.nodes.size()) Say("The graph has a cycle");
  }

  Graph& graph_;
  std::set<std::string_view> given_;
  std::unordered_map<std::string_view, size_t> makers_;
};

}  // namespace

Model ReadOnnx(RangedBytes& bytes) {
  RefuseWhatIsNoModel(bytes);
  Model model = Reader(bytes).Read();
  for (auto& graph : model.graphs) GraphJudge(&graph).Judge();
  return model;
}

}  // namespace millwright::inference::outline
