#include "api/native/onnx_json.h"

#include "base/json.h"
#include "base/valid_text.h"

namespace millwright::api::native {
namespace {

using namespace inference::outline;

std::string_view KindName(Graph::Kind kind) {
  switch (kind) {
    case Graph::Kind::kMain:
      return "main";
    case Graph::Kind::kInner:
      return "inner";
    case Graph::Kind::kFunction:
      return "function";
  }
  return "";
}

// Appends what differs from nothing: most nodes have no name, domain or attribute.
void WriteText(JsonWriter& json, std::string_view key, const std::string& text) {
  if (!text.empty()) json.Field(key, ValidText(text));
}

void WriteNames(JsonWriter& json, std::string_view key, const std::vector<std::string>& names) {
  json.Key(key).BeginArray();
  for (const auto& name : names) json.String(ValidText(name));
  json.EndArray();
}

void WriteValueFields(JsonWriter& json, const Value& value) {
  json.Field("name", ValidText(value.name));
  WriteText(json, "type", value.type);
  if (value.shape) WriteNames(json, "shape", *value.shape);
}

void WriteValues(JsonWriter& json, std::string_view key, const std::vector<Value>& values) {
  json.Key(key).BeginArray();
  for (const auto& value : values) {
    json.BeginObject();
    WriteValueFields(json, value);
    json.EndObject();
  }
  json.EndArray();
}

void WriteTensors(JsonWriter& json, const Graph& graph) {
  json.Key("tensors").BeginArray();
  for (const auto& tensor : graph.tensors) {
    json.BeginObject();
    WriteValueFields(json, tensor.value);
    WriteText(json, "elements", tensor.elements);
    WriteText(json, "external_file", tensor.external_file);
    json.EndObject();
  }
  json.EndArray();
}

void WriteAttributes(JsonWriter& json, const Node& node) {
  if (node.attributes.empty()) return;
  json.Key("attributes").BeginArray();
  for (const auto& attribute : node.attributes) {
    json.BeginObject().Field("name", ValidText(attribute.name)).Field("kind", attribute.kind);
    WriteText(json, "value", attribute.text);
    if (!attribute.graphs.empty()) {
      json.Key("graphs").BeginArray();
      for (const size_t graph : attribute.graphs) json.Int(static_cast<int64_t>(graph));
      json.EndArray();
    }
    json.EndObject();
  }
  json.EndArray();
}

void WriteGraph(JsonWriter& json, const Graph& graph) {
  json.BeginObject().Field("kind", KindName(graph.kind));
  WriteText(json, "name", graph.name);
  WriteText(json, "domain", graph.domain);
  WriteValues(json, "inputs", graph.inputs);
  WriteValues(json, "outputs", graph.outputs);
  WriteValues(json, "values", graph.values);
  WriteTensors(json, graph);
  json.Key("nodes").BeginArray();
  for (const auto& node : graph.nodes) {
    json.BeginObject().Field("op", ValidText(node.op));
    WriteText(json, "name", node.name);
    WriteText(json, "domain", node.domain);
    WriteNames(json, "inputs", node.inputs);
    WriteNames(json, "outputs", node.outputs);
    WriteAttributes(json, node);
    json.EndObject();
  }
  json.EndArray();
  json.Field("node_count", static_cast<int64_t>(graph.node_count));
  json.Field("tensor_count", static_cast<int64_t>(graph.tensor_count));
  WriteNames(json, "faults", graph.faults);
  json.EndObject();
}

}  // namespace

std::string OnnxJson(const Model& model, uint64_t bytes) {
  std::string text;
  JsonWriter json(&text);
  json.BeginObject().Field("bytes", static_cast<int64_t>(bytes));
  json.Field("ir_version", model.ir_version);
  WriteText(json, "producer", model.producer);
  WriteText(json, "producer_version", model.producer_version);
  WriteText(json, "description", model.description);
  json.Key("opsets").BeginArray();
  for (const auto& [domain, version] : model.opsets) {
    json.BeginObject().Field("domain", ValidText(domain)).Field("version", version).EndObject();
  }
  json.EndArray().Key("metadata").BeginArray();
  for (const auto& [key, value] : model.metadata) {
    json.BeginObject().Field("key", ValidText(key)).Field("value", ValidText(value)).EndObject();
  }
  json.EndArray().Key("graphs").BeginArray();
  for (const auto& graph : model.graphs) WriteGraph(json, graph);
  json.EndArray().EndObject();
  return text;
}

}  // namespace millwright::api::native
