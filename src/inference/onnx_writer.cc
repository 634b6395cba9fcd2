#include "inference/onnx_writer.h"

#include <cstring>

namespace millwright::inference {
namespace {

// Numbers of AttributeProto.AttributeType.
constexpr int64_t kAttributeFloat = 1;
constexpr int64_t kAttributeInt = 2;
constexpr int64_t kAttributeString = 3;
constexpr int64_t kAttributeFloats = 6;
constexpr int64_t kAttributeInts = 7;
constexpr int64_t kAttributeStrings = 8;

// Appends protobuf fields to a message's bytes.
class Message {
 public:
  Message& Int(uint32_t number, int64_t value) {
    Varint(number << 3);
    Varint(static_cast<uint64_t>(value));
    return *this;
  }
  Message& Float(uint32_t number, float value) {
    Varint((number << 3) | 5);
    AppendFloat(value);
    return *this;
  }
  Message& Bytes(uint32_t number, std::string_view bytes) {
    Varint((number << 3) | 2);
    Varint(bytes.size());
    bytes_ += bytes;
    return *this;
  }
  Message& Sub(uint32_t number, const Message& message) { return Bytes(number, message.bytes_); }
  Message& Floats(uint32_t number, const std::vector<float>& values) {
    Message packed;
    for (const float value : values) packed.AppendFloat(value);
    return Sub(number, packed);
  }
  Message& Ints(uint32_t number, const std::vector<int64_t>& values) {
    Message packed;
    for (const int64_t value : values) packed.Varint(static_cast<uint64_t>(value));
    return Sub(number, packed);
  }

  const std::string& bytes() const { return bytes_; }

 private:
  void Varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }
  void AppendFloat(float value) {
    char raw[sizeof(float)];
    std::memcpy(raw, &value, sizeof raw);
    bytes_.append(raw, sizeof raw);
  }

  std::string bytes_;
};

struct AttributeWriter {
  Message& out;

  void operator()(int64_t value) const { out.Int(3, value).Int(20, kAttributeInt); }
  void operator()(float value) const { out.Float(2, value).Int(20, kAttributeFloat); }
  void operator()(const std::string& value) const { out.Bytes(4, value).Int(20, kAttributeString); }
  void operator()(const std::vector<int64_t>& values) const {
    out.Ints(8, values).Int(20, kAttributeInts);
  }
  void operator()(const std::vector<float>& values) const {
    out.Floats(7, values).Int(20, kAttributeFloats);
  }
  void operator()(const std::vector<std::string>& values) const {
    for (const std::string& value : values) out.Bytes(9, value);
    out.Int(20, kAttributeStrings);
  }
};

Message WriteNode(const OnnxNode& node) {
  Message message;
  for (const std::string& input : node.inputs) message.Bytes(1, input);
  for (const std::string& output : node.outputs) message.Bytes(2, output);
  if (!node.name.empty()) message.Bytes(3, node.name);
  message.Bytes(4, node.op_type);
  for (const OnnxAttribute& attribute : node.attributes) {
    Message out;
    out.Bytes(1, attribute.name);
    std::visit(AttributeWriter{out}, attribute.value);
    message.Sub(5, out);
  }
  if (!node.domain.empty()) message.Bytes(7, node.domain);
  return message;
}

// Numbers of TensorProto.DataType, in the order of DataType.
constexpr int64_t kElementTypes[] = {9, 2, 4, 12, 13, 3, 5, 6, 7, 10, 1, 11, 8};
static_assert(std::size(kElementTypes) == static_cast<size_t>(DataType::kBytes) + 1);

Message WriteConstant(const OnnxConstant& constant) {
  Message message;
  for (const int64_t size : constant.shape) message.Int(1, size);
  std::visit(
      [&message](const auto& values) {
        using Value = typename std::decay_t<decltype(values)>::value_type;
        constexpr auto kType = std::is_same_v<Value, float>    ? DataType::kFp32
                               : std::is_same_v<Value, double> ? DataType::kFp64
                                                               : DataType::kInt64;
        message.Int(2, kElementTypes[static_cast<size_t>(kType)]);
        message.Bytes(
            9, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Value)});
      },
      constant.values);
  return message.Bytes(8, constant.name);
}

Message WriteValueInfo(const TensorSpec& spec) {
  Message shape;
  for (const int64_t size : spec.shape) {
    shape.Sub(1, size < 0 ? Message().Bytes(2, "N") : Message().Int(1, size));
  }
  Message tensor;
  tensor.Int(1, kElementTypes[static_cast<size_t>(spec.type)]).Sub(2, shape);
  return Message().Bytes(1, spec.name).Sub(2, Message().Sub(1, tensor));
}

Message WriteOpset(std::string_view domain, int64_t version) {
  return Message().Bytes(1, domain).Int(2, version);
}

}  // namespace

std::string SerializeOnnxModel(const OnnxModel& model) {
  Message graph;
  for (const OnnxNode& node : model.nodes) graph.Sub(1, WriteNode(node));
  graph.Bytes(2, model.name);
  for (const OnnxConstant& constant : model.constants) graph.Sub(5, WriteConstant(constant));
  for (const TensorSpec& input : model.inputs) graph.Sub(11, WriteValueInfo(input));
  for (const TensorSpec& output : model.outputs) graph.Sub(12, WriteValueInfo(output));
  Message out;
  out.Int(1, kWrittenIrVersion).Bytes(2, "millwright").Sub(7, graph);
  out.Sub(8, WriteOpset("", kWrittenOpset)).Sub(8, WriteOpset("ai.onnx.ml", kWrittenMlOpset));
  for (const auto& [key, value] : model.metadata) {
    out.Sub(14, Message().Bytes(1, key).Bytes(2, value));
  }
  return out.bytes();
}

}  // namespace millwright::inference
