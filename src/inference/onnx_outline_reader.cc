#include "inference/onnx_outline_reader.h"

#include <fmt/format.h>

#include "base/error.h"
#include "inference/outline_elements.h"

namespace millwright::inference::outline {
namespace {

constexpr int kDepthMax = 32;  // of graphs in graphs and of types in types
constexpr uint64_t kNameBytesMax = 1'000;
constexpr uint64_t kBeginningBytes = 1'000;
constexpr uint64_t kTextBytesMax = 48 << 20;  // of all that is kept
constexpr size_t kDimensionsMax = 64;
constexpr uint64_t kSmallTensorElementsMax = 16;
constexpr size_t kGraphInputsMax = 10'000;
constexpr size_t kMetadataMax = 100;

constexpr std::string_view kAttributeKinds[] = {
    "",        "float",   "int",    "string",        "tensor",         "graph", "floats", "ints",
    "strings", "tensors", "graphs", "sparse tensor", "sparse tensors", "type",  "types"};

std::string ShapeText(const Value& value) {
  if (!value.shape || value.shape->empty()) return value.type;
  return fmt::format("{}[{}]", value.type, fmt::join(*value.shape, ", "));
}

// Multiplies the dimensions as far as it matters for deciding whether a tensor is small.
bool IsSmall(const std::vector<std::string>& shape) {
  uint64_t count = 1;
  for (const std::string& size : shape) {
    if (size.size() > 2 || size.starts_with("-")) return false;
    count *= std::stoull(size);
  }
  return count <= kSmallTensorElementsMax;
}

}  // namespace

std::string Reader::Text(const Field& field) {
  if (!field.is_bytes) throw InvalidArgument("field {} does not hold bytes", field.number);
  if (field.size() > kNameBytesMax) {
    throw InvalidArgument("a name has {} bytes, {} are read", field.size(), kNameBytesMax);
  }
  text_bytes_ += field.size();
  if (text_bytes_ > kTextBytesMax) throw InvalidArgument("its structure is too large to be read");
  return std::string(bytes_.At(field.begin, field.size()));
}

std::string Reader::Beginning(const Field& field) {
  if (!field.is_bytes || field.size() <= kBeginningBytes) return Text(field);
  Field beginning = field;
  beginning.end = field.begin + kBeginningBytes;
  return Text(beginning) + fmt::format("… ({} bytes in all)", field.size());
}

void Reader::ReadOpset(const Field& field) {
  std::pair<std::string, int64_t> opset;
  RangedProtobuf reader(bytes_, field);
  while (const auto part = reader.Next()) {
    if (part->number == 1) opset.first = Text(*part);
    if (part->number == 2) opset.second = part->Int();
  }
  if (model_.opsets.size() < kMetadataMax) model_.opsets.push_back(std::move(opset));
}

void Reader::ReadMetadata(const Field& field) {
  std::pair<std::string, std::string> entry;
  RangedProtobuf reader(bytes_, field);
  while (const auto part = reader.Next()) {
    if (part->number == 1) entry.first = Beginning(*part);
    if (part->number == 2) entry.second = Beginning(*part);
  }
  if (model_.metadata.size() < kMetadataMax) model_.metadata.push_back(std::move(entry));
}

size_t Reader::AddGraph(Graph::Kind kind) {
  if (model_.graphs.size() == kGraphsMax) {
    throw InvalidArgument("it holds more than {} graphs", kGraphsMax);
  }
  model_.graphs.emplace_back().kind = kind;
  return model_.graphs.size() - 1;
}

Value Reader::ReadValue(const Field& field) {
  Value value;
  RangedProtobuf reader(bytes_, field);
  while (const auto part = reader.Next()) {
    if (part->number == 1) value.name = Text(*part);
    if (part->number == 2) ReadType(*part, 0, &value);
  }
  return value;
}

// Field numbers of TypeProto: 1 tensor, 4 sequence, 5 map, 8 sparse tensor, 9 optional. Within,
// the element type is the field 1, a map's value type and a tensor's shape the field 2.
void Reader::ReadType(const Field& field, int depth, Value* value) {
  if (depth > kDepthMax) throw InvalidArgument("types are nested too deeply");
  RangedProtobuf reader(bytes_, field);
  while (const auto part = reader.Next()) {
    const uint32_t kind = part->number;
    if (kind != 1 && kind != 4 && kind != 5 && kind != 8 && kind != 9) continue;
    RangedProtobuf inside(bytes_, *part);
    Value inner;
    std::string key;
    while (const auto about = inside.Next()) {
      if (about->number == 1 && !about->is_bytes) key = TypeName(about->Int());
      if (about->number == 1 && about->is_bytes) ReadType(*about, depth + 1, &inner);
      if (about->number != 2) continue;
      if (kind == 5) ReadType(*about, depth + 1, &inner);
      if (kind == 1 || kind == 8) value->shape = ReadShape(*about);
    }
    if (kind == 1) value->type = key;
    if (kind == 8) value->type = fmt::format("sparse({})", key);
    if (kind == 4) value->type = fmt::format("sequence({})", ShapeText(inner));
    if (kind == 5) value->type = fmt::format("map({}, {})", key, ShapeText(inner));
    if (kind == 9) value->type = fmt::format("optional({})", ShapeText(inner));
  }
}

std::vector<std::string> Reader::ReadShape(const Field& field) {
  std::vector<std::string> shape;
  RangedProtobuf reader(bytes_, field);
  while (const auto part = reader.Next()) {
    if (part->number != 1) continue;
    if (shape.size() == kDimensionsMax) throw InvalidArgument("a shape has too many dimensions");
    shape.push_back(ReadDimension(*part));
  }
  return shape;
}

std::string Reader::ReadDimension(const Field& field) {
  std::string size = "?";
  RangedProtobuf reader(bytes_, field);
  while (const auto part = reader.Next()) {
    if (part->number == 1 && part->Int() != -1) size = std::to_string(part->Int());
    if (part->number == 2 && part->size() > 0) size = Text(*part);
  }
  return size;
}

void Reader::ReadExternal(const Field& field, Tensor* tensor) {
  std::string key, value;
  RangedProtobuf reader(bytes_, field);
  while (const auto part = reader.Next()) {
    if (part->number == 1) key = Text(*part);
    if (part->number == 2) value = Beginning(*part);
  }
  if (key == "location") tensor->external_file = std::move(value);
}

Tensor Reader::ReadTensor(const Field& field) {
  Tensor tensor;
  tensor.value.shape.emplace();
  int64_t type = 0;
  Elements dimensions, elements;
  std::optional<Field> raw;
  RangedProtobuf reader(bytes_, field);
  const auto add_dimension = [&](uint64_t size) {
    if (tensor.value.shape->size() == kDimensionsMax) {
      throw InvalidArgument("a shape has too many dimensions");
    }
    tensor.value.shape->push_back(std::to_string(static_cast<int64_t>(size)));
  };
  // What fills a large tensor is passed over, not read.
  const auto add_elements = [&](const Field& part, Elements::Element element) {
    if (part.size() <= kSmallTensorElementsMax * sizeof(double)) {
      elements.AddField(bytes_, part, element);
    }
  };
  while (const auto part = reader.Next()) {
    switch (part->number) {
      case 1: {
        if (!part->is_bytes) {
          add_dimension(part->value);
          break;
        }
        RangedProtobuf packed(bytes_, *part);
        while (!packed.at_end()) add_dimension(packed.Varint());
        break;
      }
      case 2:
        type = part->Int();
        break;
      case 4:
        add_elements(*part, Elements::Element::kFloat);
        break;
      case 5:
      case 7:
      case 11:
        add_elements(*part, Elements::Element::kInt);
        break;
      case 6:
        if (elements.count() < kSmallTensorElementsMax) elements.Add(Beginning(*part));
        break;
      case 8:
        tensor.value.name = Text(*part);
        break;
      case 9:
        raw = *part;
        break;
      case 10:
        add_elements(*part, Elements::Element::kDouble);
        break;
      case 13:
        ReadExternal(*part, &tensor);
        break;
      default:
        break;
    }
  }
  tensor.value.type = TypeName(type);
  if (!IsSmall(*tensor.value.shape)) return tensor;
  tensor.elements = elements.Finish();
  const bool is_small = raw && raw->size() <= kSmallTensorElementsMax * ElementBytes(type);
  if (is_small) tensor.elements = RawElements(bytes_.At(raw->begin, raw->size()), type);
  return tensor;
}

void Reader::AddTensor(const Field& field, size_t graph) {
  ++model_.graphs[graph].tensor_count;
  if (tensors_ == kTensorsMax) return;
  ++tensors_;
  model_.graphs[graph].tensors.push_back(ReadTensor(field));
}

Attribute Reader::ReadAttribute(const Field& field, int depth) {
  Attribute attribute;
  Elements elements;
  const auto kind = [&](size_t number) { attribute.kind = kAttributeKinds[number]; };
  RangedProtobuf reader(bytes_, field);
  while (const auto part = reader.Next()) {
    switch (part->number) {
      case 1:
        attribute.name = Text(*part);
        break;
      case 2:
      case 7:
        kind(part->number == 2 ? 1 : 6);
        elements.AddField(bytes_, *part, Elements::Element::kFloat);
        break;
      case 3:
      case 8:
        kind(part->number == 3 ? 2 : 7);
        elements.AddField(bytes_, *part, Elements::Element::kInt);
        break;
      case 4:
        kind(3);
        attribute.text = Beginning(*part);
        break;
      case 9:
        kind(8);
        elements.Add(std::string_view(Beginning(*part)));
        break;
      case 5:
      case 10: {
        kind(part->number == 5 ? 4 : 9);
        const Tensor tensor = ReadTensor(*part);
        if (!attribute.text.empty()) attribute.text += ", ";
        attribute.text += ShapeText(tensor.value);
        if (!tensor.elements.empty()) attribute.text += " = " + tensor.elements;
        break;
      }
      case 6:
      case 11:
        kind(part->number == 6 ? 5 : 10);
        attribute.graphs.push_back(ReadGraph(*part, Graph::Kind::kInner, depth + 1));
        break;
      case 14: {
        kind(13);
        Value value;
        ReadType(*part, 0, &value);
        attribute.text = ShapeText(value);
        break;
      }
      case 20:
        if (part->Int() > 0 && part->Int() < int64_t{std::size(kAttributeKinds)})
          kind(static_cast<size_t>(part->Int()));
        break;
      case 21:
        attribute.text = fmt::format("the function's {}", Text(*part));
        break;
      default:
        break;
    }
  }
  if (elements.count() > 0) attribute.text = elements.Finish();
  return attribute;
}

void Reader::AddNode(const Field& field, size_t graph, int depth) {
  ++model_.graphs[graph].node_count;
  if (nodes_ == kNodesMax) return;
  ++nodes_;
  Node node;
  RangedProtobuf reader(bytes_, field);
  while (const auto part = reader.Next()) {
    if (part->number == 1) node.inputs.push_back(Text(*part));
    if (part->number == 2) node.outputs.push_back(Text(*part));
    if (part->number == 3) node.name = Text(*part);
    if (part->number == 4) node.op = Text(*part);
    if (part->number == 5) node.attributes.push_back(ReadAttribute(*part, depth));
    if (part->number == 7) node.domain = Text(*part);
  }
  if (node.op.empty()) throw InvalidArgument("node {} names no operator", node.name);
  // Graphs within its attributes may have moved the graph itself.
  model_.graphs[graph].nodes.push_back(std::move(node));
}

void Reader::ReadGraphField(const Field& field, size_t at, int depth) {
  const auto graph = [&]() -> Graph& { return model_.graphs[at]; };
  const auto add = [&](std::vector<Value>* values, size_t max) {
    if (values->size() < max) values->push_back(ReadValue(field));
  };
  switch (field.number) {
    case 1:
      return AddNode(field, at, depth);
    case 2:
      graph().name = Text(field);
      return;
    case 5:
      return AddTensor(field, at);
    case 11:
      return add(&graph().inputs, kGraphInputsMax);
    case 12:
      return add(&graph().outputs, kGraphInputsMax);
    case 13:
      return add(&graph().values, kNodesMax);
    case 15: {  // a sparse initializer; its values bear its name
      RangedProtobuf sparse(bytes_, field);
      while (const auto part = sparse.Next()) {
        if (part->number == 1) AddTensor(*part, at);
      }
      return;
    }
    default:
      return;
  }
}

size_t Reader::ReadGraph(const Field& field, Graph::Kind kind, int depth) {
  if (depth > kDepthMax) throw InvalidArgument("graphs are nested too deeply");
  const size_t at = AddGraph(kind);
  RangedProtobuf reader(bytes_, field);
  while (const auto part = reader.Next()) ReadGraphField(*part, at, depth);
  return at;
}

size_t Reader::ReadFunction(const Field& field) {
  const size_t at = AddGraph(Graph::Kind::kFunction);
  RangedProtobuf reader(bytes_, field);
  while (const auto part = reader.Next()) {
    Graph& graph = model_.graphs[at];
    if (part->number == 1) graph.name = Text(*part);
    if (part->number == 4) graph.inputs.push_back({.name = Text(*part), .type = ""});
    if (part->number == 5) graph.outputs.push_back({.name = Text(*part), .type = ""});
    if (part->number == 7) AddNode(*part, at, 1);
    if (part->number == 10) graph.domain = Text(*part);
    if (part->number == 12) graph.values.push_back(ReadValue(*part));
  }
  return at;
}

Model Reader::Read() {
  std::vector<Field> functions;
  std::optional<Field> main;
  RangedProtobuf reader(bytes_, 0, bytes_.size());
  while (const auto field = reader.Next()) {
    switch (field->number) {
      case 1:
        model_.ir_version = field->Int();
        break;
      case 2:
        model_.producer = Beginning(*field);
        break;
      case 3:
        model_.producer_version = Beginning(*field);
        break;
      case 6:
        model_.description = Beginning(*field);
        break;
      case 7:
        if (main) throw InvalidArgument("it holds two graphs");
        main = *field;
        break;
      case 8:
        ReadOpset(*field);
        break;
      case 14:
        ReadMetadata(*field);
        break;
      case 25:
        if (functions.size() < kGraphsMax) functions.push_back(*field);
        break;
      default:
        break;
    }
  }
  if (!main || model_.ir_version == 0) throw InvalidArgument("it is not an ONNX model");
  ReadGraph(*main, Graph::Kind::kMain, 0);
  for (const Field& function : functions) ReadFunction(function);
  return std::move(model_);
}

}  // namespace millwright::inference::outline
