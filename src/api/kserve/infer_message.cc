#include "api/kserve/infer_message.h"

#include <cstring>
#include <limits>

#include "api/kserve/raw_tensor.h"
#include "api/kserve/typed_contents.h"
#include "api/kserve/wanted_outputs.h"
#include "api/prediction/prediction_id.h"
#include "api/prediction/rank.h"
#include "api/protobuf/reader.h"
#include "api/protobuf/writer.h"
#include "base/error.h"

namespace millwright::api::kserve {
namespace {

using inference::DataType;
using inference::Tensor;
using protobuf::Reader;
using protobuf::Writer;

// The parameters of a request, an input or an output that mean something here; others are the
// caller's own.
struct Parameters {
  bool binary_data_output = false;
  size_t classes = 0;
};

void ReadParameter(std::string_view entry_bytes, Parameters* parameters) {
  const protobuf::MapEntry entry = protobuf::ReadMapEntry(entry_bytes);
  if (entry.key.starts_with("shared_memory_")) {
    throw InvalidArgument("Tensors in shared memory are not served: {}", entry.key)
        .WithField(entry.key);
  }
  for (Reader value(entry.value); value.Next();) {
    if (entry.key == "binary_data_output" && value.number() == 1) {
      parameters->binary_data_output = value.Bool();
    } else if (entry.key == "classification") {
      if (value.number() != 2 || value.Int64() < 0) {
        throw InvalidArgument("classification must be an integer of 0 or more")
            .WithField(entry.key);
      }
      parameters->classes = static_cast<size_t>(value.Int64());
    }
  }
}

std::vector<int64_t> ShapeOf(const std::vector<uint64_t>& sizes) {
  if (sizes.size() > prediction::kRankMax) {
    throw InvalidArgument("A shape has at most {} dimensions", prediction::kRankMax)
        .WithField("shape");
  }
  std::vector<int64_t> shape;
  shape.reserve(sizes.size());
  for (const uint64_t size : sizes) {
    shape.push_back(static_cast<int64_t>(size));
    if (shape.back() < 0) {
      throw InvalidArgument("A dimension must not be negative: {}", shape.back())
          .WithField("shape");
    }
  }
  return shape;
}

// An input whose elements are still bytes: they can come before what says how to read them.
struct PendingInput {
  Tensor tensor;
  std::vector<std::string_view> contents;
};

PendingInput ReadInput(std::string_view bytes) {
  PendingInput input;
  std::string datatype;
  std::vector<uint64_t> shape;
  for (Reader reader(bytes); reader.Next();) {
    Parameters parameters;
    switch (reader.number()) {
      case 1:
        input.tensor.name = reader.Text();
        break;
      case 2:
        datatype = reader.Text();
        break;
      case 3:
        reader.AppendVarints(&shape);
        break;
      case 4:
        ReadParameter(reader.Bytes(), &parameters);
        break;
      case 5:
        input.contents.push_back(reader.Bytes());
        break;
      default:
        break;
    }
  }
  if (input.tensor.name.empty()) throw InvalidArgument("Missing field: name").WithField("name");
  const auto type = inference::ParseDataType(datatype);
  if (!type) throw InvalidArgument("Unknown datatype: {}", datatype).WithField("datatype");
  input.tensor.type = *type;
  input.tensor.shape = ShapeOf(shape);
  return input;
}

RequestedOutput ReadRequestedOutput(std::string_view bytes) {
  RequestedOutput output;
  for (Reader reader(bytes); reader.Next();) {
    if (reader.number() == 1) output.name = reader.Text();
    if (reader.number() == 2) {
      Parameters parameters;
      ReadParameter(reader.Bytes(), &parameters);
      if (parameters.classes > 0) output.classes = parameters.classes;
    }
  }
  if (output.name.empty()) throw InvalidArgument("Missing field: name").WithField("name");
  return output;
}

class MessageReader {
 public:
  InferMessage Read(std::string_view bytes) {
    for (Reader reader(bytes); reader.Next();) ReadField(reader);
    if (raw_.empty()) {
      FillTyped();
    } else {
      FillRaw();
    }
    CheckUnique(message_.inputs);
    return std::move(message_);
  }

