#include "base/yaml.h"

#include <yaml-cpp/yaml.h>

#include <charconv>
#include <set>

#include "base/error.h"

namespace millwright {
namespace {

constexpr int kYamlDepthMax = 64;
// Aliases stand for copies here, so a small document could ask for billions of nodes.
constexpr size_t kYamlNodesMax = 1'000'000;

template <typename T>
bool ReadWhole(std::string_view text, T* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size();
}

Json FromScalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return Json(text);  // quoted
  if (text.empty() || text == "~" || text == "null") return Json();
  if (text == "true") return Json(true);
  if (text == "false") return Json(false);
  int64_t integer = 0;
  if (ReadWhole(text, &integer)) return Json(integer);
  double number = 0;
  const bool numeric = text.find_first_not_of("0123456789.eE+-") == std::string::npos;
  if (numeric && ReadWhole(text, &number)) return Json(number);
  return Json(text);
}

// Where a reader is in the document.
struct Position {
  size_t* nodes;  // read so far; aliases make more of them than there are in the text
  int depth = 0;
  std::string path = {};
  YamlLines* lines = nullptr;

  Position Item(size_t index) const {
    if (lines == nullptr) return {nodes, depth + 1};
    return {nodes, depth + 1, fmt::format("{}[{}]", path, index), lines};
  }
  Position Field(const YAML::Node& key) const {
    if (lines == nullptr) return {nodes, depth + 1};
    std::string below = path.empty() ? key.Scalar() : path + "." + key.Scalar();
    // A value may begin lines below its key; the key is what people look for.
    lines->emplace(below, key.Mark().line + 1);
    return {nodes, depth + 1, std::move(below), lines};
  }
};

Json FromNode(const YAML::Node& node, const Position& at);

Json FromMap(const YAML::Node& node, const Position& at) {
  Json object = Json::MakeObject();
  std::set<std::string_view> keys;
  for (const auto& item : node) {
    if (!keys.insert(item.first.Scalar()).second) {
      throw InvalidArgument("Malformed YAML at line {}, column {}: the key {} is here twice",
                            item.first.Mark().line + 1, item.first.Mark().column + 1,
                            item.first.Scalar());
    }
    object.Set(item.first.Scalar(), FromNode(item.second, at.Field(item.first)));
  }
  return object;
}

Json FromNode(const YAML::Node& node, const Position& at) {
  if (++*at.nodes > kYamlNodesMax) throw InvalidArgument("YAML has too many nodes");
  if (at.depth > kYamlDepthMax) throw InvalidArgument("YAML is nested too deeply");
  if (at.lines != nullptr) at.lines->emplace(at.path, node.Mark().line + 1);
  switch (node.Type()) {
    case YAML::NodeType::Undefined:
    case YAML::NodeType::Null:
      return Json();
    case YAML::NodeType::Scalar:
      return FromScalar(node);
    case YAML::NodeType::Sequence: {
      Json array = Json::MakeArray();
      for (size_t i = 0; i < node.size(); ++i) array.Append(FromNode(node[i], at.Item(i)));
      return array;
    }
    case YAML::NodeType::Map:
      return FromMap(node, at);
  }
  return Json();
}

}  // namespace

Json ParseYaml(std::string_view text) {
  return ParseYaml(text, nullptr);
}

Json ParseYaml(std::string_view text, YamlLines* lines) {
  try {
    size_t nodes = 0;
    return FromNode(YAML::Load(std::string(text)), {.nodes = &nodes, .lines = lines});
  } catch (const YAML::Exception& error) {
    throw InvalidArgument("Malformed YAML at line {}, column {}: {}", error.mark.line + 1,
                          error.mark.column + 1, error.msg);
  }
}

int LineOf(const YamlLines& lines, std::string path) {
  while (true) {
    if (const auto found = lines.find(path); found != lines.end()) return found->second;
    const size_t end = path.find_last_of(".[");
    if (end == std::string::npos) break;
    path.erase(end);
  }
  const auto whole = lines.find("");
  return whole == lines.end() ? 1 : whole->second;
}

}  // namespace millwright
