#include "api/scoring/invocation.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "api/prediction/json_in.h"
#include "api/prediction/tensor_json.h"
#include "base/error.h"
#include "base/json.h"
#include "serving/table_builder.h"

namespace millwright::api::scoring {
namespace {

// What a Python model's answer is called that has no name of its own.
constexpr std::string_view kUnnamedOutput = "predictions";

using inference::Signature;
using inference::Tensor;
using inference::TensorSpec;
using prediction::AsArray;
using prediction::AsCell;
using prediction::AsObject;
using prediction::AsText;
using prediction::NestedTensor;
using serving::Cell;
using serving::TableBuilder;
namespace ondemand = prediction::ondemand;

constexpr size_t kColumnsMax = 100'000;

Error Malformed(std::string_view field, const std::string& why) {
  return InvalidArgument("{}: {}", field, why).WithField(std::string(field));
}

// {"columns": […], "data": [[…], …]}
class SplitReader {
 public:
  explicit SplitReader(const Signature& signature) : table_(signature) {}

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
        if (size < map_->size()) table_.Set((*map_)[size], AsCell(value));
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

// [{"column": value, …}, …]; where the model's columns have no names, those of the first record
// stand for positions.
class RecordsReader {
 public:
  explicit RecordsReader(const Signature& signature) : table_(signature) {}

  std::vector<Tensor> Read(ondemand::array records) {
    for (ondemand::value record : records) Add(AsObject(record, "record"));
    return Finish();
  }
  void Add(ondemand::object record) {
    table_.BeginRow();
    size_t position = 0;
    for (ondemand::field field : record) {
      const std::string_view name = field.unescaped_key();
      table_.Set(ColumnOf(name, position++), AsCell(field.value()));
    }
    table_.EndRow();
  }
  std::vector<Tensor> Finish() { return table_.Finish(); }

 private:
  size_t ColumnOf(std::string_view name, size_t position) {
    if (table_.named()) return table_.ColumnOf(name, position);
    if (position < names_.size() && names_[position] == name) return position;
    const auto it = std::find(names_.begin(), names_.end(), name);
    if (it != names_.end()) return static_cast<size_t>(it - names_.begin());
    if (table_.rows() > 0 || names_.size() == table_.column_count()) {
      throw InvalidArgument("Unknown column: {} (row {})", name, table_.rows())
          .WithField(std::string(name));
    }
    names_.emplace_back(name);
    return names_.size() - 1;
  }

  TableBuilder table_;
  std::vector<std::string> names_;
};

const TensorSpec& OnlyInput(const Signature& signature, std::string_view field) {
  if (signature.inputs.size() != 1) {
    throw Malformed(field, "the model has several inputs; give an object by their names");
  }
  return signature.inputs[0];
}

const TensorSpec* FindInput(const Signature& signature, std::string_view name) {
  for (const TensorSpec& spec : signature.inputs) {
    if (spec.name == name) return &spec;
  }
  return nullptr;
}

// Whether objects by row mean columns (of one value each) rather than tensors.
bool IsTabular(const Signature& signature) {
  try {
    return TableBuilder(signature).named();
  } catch (const Error&) {
    return false;  // the model takes no tables
  }
}

// instances: [{"INPUT": tensor without its first dimension, …}, …]
class NamedRowsReader {
 public:
  explicit NamedRowsReader(const Signature& signature) {
    for (const TensorSpec& spec : signature.inputs) tensors_.emplace_back(spec.name, spec);
  }
  void Add(ondemand::object row) {
    size_t count = 0;
    for (ondemand::field field : row) {
      const std::string_view name = field.unescaped_key();
      const auto it = std::find_if(tensors_.begin(), tensors_.end(),
                                   [&](const auto& one) { return one.first == name; });
      if (it == tensors_.end()) throw Malformed(name, "unknown input");
      it->second.ReadRow(field.value());
      ++count;
    }
    if (count != tensors_.size()) throw Malformed("instances", "a row lacks an input");
  }
  std::vector<Tensor> Finish() {
    std::vector<Tensor> result;
    for (auto& [name, tensor] : tensors_) result.push_back(tensor.Finish());
    return result;
  }