 private:
  void ReadField(const Reader& reader) {
    switch (reader.number()) {
      case 1:
        message_.model = reader.Text();
        break;
      case 2:
        message_.version = reader.Text();
        break;
      case 3:
        ReadId(reader);
        break;
      case 4: {
        Parameters parameters;
        ReadParameter(reader.Bytes(), &parameters);
        message_.is_raw = message_.is_raw || parameters.binary_data_output;
        break;
      }
      case 5:
        if (inputs_.size() == kTensorsMax) {
          throw InvalidArgument("A request has at most {} inputs", kTensorsMax).WithField("inputs");
        }
        inputs_.push_back(ReadInput(reader.Bytes()));
        break;
      case 6:
        if (message_.outputs.size() == kOutputsMax) {
          throw InvalidArgument("A request has at most {} outputs", kOutputsMax)
              .WithField("outputs");
        }
        message_.outputs.push_back(ReadRequestedOutput(reader.Bytes()));
        break;
      case 7:
        if (raw_.size() == kTensorsMax) {
          throw InvalidArgument("A request has at most {} inputs", kTensorsMax)
              .WithField("raw_input_contents");
        }
        raw_.push_back(reader.Bytes());
        break;
      default:
        break;
    }
  }

  void ReadId(const Reader& reader) {
    std::string id = reader.Text();
    if (id.empty()) return;
    prediction::CheckPredictionId(id, "id");
    message_.id = std::move(id);
  }

  void FillRaw() {
    if (raw_.size() != inputs_.size()) {
      throw InvalidArgument("raw_input_contents has {} entries for {} inputs", raw_.size(),
                            inputs_.size())
          .WithField("raw_input_contents");
    }
    message_.is_raw = true;
    message_.inputs.reserve(inputs_.size());
    for (size_t i = 0; i < inputs_.size(); ++i) {
      if (!inputs_[i].contents.empty()) {
        throw InvalidArgument("Input {}: both contents and raw contents", inputs_[i].tensor.name)
            .WithField(inputs_[i].tensor.name);
      }
      ReadRaw(raw_[i], &inputs_[i].tensor);
      message_.inputs.push_back(std::move(inputs_[i].tensor));
    }
  }

  void FillTyped() {
    message_.inputs.reserve(inputs_.size());
    for (PendingInput& input : inputs_) {
      ReadTypedContents(input.contents, &input.tensor);
      message_.inputs.push_back(std::move(input.tensor));
    }
  }

  InferMessage message_;
  std::vector<PendingInput> inputs_;
  std::vector<std::string_view> raw_;
};

size_t RawBytes(const Tensor& tensor) {
  if (tensor.type != DataType::kBytes) return tensor.data.size();
  size_t size = 0;
  for (const std::string& text : tensor.strings) size += sizeof(uint32_t) + text.size();
  return size;
}

void WriteOutput(const Tensor& tensor, bool is_raw, std::string* out) {
  std::string output;
  Writer writer(&output);
  writer.Text(1, tensor.name).Text(2, inference::DataTypeName(tensor.type)).Ints(3, tensor.shape);
  if (!is_raw) writer.Sub(5, WriteTypedContents(tensor));
  Writer(out).Sub(5, output);
}

}  // namespace

InferMessage ReadInferMessage(std::string_view bytes) {
  return MessageReader().Read(bytes);
}

std::string WriteInferMessage(const std::string& id, const InferMessage& request,
                              const serving::InferAnswer& answer) {
  std::vector<Tensor> made;  // of classes
  const std::vector<const Tensor*> outputs = WantedOutputs(request.outputs, answer.outputs, &made);
  bool is_raw = request.is_raw;
  for (const Tensor* output : outputs) is_raw = is_raw || output->type == DataType::kFp16;
  std::string message;
  Writer writer(&message);
  writer.Text(1, request.model).Text(2, answer.model_version).Text(3, id);
  for (const Tensor* output : outputs) WriteOutput(*output, is_raw, &message);
  if (!is_raw) return message;
  for (const Tensor* output : outputs) {
    writer.BytesHead(6, RawBytes(*output));
    AppendRaw(*output, &message);
  }
  return message;
}

std::string WriteStreamAnswer(const std::string& answer) {
  std::string message;
  Writer(&message).Sub(2, answer);
  return message;
}

std::string WriteStreamError(std::string_view error, std::string_view id) {
  std::string response;
  if (!id.empty()) Writer(&response).Text(3, id);
  std::string message;
  Writer(&message).Text(1, error).Sub(2, response);
  return message;
}

std::string IdOfMessage(std::string_view message) {
  try {
    for (Reader reader(message); reader.Next();) {
      if (reader.number() == 3) return std::string(reader.Text());
    }
  } catch (const Error&) {
    // It is refused for that where it is read.
  }
  return "";
}

}  // namespace millwright::api::kserve
