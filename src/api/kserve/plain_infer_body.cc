#include "api/kserve/plain_infer_body.h"

#include <utility>

#include "api/kserve/raw_tensor.h"
#include "api/kserve/wanted_outputs.h"
#include "api/prediction/plain_json.h"
#include "api/prediction/prediction_id.h"
#include "api/prediction/rank.h"
#include "base/error.h"

namespace millwright::api::kserve {
namespace {

using inference::Tensor;
using prediction::PlainJson;

constexpr size_t kUsualRank = 4;

// Notes which fields have come; each may come once.
class Fields {
 public:
  // False for one that has come before.
  bool Add(unsigned field) {
    const bool is_new = !Has(field);
    seen_ |= 1U << field;
    return is_new;
  }
  bool Has(unsigned field) const { return (seen_ >> field & 1) != 0; }

 private:
  unsigned seen_ = 0;
};

struct PlainParameters {
  std::optional<int64_t> binary_data_size;
  std::optional<bool> is_binary;
};

bool ReadParameters(PlainJson* json, PlainParameters* parameters) {
  return json->TakeObject([&](std::string_view key) {
    if (key == "binary_data_size" && !parameters->binary_data_size) {
      parameters->binary_data_size = json->TakeInteger();
      return parameters->binary_data_size.has_value();
    }
    if ((key == "binary_data" || key == "binary_data_output") && !parameters->is_binary) {
      parameters->is_binary = json->TakeBool();
      return parameters->is_binary.has_value();
    }
    return false;
  });
}

bool ReadShape(PlainJson* json, std::vector<int64_t>* shape) {
  shape->reserve(kUsualRank);
  return json->TakeArray([&] {
    const auto size = json->TakeInteger();
    if (!size || shape->size() == prediction::kRankMax) return false;
    shape->push_back(*size);
    return true;
  });
}

bool ReadText(PlainJson* json, std::string* text) {
  const auto read = json->TakeText();
  if (read) *text = *read;
  return read.has_value();
}

class PlainBodyReader {
 public:
  PlainBodyReader(std::string_view json, std::string_view raw) : json_(json), raw_(raw) {}

  std::optional<InferBody> Read() {
    const auto read_field = [&](std::string_view key) { return ReadField(key); };
    const bool is_read = json_.TakeObject(read_field) && json_.IsAtEnd();
    if (!is_read || !fields_.Has(kInputs) || !raw_.empty()) return std::nullopt;
    for (size_t i = 0; i < body_.outputs.size(); ++i) {
      body_.outputs[i].encoding = own_[i].value_or(body_.encoding);
    }
    CheckUnique(body_.inputs);
    return std::move(body_);
  }

 private:
  enum Field : unsigned { kInputs, kOutputs, kId, kParameters, kName, kShape, kType, kData };

  bool ReadField(std::string_view key) {
    if (key == "inputs") {
      return fields_.Add(kInputs) && json_.TakeArray([&] { return ReadInput(); });
    }
    if (key == "id") return fields_.Add(kId) && ReadId();
    if (key == "outputs") {
      return fields_.Add(kOutputs) && json_.TakeArray([&] { return ReadOutput(); });
    }
    PlainParameters parameters;
    if (key != "parameters" || !fields_.Add(kParameters) || !ReadParameters(&json_, &parameters) ||
        parameters.binary_data_size) {
      return false;
    }
    if (parameters.is_binary.value_or(false)) body_.encoding = Encoding::kBinary;
    return true;
  }

  bool ReadId() {
    std::string id;
    if (!ReadText(&json_, &id)) return false;
    if (id.empty()) return true;
    prediction::CheckPredictionId(id, "id");
    body_.id = std::move(id);
    return true;
  }

  bool ReadInput() {
    if (body_.inputs.size() == kTensorsMax) return false;
    Tensor tensor;
    Fields fields;
    PlainParameters parameters;
    const auto read_field = [&](std::string_view key) {
      if (key == "name") return fields.Add(kName) && ReadText(&json_, &tensor.name);
      if (key == "shape") return fields.Add(kShape) && ReadShape(&json_, &tensor.shape);
      if (key == "datatype") return fields.Add(kType) && ReadType(&tensor.type);
      if (key == "parameters") {
        return fields.Add(kParameters) && ReadParameters(&json_, &parameters) &&
               !parameters.is_binary;
      }
      return key == "data" && fields.Has(kName) && fields.Has(kShape) && fields.Has(kType) &&
             fields.Add(kData) && prediction::ReadPlainData(&json_, &tensor);
    };
    if (!json_.TakeObject(read_field)) return false;
    if (!fields.Has(kName) || !fields.Has(kShape) || !fields.Has(kType)) return false;
    if (fields.Has(kData) == parameters.binary_data_size.has_value()) return false;
    if (parameters.binary_data_size && !ReadRawPart(*parameters.binary_data_size, &tensor)) {
      return false;
    }
    body_.inputs.push_back(std::move(tensor));
    return true;
  }

  bool ReadType(inference::DataType* type) {
    const auto name = json_.TakeText();
    const auto known = name ? inference::ParseDataType(*name) : std::nullopt;
    if (known) *type = *known;
    return known.has_value();
  }

  bool ReadRawPart(int64_t bytes, Tensor* tensor) {
    const auto size = static_cast<size_t>(bytes);
    if (size > raw_.size()) return false;
    ReadRaw(raw_.substr(0, size), tensor);
    raw_.remove_prefix(size);
    return true;
  }

  bool ReadOutput() {
    if (body_.outputs.size() == kOutputsMax) return false;
    RequestedOutput output;
    Fields fields;
    PlainParameters parameters;
    const auto read_field = [&](std::string_view key) {
      if (key == "name") return fields.Add(kName) && ReadText(&json_, &output.name);
      return key == "parameters" && fields.Add(kParameters) &&
             ReadParameters(&json_, &parameters) && !parameters.binary_data_size;
    };
    if (!json_.TakeObject(read_field) || output.name.empty()) return false;
    std::optional<Encoding> own;
    if (parameters.is_binary) own = *parameters.is_binary ? Encoding::kBinary : Encoding::kJson;
    own_.push_back(own);
    body_.outputs.push_back(std::move(output));
    return true;
  }

  PlainJson json_;
  std::string_view raw_;
  InferBody body_;
  Fields fields_;
  std::vector<std::optional<Encoding>> own_;  // the encoding that each output asks for itself
};

}  // namespace

std::optional<InferBody> ReadPlainInferBody(std::string_view json, std::string_view raw) {
  try {
    return PlainBodyReader(json, raw).Read();
  } catch (const Error&) {
    return std::nullopt;  // the walk comes to it in its own order
  }
}

}  // namespace millwright::api::kserve
