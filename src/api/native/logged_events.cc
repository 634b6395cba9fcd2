#include "api/native/logged_events.h"

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

Json ListOf(const std::vector<Json>& values) {
  Json list = Json::MakeArray();
  for (const Json& value : values) list.Append(value);
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

// A list of values under one name.
void AddNamed(const std::string& name, const std::vector<Json>& row, NamedValues* values) {
  if (row.size() == 1) {
    values->emplace_back(name, monitoring::ToValue(row[0]));
  } else if (row.size() <= kLoggedNumbersMax) {
    values->emplace_back(name, monitoring::ToValue(ListOf(row)));
  }
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
    for (size_t row = 0; row < count; ++row) {
      const std::vector<Json> values(flat.begin() + static_cast<std::ptrdiff_t>(row * width),
                                     flat.begin() + static_cast<std::ptrdiff_t>((row + 1) * width));
      if (width > 1 && columns.size() == width) {
        AddList(values, columns, &rows[row]);
      } else {
        AddNamed(name, values, &rows[row]);
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
    AddNamed("prediction", flat, &row);
    monitoring::SecondNumbers seconds;
    AddSecond("prediction", flat, &seconds);
    monitoring::AddProbabilities(seconds, &row);
  }
  return rows;
}

}  // namespace millwright::api::native
