#include "api/kserve/infer_body.h"

#include "api/kserve/plain_infer_body.h"
#include "api/kserve/raw_tensor.h"
#include "api/kserve/wanted_outputs.h"
#include "api/prediction/json_in.h"
#include "api/prediction/prediction_id.h"
#include "api/prediction/tensor_json.h"
#include "base/error.h"
#include "base/json.h"

namespace millwright::api::kserve {
namespace {

using inference::Tensor;
using prediction::AsArray;
using prediction::AsInteger;
using prediction::AsObject;
using prediction::AsText;
namespace ondemand = prediction::ondemand;

constexpr size_t kUsualAnswerBytes = 512;  // without the data of many rows

Error UnknownField(std::string_view where, std::string_view field) {
  return InvalidArgument("Unknown field of {}: {}", where, field).WithField(std::string(field));
}

bool AsBool(ondemand::value value, std::string_view field) {
  if (value.type() != ondemand::json_type::boolean) {
    throw InvalidArgument("{} must be true or false", field).WithField(std::string(field));
  }
  return value.get_bool();
}

// Parameters are the caller's own but for the names that the binary extension gives a meaning.
struct Parameters {
  std::optional<int64_t> binary_data_size;
  bool binary = false;  // binary_data or binary_data_output
  bool has_binary = false;
  size_t classes = 0;  // classification
};

Parameters ReadParameters(ondemand::value value) {
  Parameters parameters;
  for (ondemand::field field : AsObject(value, "parameters")) {
    const std::string_view key = field.unescaped_key();
    if (key == "binary_data_size") {
      parameters.binary_data_size = AsInteger(field.value(), key);
      if (*parameters.binary_data_size < 0) {
        throw InvalidArgument("binary_data_size must not be negative").WithField(std::string(key));
      }
    } else if (key == "classification") {
      const int64_t classes = AsInteger(field.value(), key);
      if (classes < 0) {
        throw InvalidArgument("classification must not be negative").WithField(std::string(key));
      }
      parameters.classes = static_cast<size_t>(classes);
    } else if (key == "binary_data" || key == "binary_data_output") {
      parameters.binary = AsBool(field.value(), key);
      parameters.has_binary = true;
    }
  }
  return parameters;
}

std::vector<int64_t> ReadShape(ondemand::value value) {
  std::vector<int64_t> shape;
  for (ondemand::value size : AsArray(value, "shape")) {
    if (shape.size() == prediction::kRankMax) {
      throw InvalidArgument("A shape has at most {} dimensions", prediction::kRankMax)
          .WithField("shape");
    }
    shape.push_back(AsInteger(size, "shape"));
    if (shape.back() < 0) {
      throw InvalidArgument("A dimension must not be negative: {}", shape.back())
          .WithField("shape");
    }
  }
  return shape;
}

inference::DataType ReadDataType(ondemand::value value) {
  const std::string name = AsText(value, "datatype");
  const auto type = inference::ParseDataType(name);
  if (!type) throw InvalidArgument("Unknown datatype: {}", name).WithField("datatype");
  return *type;
}

// Reads one input; data may come before what says how to read it.
class InputReader {
 public:
  InputReader(std::string_view raw, size_t body_bytes) : raw_(raw), body_bytes_(body_bytes) {}

  Tensor Read(ondemand::value value) {
    for (ondemand::field field : AsObject(value, "inputs[]")) ReadField(field);
    if (!has_name_) throw Missing("name");
    if (!has_shape_) throw Missing("shape");
    if (!has_type_) throw Missing("datatype");
    if (!deferred_.empty()) deferred_.Read([&](ondemand::array data) { ReadData(data); });
    if (parameters_.binary_data_size) {
      if (has_data_) throw InvalidArgument("Input {}: both data and raw data", tensor_.name);
      ReadRawPart();
    } else if (!has_data_) {
      throw Missing("data");
    }
    return std::move(tensor_);
  }
  std::string_view rest() const { return raw_; }

