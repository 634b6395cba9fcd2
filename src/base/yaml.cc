#include "base/yaml.h"

#include <yaml-cpp/yaml.h>

#include <charconv>

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

Json FromNode(const YAML::Node& node, int depth, size_t* nodes) {
  if (++*nodes > kYamlNodesMax) throw InvalidArgument("YAML has too many nodes");
  if (depth > kYamlDepthMax) throw InvalidArgument("YAML is nested too deeply");
  switch (node.Type()) {
    case YAML::NodeType::Undefined:
    case YAML::NodeType::Null:
      return Json();
    case YAML::NodeType::Scalar:
      return FromScalar(node);
    case YAML::NodeType::Sequence: {
      Json array = Json::MakeArray();
      for (const auto& item : node) array.Append(FromNode(item, depth + 1, nodes));
      return array;
    }
    case YAML::NodeType::Map: {
      Json object = Json::MakeObject();
      for (const auto& item : node)
        object.Set(item.first.Scalar(), FromNode(item.second, depth + 1, nodes));
      return object;
    }
  }
  return Json();
}

}  // namespace

Json ParseYaml(std::string_view text) {
  try {
    size_t nodes = 0;
    return FromNode(YAML::Load(std::string(text)), 0, &nodes);
  } catch (const YAML::Exception& error) {
    throw InvalidArgument("Malformed YAML at line {}, column {}: {}", error.mark.line + 1,
                          error.mark.column + 1, error.msg);
  }
}

}  // namespace millwright
