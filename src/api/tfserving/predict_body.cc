#include "api/tfserving/predict_body.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "api/prediction/instances.h"
#include "api/prediction/json_in.h"
#include "api/prediction/plain_json.h"
#include "api/prediction/plain_table.h"
#include "base/error.h"
#include "base/json.h"

namespace millwright::api::tfserving {
namespace {

using inference::Signature;
using inference::Tensor;
using prediction::AsArray;
using prediction::AsText;
using serving::ExtraColumns;
namespace ondemand = prediction::ondemand;

constexpr std::string_view kSignatureName = "serving_default";

void CheckSignatureName(std::string_view name) {
  if (name.empty() || name == kSignatureName) return;
  throw InvalidArgument("Serving signature name: \"{}\" not found in signature def", name)
      .WithField("signature_name");
}

// Whether an input holds one value a row, so that a feature of one value in a list fits it.
bool IsScalar(const std::vector<int64_t>& shape) {
  return shape.size() <= 1 || (shape.size() == 2 && shape[1] == 1);
}

bool TakesScalar(const Signature& signature, std::string_view feature) {
  for (const auto& input : signature.inputs) {
    if (input.name == feature) return IsScalar(input.shape);
  }
  return std::any_of(signature.columns.begin(), signature.columns.end(),
                     [&](const inference::Column& column) { return column.name == feature; });
}

// A row of `instances`: the example's features and those of the context that it lacks.
Json RowOf(const Json& example, const Json& context, const Signature& signature) {
  Json row = Json::MakeObject();
  const auto add = [&](const Json::Field& feature) {
    const auto& [name, value] = feature;
    const bool is_list_of_one = value.is_array() && value.AsArray().size() == 1;
    row.Set(name, is_list_of_one && TakesScalar(signature, name) ? value.AsArray()[0] : value);
  };
  for (const auto& feature : context.AsObject("context")) {
    if (!example.Has(feature.first)) add(feature);
  }
  for (const auto& feature : example.AsObject("examples[]")) add(feature);
  return row;
}

// Reads what most programs send: rows, or one tensor, of numbers for the model's one input.
std::optional<PredictBody> ReadPlainBody(std::string_view body, const Signature& signature) {
  if (!prediction::IsPlainTable(signature)) return std::nullopt;
  prediction::PlainJson json(body);
  std::optional<PredictBody> result;
  const auto read_field = [&](std::string_view key) {
    if (key == "signature_name") {
      const auto name = json.TakeText();
      return name && (name->empty() || *name == kSignatureName);
    }
    const bool is_row = key == "instances";
    if (result || (!is_row && key != "inputs")) return false;
    auto tensor = prediction::ReadPlainTensor(&json, signature.inputs[0]);
    if (!tensor) return false;
    result.emplace().format = is_row ? Format::kRow : Format::kColumnar;
    result->inputs.push_back(*std::move(tensor));
    return true;
  };
  if (!json.TakeObject(read_field) || !json.IsAtEnd()) return std::nullopt;
  return result;
}

}  // namespace

PredictBody ReadPredictBody(std::string* body, const Signature& signature) {
  if (auto plain = ReadPlainBody(*body, signature)) return *std::move(plain);
  PredictBody result;
  bool has_inputs = false;
  const auto begin_inputs = [&] {
    if (has_inputs) {
      throw InvalidArgument("The body must have one of 'inputs' and 'instances', once");
    }
    has_inputs = true;
  };
  prediction::JsonBody json(body);
  json.ReadObject([&](ondemand::object& root) {
    for (ondemand::field field : root) {
      const std::string_view key = field.unescaped_key();
      if (key == "instances") {
        begin_inputs();
        result.format = Format::kRow;
        result.inputs = prediction::ReadInstances(AsArray(field.value(), "instances"), signature,
                                                  ExtraColumns::kRefuse);
      } else if (key == "inputs") {
        begin_inputs();
        result.format = Format::kColumnar;
        result.inputs = prediction::ReadInputs(field.value(), signature, ExtraColumns::kRefuse);
      } else if (key == "signature_name") {
        CheckSignatureName(AsText(field.value(), "signature_name"));
      }
    }
  });
  if (!has_inputs) throw InvalidArgument("Missing 'inputs' or 'instances' key");
  return result;
}

std::vector<Tensor> ReadExamples(const std::string& body, const Signature& signature) {
  const Json request = ParseJson(body);
  request.AsObject("The body");
  CheckSignatureName(request.GetString("signature_name"));
  const Json* context = request.Find("context");
  const Json none = Json::MakeObject();
  Json rows = Json::MakeArray();
  for (const Json& example : request.At("examples").AsArray("examples")) {
    rows.Append(RowOf(example, context == nullptr ? none : *context, signature));
  }
  if (rows.AsArray().empty()) {
    throw InvalidArgument("'examples' value is an empty array").WithField("examples");
  }
  // An example is a row of `instances` with its features by name.
  std::string text = Json::Of({{"instances", std::move(rows)}}).Dump();
  return ReadPredictBody(&text, signature).inputs;
}

}  // namespace millwright::api::tfserving