 private:
  void ReadField(ondemand::field& field) {
    const std::string_view key = field.unescaped_key();
    if (key == "name") {
      tensor_.name = AsText(field.value(), "name");
      has_name_ = true;
    } else if (key == "shape") {
      tensor_.shape = ReadShape(field.value());
      has_shape_ = true;
    } else if (key == "datatype") {
      tensor_.type = ReadDataType(field.value());
      has_type_ = true;
    } else if (key == "data") {
      if (has_data_) throw InvalidArgument("Input {}: data given twice", tensor_.name);
      has_data_ = true;
      ondemand::array data = AsArray(field.value(), "data");
      if (has_shape_ && has_type_) {
        ReadData(data);
      } else {
        deferred_.Keep(data);
      }
    } else if (key == "parameters") {
      parameters_ = ReadParameters(field.value());
    } else {
      throw UnknownField("an input", key);
    }
  }

  void ReadData(ondemand::array data) { prediction::ReadData(data, body_bytes_, &tensor_); }

  void ReadRawPart() {
    const auto size = static_cast<size_t>(*parameters_.binary_data_size);
    if (size > raw_.size()) {
      throw InvalidArgument("Input {}: {} raw bytes declared, {} there", tensor_.name, size,
                            raw_.size())
          .WithField(tensor_.name);
    }
    ReadRaw(raw_.substr(0, size), &tensor_);
    raw_.remove_prefix(size);
  }

  Error Missing(std::string_view field) const {
    return InvalidArgument("Input {}: missing field: {}", tensor_.name, field)
        .WithField(std::string(field));
  }

  std::string_view raw_;
  const size_t body_bytes_;
  Tensor tensor_;
  Parameters parameters_;
  prediction::DeferredArray deferred_;
  bool has_name_ = false;
  bool has_shape_ = false;
  bool has_type_ = false;
  bool has_data_ = false;
};

RequestedOutput ReadRequestedOutput(ondemand::value value, std::optional<Encoding>* own) {
  RequestedOutput output;
  for (ondemand::field field : AsObject(value, "outputs[]")) {
    const std::string_view key = field.unescaped_key();
    if (key == "name") {
      output.name = AsText(field.value(), "name");
    } else if (key == "parameters") {
      const Parameters parameters = ReadParameters(field.value());
      if (parameters.has_binary) {
        *own = parameters.binary ? Encoding::kBinary : Encoding::kJson;
      }
      output.classes = parameters.classes;
    } else {
      throw UnknownField("an output", key);
    }
  }
  if (output.name.empty()) throw InvalidArgument("Missing field: name").WithField("name");
  return output;
}

// One walk over the root object.
class BodyReader {
 public:
  BodyReader(std::string_view raw, size_t body_bytes) : raw_(raw), body_bytes_(body_bytes) {}

  InferBody Read(ondemand::object& root) {
    for (ondemand::field field : root) ReadField(field);
    if (!has_inputs_) throw InvalidArgument("Missing field: inputs").WithField("inputs");
    if (!raw_.empty()) {
      throw InvalidArgument("{} raw bytes belong to no input", raw_.size());
    }
    for (size_t i = 0; i < body_.outputs.size(); ++i) {
      body_.outputs[i].encoding = own_[i].value_or(body_.encoding);
    }
    CheckUnique(body_.inputs);
    return std::move(body_);
  }

 private:
  void ReadField(ondemand::field& field) {
    const std::string_view key = field.unescaped_key();
    if (key == "inputs") {
      if (has_inputs_) throw InvalidArgument("inputs given twice").WithField("inputs");
      has_inputs_ = true;
      ReadInputs(AsArray(field.value(), "inputs"));
    } else if (key == "id") {
      body_.id = AsText(field.value(), "id");
      if (body_.id->empty()) {
        body_.id.reset();  // clients that have none send an empty one
      } else {
        prediction::CheckPredictionId(*body_.id, "id");
      }
    } else if (key == "outputs") {
      ReadOutputs(AsArray(field.value(), "outputs"));
    } else if (key == "parameters") {
      if (ReadParameters(field.value()).binary) body_.encoding = Encoding::kBinary;
    } else if (key != "model_name" && key != "model_version") {  // the path says which
      throw UnknownField("the request", key);
    }
  }

