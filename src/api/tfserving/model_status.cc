#include "api/tfserving/model_status.h"

#include <algorithm>

#include "base/json.h"

namespace millwright::api::tfserving {
namespace {

using inference::DataType;
using inference::TensorSpec;
using serving::VersionStatus;

std::string_view DtypeName(DataType type) {
  switch (type) {
    case DataType::kBool:
      return "DT_BOOL";
    case DataType::kUint8:
      return "DT_UINT8";
    case DataType::kUint16:
      return "DT_UINT16";
    case DataType::kUint32:
      return "DT_UINT32";
    case DataType::kUint64:
      return "DT_UINT64";
    case DataType::kInt8:
      return "DT_INT8";
    case DataType::kInt16:
      return "DT_INT16";
    case DataType::kInt32:
      return "DT_INT32";
    case DataType::kInt64:
      return "DT_INT64";
    case DataType::kFp16:
      return "DT_HALF";
    case DataType::kFp32:
      return "DT_FLOAT";
    case DataType::kFp64:
      return "DT_DOUBLE";
    case DataType::kBytes:
      return "DT_STRING";
  }
  return "DT_INVALID";
}

std::string_view StateName(VersionStatus::State state) {
  switch (state) {
    case VersionStatus::State::kReady:
      return "AVAILABLE";
    case VersionStatus::State::kLoading:
      return "LOADING";
    case VersionStatus::State::kUnavailable:
      return "END";
  }
  return "UNKNOWN";
}

void WriteTensors(std::string_view side, const std::vector<TensorSpec>& specs, JsonWriter* writer) {
  writer->Key(side).BeginObject();
  for (const TensorSpec& spec : specs) {
    writer->Key(spec.name).BeginObject().Field("dtype", DtypeName(spec.type));
    writer->Key("tensor_shape").BeginObject().Key("dim").BeginArray();
    for (const int64_t size : spec.shape) {
      // Protobuf writes 64-bit integers as strings.
      writer->BeginObject().Field("size", std::to_string(size)).Field("name", "").EndObject();
    }
    writer->EndArray().Field("unknown_rank", false).EndObject();
    writer->Field("name", spec.name + ":0").EndObject();
  }
  writer->EndObject();
}

}  // namespace

bool AnyReady(const std::vector<VersionStatus>& versions) {
  return std::any_of(versions.begin(), versions.end(), [](const VersionStatus& one) {
    return one.state == VersionStatus::State::kReady || one.loads_when_asked;
  });
}

std::string StatusJson(const std::string& model, const std::vector<VersionStatus>& versions) {
  std::string json;
  JsonWriter writer(&json);
  writer.BeginObject().Field("name", model).Field("ready", AnyReady(versions));
  writer.Key("model_version_status").BeginArray();
  for (const VersionStatus& one : versions) {
    const bool is_fine = one.state != VersionStatus::State::kUnavailable;
    writer.BeginObject()
        .Field("version", one.version)
        .Field("state", StateName(one.state))
        .Key("status")
        .BeginObject()
        .Field("error_code", is_fine ? "OK" : "UNAVAILABLE")
        .Field("error_message", one.reason)
        .EndObject()
        .EndObject();
  }
  writer.EndArray().EndObject();
  return json;
}

std::string MetadataJson(const serving::ModelInfo& info) {
  std::string json;
  JsonWriter writer(&json);
  writer.BeginObject().Key("model_spec").BeginObject();
  writer.Field("name", info.name).Field("signature_name", "").Field("version", info.version);
  writer.EndObject().Key("metadata").BeginObject();
  writer.Key("signature_def").BeginObject().Key("signature_def").BeginObject();
  writer.Key("serving_default").BeginObject();
  WriteTensors("inputs", info.signature.inputs, &writer);
  WriteTensors("outputs", info.signature.outputs, &writer);
  writer.Field("method_name", "tensorflow/serving/predict");
  writer.EndObject().EndObject().EndObject().EndObject().EndObject();
  return json;
}

}  // namespace millwright::api::tfserving
