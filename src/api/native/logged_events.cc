#include "api/native/logged_events.h"

#include <span>

#include "base/error.h"

namespace millwright::api::native {
namespace {

using monitoring::NamedValues;

void Flatten(const Json& value, std::vector<Json>* flat) {
  if (!value.is_array()) {
    flat->push_back(value);
    return;
  }
  for (const Json& one : value.AsArray()) Flatten(one, flat);
}

void RequireRows(size_t count) {
  if (count > kLoggedRowsMax)
    throw InvalidArgument("An event may have {} rows, this one has {}", kLoggedRowsMax, count);
}

// Nested lists of a shape, of values one after another.
Json Nested(std::span<const size_t> shape, const Json** next) {
  Json list = Json::MakeArray();
  for (size_t i = 0; i < shape[0]; ++i) {
    list.Append(shape.size() > 1 ? Nested(shape.subspan(1), next) : *(*next)++);
  }
  return list;
}

void AddObject(const Json& row, NamedValues* values) {
  for (const auto& [name, value] : row.AsObject())
    values->emplace_back(name, monitoring::ToValue(value));
}

void AddList(const std::vector<Json>& row, const std::vector<std::string>& columns,
             NamedValues* values) {
  if (row.size() > kLoggedNumbersMax) return;
  for (size_t i = 0; i < row.size(); ++i) {
    const std::string name = columns.size() == row.size() ? columns[i] : std::to_string(i);
    values->emplace_back(name, monitoring::ToValue(row[i]));
  }
}

// A list of values under one name, of as many as its shape has.
void AddNamed(const std::string& name, const std::vector<Json>& row,
              const std::vector<size_t>& shape, NamedValues* values) {
  if (row.size() == 1) {
    values->emplace_back(name, monitoring::ToValue(row[0]));
  } else if (row.size() <= kLoggedNumbersMax) {
    const Json* next = row.data();
    values->emplace_back(name, monitoring::ToValue(Nested(shape, &next)));
  }
}

// The dimensions of a row, or its width where they do not amount to that.
std::vector<size_t> RowShape(const Json::Array& shape, size_t width) {
  std::vector<size_t> dimensions;
  size_t size = 1;
  for (size_t i = 1; i < shape.size(); ++i) {
    const int64_t dimension = shape[i].AsInt("shape");
    if (dimension < 1 || static_cast<size_t>(dimension) > width / size) return {width};
    dimensions.push_back(static_cast<size_t>(dimension));
    size *= dimensions.back();
  }
  return size == width ? dimensions : std::vector<size_t>{width};
}

void AddSecond(const std::string& name, const std::vector<Json>& row,
               monitoring::SecondNumbers* seconds) {
  if (row.size() == 2 && row[1].is_number()) seconds->emplace_back(name, row[1].AsDouble());
}

// Tensors of v2: {"name", "shape", "data"}; the first dimension is the rows. With `seconds`, also
// what the second numbers of each row are.
std::vector<NamedValues> ReadTensors(const Json& tensors, const std::vector<std::string>& columns,
                                     const HiddenColumn& is_hidden,
                                     std::vector<monitoring::SecondNumbers>* seconds) {
  std::vector<NamedValues> rows;
  for (const Json& tensor : tensors.AsArray()) {
    const std::string name = tensor.GetString("name");
    if (is_hidden(name)) continue;
    const Json* data = tensor.Find("data");
    if (data == nullptr)
      throw InvalidArgument("{} has no data; raw tensors in events are not read", name);
    std::vector<Json> flat;
    Flatten(*data, &flat);
    const auto& shape = tensor.At("shape").AsArray("shape");
    const auto count = shape.empty() ? size_t{1} : static_cast<size_t>(shape[0].AsInt("shape"));
    RequireRows(count);
    if (count == 0 || flat.size() % count != 0)
      throw InvalidArgument("{} has {} values, which are not {} rows", name, flat.size(), count);
    if (rows.empty()) rows.resize(count);
    if (seconds != nullptr) seconds->resize(rows.size());
    if (rows.size() != count) continue;  // it has other rows than the first one
    const size_t width = flat.size() / count;
    const std::vector<size_t> dimensions = RowShape(shape, width);
    for (size_t row = 0; row < count; ++row) {
      const std::vector<Json> values(flat.begin() + static_cast<std::ptrdiff_t>(row * width),
                                     flat.begin() + static_cast<std::ptrdiff_t>((row + 1) * width));
      if (width > 1 && columns.size() == width) {
        AddList(values, columns, &rows[row]);
      } else {
        AddNamed(name, values, dimensions, &rows[row]);
        if (seconds != nullptr) AddSecond(name, values, &(*seconds)[row]);
      }
    }
  }
  return rows;
}

}  // namespace

std::vector<NamedValues> ReadLoggedRequest(const Json& body,
                                           const std::vector<std::string>& columns) {
  if (const Json* inputs = body.Find("inputs")) {
    // A request of hidden tensors alone is still a request.
    return ReadTensors(
        *inputs, columns, [](const std::string&) { return false; }, nullptr);
  }
  const auto& instances = body.At("instances").AsArray("instances");
  RequireRows(instances.size());
  std::vector<NamedValues> rows;
  for (const Json& instance : instances) {
    NamedValues& row = rows.emplace_back();
    if (instance.is_object()) {
      AddObject(instance, &row);
      continue;
    }
    std::vector<Json> flat;
    Flatten(instance, &flat);
    const bool is_nested =
        instance.is_array() && !instance.AsArray().empty() && instance.AsArray().front().is_array();
    if (is_nested && columns.size() != flat.size()) {
      if (flat.size() <= kLoggedNumbersMax)
        row.emplace_back("instance", monitoring::ToValue(instance));
      continue;
    }
    AddList(flat, columns, &row);
  }
  return rows;
}

std::vector<NamedValues> ReadLoggedAnswer(const Json& body, const HiddenColumn& is_hidden) {
  if (const Json* outputs = body.Find("outputs")) {
    std::vector<monitoring::SecondNumbers> seconds;
    std::vector<NamedValues> rows = ReadTensors(*outputs, {}, is_hidden, &seconds);
    for (size_t row = 0; row < rows.size(); ++row)
      monitoring::AddProbabilities(seconds[row], &rows[row]);
    return rows;
  }
  const auto& predictions = body.At("predictions").AsArray("predictions");
  RequireRows(predictions.size());
  std::vector<NamedValues> rows;
  for (const Json& prediction : predictions) {
    NamedValues& row = rows.emplace_back();
    if (prediction.is_object()) {
      AddObject(prediction, &row);
      continue;
    }
    std::vector<Json> flat;
    Flatten(prediction, &flat);
    if (is_hidden("prediction")) continue;
    AddNamed("prediction", flat, {flat.size()}, &row);
    monitoring::SecondNumbers seconds;
    AddSecond("prediction", flat, &seconds);
    monitoring::AddProbabilities(seconds, &row);
  }
  return rows;
}

}  // namespace millwright::api::native