  void ReadInputs(ondemand::array inputs) {
    for (ondemand::value input : inputs) {
      if (body_.inputs.size() == kTensorsMax) {
        throw InvalidArgument("A request has at most {} inputs", kTensorsMax).WithField("inputs");
      }
      InputReader reader(raw_, body_bytes_);
      body_.inputs.push_back(reader.Read(input));
      raw_ = reader.rest();
    }
  }

  void ReadOutputs(ondemand::array outputs) {
    for (ondemand::value output : outputs) {
      if (body_.outputs.size() == kOutputsMax) {
        throw InvalidArgument("A request has at most {} outputs", kOutputsMax).WithField("outputs");
      }
      body_.outputs.push_back(ReadRequestedOutput(output, &own_.emplace_back()));
    }
  }

  std::string_view raw_;
  const size_t body_bytes_;
  InferBody body_;
  std::vector<std::optional<Encoding>> own_;  // the encoding that each output asks for itself
  bool has_inputs_ = false;
};

void WriteOutput(const Tensor& tensor, Encoding encoding, JsonWriter* writer, std::string* json,
                 std::string* raw) {
  writer->BeginObject().Field("name", tensor.name).Key("shape").BeginArray();
  for (const int64_t size : tensor.shape) writer->Int(size);
  writer->EndArray().Field("datatype", inference::DataTypeName(tensor.type));
  if (encoding == Encoding::kBinary) {
    const auto size = static_cast<int64_t>(AppendRaw(tensor, raw));
    writer->Key("parameters").BeginObject().Field("binary_data_size", size).EndObject();
  } else {
    writer->Key("data").Raw("");
    prediction::AppendFlat(tensor, {}, json);
  }
  writer->EndObject();
}

}  // namespace

InferBody ReadInferBody(std::string* body, size_t json_bytes) {
  const size_t body_bytes = body->size();
  auto plain = ReadPlainInferBody(std::string_view(*body).substr(0, json_bytes),
                                  std::string_view(*body).substr(json_bytes));
  if (plain) return *std::move(plain);
  prediction::JsonBody json(body, json_bytes);
  InferBody result;
  json.ReadObject([&](ondemand::object& root) {
    BodyReader reader(std::string_view(*body).substr(json_bytes), body_bytes);
    result = reader.Read(root);
  });
  return result;
}

EncodedAnswer WriteInferAnswer(const std::string& model, const std::string& id,
                               const InferBody& request, const serving::InferAnswer& answer) {
  EncodedAnswer encoded;
  encoded.body.reserve(kUsualAnswerBytes);
  std::string raw;
  JsonWriter writer(&encoded.body);
  writer.BeginObject()
      .Field("model_name", model)
      .Field("model_version", answer.model_version)
      .Field("id", id)
      .Key("outputs")
      .BeginArray();
  std::vector<Tensor> made;  // of classes
  const auto outputs = WantedOutputs(request.outputs, answer.outputs, &made);
  bool binary = request.outputs.empty() && request.encoding == Encoding::kBinary;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Encoding encoding =
        request.outputs.empty() ? request.encoding : request.outputs[i].encoding;
    binary = binary || encoding == Encoding::kBinary;
    WriteOutput(*outputs[i], encoding, &writer, &encoded.body, &raw);
  }
  writer.EndArray().EndObject();
  if (binary) {
    encoded.json_bytes = encoded.body.size();
    encoded.body += raw;
  }
  return encoded;
}

}  // namespace millwright::api::kserve