 private:
  std::vector<std::pair<std::string, NestedTensor>> tensors_;
};

std::vector<Tensor> ReadInstances(ondemand::array instances, const Signature& signature) {
  std::optional<RecordsReader> records;
  std::optional<NamedRowsReader> named;
  std::optional<NestedTensor> rows;
  bool first = true;
  for (ondemand::value instance : instances) {
    const bool is_object = instance.type() == ondemand::json_type::object;
    if (first && is_object && IsTabular(signature)) records.emplace(signature);
    if (first && is_object && !records) named.emplace(signature);
    if (first && !is_object) rows.emplace(OnlyInput(signature, "instances"));
    first = false;
    if (rows && !is_object) {
      rows->ReadRow(instance);
    } else if (records) {
      records->Add(AsObject(instance, "instances[]"));
    } else if (named) {
      named->Add(AsObject(instance, "instances[]"));
    } else {
      throw Malformed("instances", "lists and objects are mixed");
    }
  }
  if (first) throw Malformed("instances", "there are no rows");
  if (records) return records->Finish();
  if (named) return named->Finish();
  std::vector<Tensor> result;
  result.push_back(rows->Finish());
  return result;
}

// {"column": [value, …], …}: kept until all columns are there, then put into rows.
std::vector<Tensor> ReadColumnLists(ondemand::object inputs, const Signature& signature) {
  TableBuilder table(signature);
  std::vector<std::string> names;
  std::vector<std::vector<Cell>> columns;
  for (ondemand::field field : inputs) {
    const std::string name(std::string_view(field.unescaped_key()));
    ondemand::value value = field.value();
    auto& cells = columns.emplace_back();
    names.push_back(name);
    if (value.type() != ondemand::json_type::array) {
      cells.push_back(AsCell(value));
    } else {
      for (ondemand::value item : value.get_array()) cells.push_back(AsCell(item));
    }
    if (cells.size() != columns[0].size()) {
      throw Malformed(
          name, fmt::format("{} values, but {} has {}", cells.size(), names[0], columns[0].size()));
    }
  }
  const std::vector<size_t> map = table.MapHeader(names);
  for (size_t row = 0; !columns.empty() && row < columns[0].size(); ++row) {
    table.BeginRow();
    for (size_t i = 0; i < columns.size(); ++i) table.Set(map[i], columns[i][row]);
    table.EndRow();
  }
  return table.Finish();
}

std::vector<Tensor> ReadNamedInputs(ondemand::object inputs, const Signature& signature) {
  std::vector<Tensor> tensors;
  for (ondemand::field field : inputs) {
    const std::string_view name = field.unescaped_key();
    const TensorSpec* spec = FindInput(signature, name);
    if (spec == nullptr) throw Malformed(name, "unknown input");
    NestedTensor tensor(*spec);
    tensor.Read(field.value());
    tensors.push_back(tensor.Finish());
  }
  return tensors;
}

std::vector<Tensor> ReadInputs(ondemand::value inputs, const Signature& signature) {
  if (inputs.type() != ondemand::json_type::object) {
    NestedTensor tensor(OnlyInput(signature, "inputs"));
    tensor.Read(inputs);
    std::vector<Tensor> result;
    result.push_back(tensor.Finish());
    return result;
  }
  // Where columns have names of their own an object goes by them, unless it names the one input.
  ondemand::object object = inputs.get_object();
  if (signature.columns.empty()) return ReadNamedInputs(object, signature);
  bool names_input = false;
  for (ondemand::field field : object) {
    names_input = FindInput(signature, std::string_view(field.unescaped_key())) != nullptr;
    break;
  }
  object.reset();
  return names_input ? ReadNamedInputs(object, signature) : ReadColumnLists(object, signature);
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
       ondemand::array records = AsArray(value, "dataframe_records");
       return RecordsReader(signature).Read(records);
     }},
    {"instances",
     [](ondemand::value value, const Signature& signature) {
       return ReadInstances(AsArray(value, "instances"), signature);
     }},
    {"inputs", ReadInputs},
};

}  // namespace

std::vector<Tensor> ReadInvocation(std::string* body, const Signature& signature) {
  constexpr std::string_view kOneOf =
      "The body must have exactly one of dataframe_split, dataframe_records, instances, inputs";
  std::optional<std::vector<Tensor>> tensors;
  prediction::JsonBody json(body);
  json.ReadObject([&](ondemand::object& root) {
    for (ondemand::field field : root) {
      const std::string_view key = field.unescaped_key();
      const auto format = std::find_if(std::begin(kFormats), std::end(kFormats),
                                       [&](const Format& one) { return one.name == key; });
      if (format != std::end(kFormats)) {
        if (tensors) throw InvalidArgument("{}", kOneOf).WithField(std::string(key));
        tensors = format->read(field.value(), signature);
      } else if (key == "params") {
        ondemand::value params = field.value();
        if (params.type() != ondemand::json_type::null) AsObject(params, "params");
      } else {
        throw InvalidArgument("Unknown field: {}", key).WithField(std::string(key));
      }
    }
  });
  if (!tensors) throw InvalidArgument("{}", kOneOf);
  return *std::move(tensors);
}

void AppendPredictions(const std::vector<Tensor>& outputs, std::string* out) {
  JsonWriter writer(out);
  writer.BeginObject().Key("predictions");
  if (outputs.size() == 1 && outputs.front().name == kUnnamedOutput) {
    writer.Raw("");
    prediction::AppendNested(outputs.front(), out);
    writer.EndObject();
    return;
  }
  writer.BeginObject();
  for (const Tensor& tensor : outputs) {
    writer.Key(tensor.name).Raw("");
    prediction::AppendNested(tensor, out);
  }
  writer.EndObject().EndObject();
}

}  // namespace millwright::api::scoring
