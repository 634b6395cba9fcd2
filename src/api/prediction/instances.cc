#include "api/prediction/instances.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.h"

namespace millwright::api::prediction {
namespace {

using inference::Signature;
using inference::Tensor;
using inference::TensorSpec;
using serving::Cell;
using serving::ExtraColumns;
using serving::TableBuilder;

Error Malformed(std::string_view field, const std::string& why) {
  return InvalidArgument("{}: {}", field, why).WithField(std::string(field));
}

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

// {"column": [value, …], …}: kept until all columns are there, then put into rows.
std::vector<Tensor> ReadColumnLists(ondemand::object inputs, const Signature& signature,
                                    ExtraColumns extra) {
  TableBuilder table(signature, extra);
  std::vector<std::string> names;
  std::vector<std::vector<Cell>> columns;
  CellReader reader;
  for (ondemand::field field : inputs) {
    const std::string name(std::string_view(field.unescaped_key()));
    ondemand::value value = field.value();
    auto& cells = columns.emplace_back();
    names.push_back(name);
    if (value.type() != ondemand::json_type::array) {
      cells.push_back(reader.Read(value));
    } else {
      for (ondemand::value item : value.get_array()) cells.push_back(reader.Read(item));
    }
    if (cells.size() != columns[0].size()) {
      throw Malformed(
          name, fmt::format("{} values, but {} has {}", cells.size(), names[0], columns[0].size()));
    }
  }
  const std::vector<size_t> map = table.MapHeader(names);
  for (size_t row = 0; !columns.empty() && row < columns[0].size(); ++row) {
    table.BeginRow();
    for (size_t i = 0; i < columns.size(); ++i) {
      if (map[i] != TableBuilder::kIgnored) table.Set(map[i], columns[i][row]);
    }
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

// Takes rows of one kind; the first one says which.
class InstancesReader {
 public:
  InstancesReader(const Signature& signature, ExtraColumns extra)
      : signature_(signature), extra_(extra) {}

  void Add(ondemand::value instance) {
    if (instance.type() != ondemand::json_type::object) {
      Rows().ReadRow(instance);
      return;
    }
    ondemand::object object = instance.get_object();
    if (const auto bytes = Base64Of(object)) {
      Rows().ReadRow(Cell(std::string_view(*bytes)));
      return;
    }
    if (rows_) throw Mixed();
    if (!records_ && !named_) {
      if (IsTabular(signature_)) {
        records_.emplace(signature_, extra_);
      } else {
        named_.emplace(signature_);
      }
    }
    if (records_) return records_->Add(object);
    named_->Add(object);
  }

  std::vector<Tensor> Finish() {
    if (records_) return records_->Finish();
    if (named_) return named_->Finish();
    if (!rows_) throw Malformed("instances", "there are no rows");
    std::vector<Tensor> result;
    result.push_back(rows_->Finish());
    return result;
  }

 private:
  static Error Mixed() { return Malformed("instances", "lists and objects are mixed"); }

  NestedTensor& Rows() {
    if (records_ || named_) throw Mixed();
    if (!rows_) rows_.emplace(OnlyInput(signature_, "instances"));
    return *rows_;
  }

  const Signature& signature_;
  const ExtraColumns extra_;
  std::optional<RecordsReader> records_;
  std::optional<NamedRowsReader> named_;
  std::optional<NestedTensor> rows_;
};

Cell FeatureOf(std::string_view name, ondemand::value value, CellReader* cells) {
  try {
    return cells->ReadFeature(value);
  } catch (const Error& error) {
    throw Malformed(name, std::string(error.message()));
  }
}

}  // namespace

void RecordsReader::Add(ondemand::object record) {
  CellReader cells;
  table_.BeginRow();
  size_t position = 0;
  for (ondemand::field field : record) {
    const std::string_view name = field.unescaped_key();
    const size_t column = ColumnOf(name, position++);
    if (column != TableBuilder::kIgnored)
      table_.Set(column, FeatureOf(name, field.value(), &cells));
  }
  table_.EndRow();
}

size_t RecordsReader::ColumnOf(std::string_view name, size_t position) {
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

std::vector<Tensor> ReadInstances(ondemand::array instances, const Signature& signature,
                                  ExtraColumns extra) {
  InstancesReader reader(signature, extra);
  for (ondemand::value instance : instances) reader.Add(instance);
  return reader.Finish();
}

std::vector<Tensor> ReadInputs(ondemand::value inputs, const Signature& signature,
                               ExtraColumns extra) {
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
  return names_input ? ReadNamedInputs(object, signature)
                     : ReadColumnLists(object, signature, extra);
}

}  // namespace millwright::api::prediction
