#include "api/scoring/invocation.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "api/prediction/instances.h"
#include "api/prediction/json_in.h"
#include "api/prediction/output_column.h"
#include "api/prediction/plain_json.h"
#include "api/prediction/plain_table.h"
#include "api/prediction/tensor_json.h"
#include "base/error.h"
#include "base/json.h"
#include "serving/table_builder.h"

namespace millwright::api::scoring {
namespace {

// What inference::LoadPythonEngine calls what a model's predict gives, where it has no name of its
// own. An estimator's probabilities, which MLflow does not give, come after it.
constexpr std::string_view kPredictOutputs[] = {"predictions", "label", "variable"};

using inference::Signature;
using inference::Tensor;
using prediction::AsArray;
using prediction::AsCell;
using prediction::AsObject;
using prediction::AsText;
using serving::ExtraColumns;
using serving::TableBuilder;
namespace ondemand = prediction::ondemand;

constexpr size_t kColumnsMax = 100'000;

Error Malformed(std::string_view field, const std::string& why) {
  return InvalidArgument("{}: {}", field, why).WithField(std::string(field));
}

// {"columns": […], "data": [[…], …]}
class SplitReader {
 public:
  explicit SplitReader(const Signature& signature) : table_(signature, ExtraColumns::kIgnore) {}

  std::vector<Tensor> Read(ondemand::object split) {
    bool has_data = false;
    prediction::DeferredArray deferred;
    for (ondemand::field field : split) {
      const std::string_view key = field.unescaped_key();
      if (key == "columns") {
        ReadColumns(AsArray(field.value(), "columns"));
      } else if (key == "data") {
        if (has_data) throw Malformed("data", "given twice");
        has_data = true;
        ondemand::array data = AsArray(field.value(), "data");
        if (map_) {
          ReadRows(data);
        } else {
          deferred.Keep(data);
        }
      } else if (key != "index") {
        throw Malformed("dataframe_split", "unknown field: " + std::string(key));
      }
    }
    if (!has_data) throw InvalidArgument("Missing field: data").WithField("data");
    if (!map_) NumberColumns();
    if (!deferred.empty()) deferred.Read([&](ondemand::array data) { ReadRows(data); });
    return table_.Finish();
  }

 private:
  void ReadColumns(ondemand::array columns) {
    std::vector<std::string> names;
    for (ondemand::value column : columns) {
      if (names.size() == kColumnsMax) throw Malformed("columns", "too many");
      // Data frames without a header number their columns.
      names.push_back(column.type() == ondemand::json_type::number
                          ? std::to_string(prediction::AsInteger(column, "columns"))
                          : AsText(column, "columns"));
    }
    map_ = table_.MapHeader(names);
  }

  void NumberColumns() {
    if (table_.named()) throw InvalidArgument("Missing field: columns").WithField("columns");
    map_.emplace();
    for (size_t i = 0; i < table_.column_count(); ++i) map_->push_back(i);
  }

  void ReadRows(ondemand::array rows) {
    for (ondemand::value row : rows) {
      table_.BeginRow();
      size_t size = 0;
      for (ondemand::value value : AsArray(row, "data[]")) {
        const size_t column = size < map_->size() ? (*map_)[size] : TableBuilder::kIgnored;
        if (column != TableBuilder::kIgnored) table_.Set(column, AsCell(value));
        ++size;
      }
      if (size != map_->size()) {
        throw Malformed(
            "data", fmt::format("row {} has {} values, not {}", table_.rows(), size, map_->size()));
      }
      table_.EndRow();
    }
  }

  TableBuilder table_;
  std::optional<std::vector<size_t>> map_;
};

Json ReadParams(ondemand::value params) {
  if (params.type() == ondemand::json_type::null) return Json();
  return ParseJson(std::string_view(AsObject(params, "params").raw_json()));
}

using Reader = std::vector<Tensor> (*)(ondemand::value, const Signature&);
struct Format {
  std::string_view name;
  Reader read;
};

constexpr Format kFormats[] = {
    {"dataframe_split",
     [](ondemand::value value, const Signature& signature) {
       ondemand::object split = AsObject(value, "dataframe_split");
       return SplitReader(signature).Read(split);
     }},
    {"dataframe_records",
     [](ondemand::value value, const Signature& signature) {
       prediction::RecordsReader reader(signature, ExtraColumns::kIgnore);
       for (ondemand::value record : AsArray(value, "dataframe_records")) {
         reader.Add(AsObject(record, "record"));
       }
       return reader.Finish();
     }},
    {"instances",
     [](ondemand::value value, const Signature& signature) {
       return prediction::ReadInstances(AsArray(value, "instances"), signature,
                                        ExtraColumns::kIgnore);
     }},
    {"inputs",
     [](ondemand::value value, const Signature& signature) {
       return prediction::ReadInputs(value, signature, ExtraColumns::kIgnore);
     }},
};

// Scores of named classes are an object a row, what ONNX Runtime's Python gives for them.
void AppendColumn(const prediction::OutputColumn& column, std::string* out) {
  if (column.keys == nullptr) return prediction::AppendNested(*column.values, {}, out);
  const auto rows = static_cast<size_t>(column.values->shape[0]);
  out->push_back('[');
  for (size_t row = 0; row < rows; ++row) {
    if (row > 0) out->push_back(',');
    prediction::AppendRow(column, row, {}, out);
  }
  out->push_back(']');
}

bool StandsAlone(std::string_view platform, const std::vector<Tensor>& outputs) {
  if (platform != "python" || outputs.empty()) return false;
  const std::string& name = outputs.front().name;
  return std::find(std::begin(kPredictOutputs), std::end(kPredictOutputs), name) !=
             std::end(kPredictOutputs) &&
         (outputs.size() == 1 || name == "label");
}

std::optional<Tensor> ReadPlainFormat(std::string_view format, const Signature& signature,
                                      prediction::PlainJson* json) {
  if (!prediction::IsPlainTable(signature)) return std::nullopt;
  if (format == "instances" || format == "inputs") {
    return prediction::ReadPlainTensor(json, signature.inputs[0]);
  }
  prediction::PlainTable table(signature, ExtraColumns::kIgnore);
  const bool is_read = format == "dataframe_split"     ? table.ReadSplit(json)
                       : format == "dataframe_records" ? table.ReadRecords(json)
                                                       : false;
  return is_read ? std::optional(table.Finish()) : std::nullopt;
}

// Reads what most programs send: numbers for the model's one input, and no params.
std::optional<Invocation> ReadPlainInvocation(std::string_view body, const Signature& signature) {
  prediction::PlainJson json(body);
  Invocation invocation;
  const auto read_field = [&](std::string_view key) {
    if (!invocation.inputs.empty()) return false;
    auto tensor = ReadPlainFormat(key, signature, &json);
    if (tensor) invocation.inputs.push_back(*std::move(tensor));
    return tensor.has_value();
  };
  try {
    const bool is_read = json.TakeObject(read_field) && json.IsAtEnd();
    if (!is_read || invocation.inputs.empty()) return std::nullopt;
  } catch (const Error&) {
    return std::nullopt;  // the walk comes to it in its own order
  }
  return invocation;
}

}  // namespace

Invocation ReadInvocation(std::string* body, const Signature& signature) {
  if (auto plain = ReadPlainInvocation(*body, signature)) return *std::move(plain);
  constexpr std::string_view kOneOf =
      "The body must have exactly one of dataframe_split, dataframe_records, instances, inputs";
  Invocation invocation;
  bool has_inputs = false;
  prediction::JsonBody json(body);
  json.ReadObject([&](ondemand::object& root) {
    for (ondemand::field field : root) {
      const std::string_view key = field.unescaped_key();
      const auto format = std::find_if(std::begin(kFormats), std::end(kFormats),
                                       [&](const Format& one) { return one.name == key; });
      if (format != std::end(kFormats)) {
        if (has_inputs) throw InvalidArgument("{}", kOneOf).WithField(std::string(key));
        has_inputs = true;
        invocation.inputs = format->read(field.value(), signature);
      } else if (key == "params") {
        invocation.params = ReadParams(field.value());
      } else {
        throw InvalidArgument("Unknown field: {}", key).WithField(std::string(key));
      }
    }
  });
  if (!has_inputs) throw InvalidArgument("{}", kOneOf);
  return invocation;
}

void AppendPredictions(std::string_view platform, const std::vector<Tensor>& outputs,
                       std::string* out) {
  JsonWriter writer(out);
  writer.BeginObject().Key("predictions");
  if (StandsAlone(platform, outputs)) {
    writer.Raw("");
    prediction::AppendNested(outputs.front(), {}, out);
    writer.EndObject();
    return;
  }
  writer.BeginObject();
  for (const auto& column : prediction::OutputColumns(outputs)) {
    writer.Key(column.name).Raw("");
    AppendColumn(column, out);
  }
  writer.EndObject().EndObject();
}

}  // namespace millwright::api::scoring
