#include "api/prediction/json_in.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "api/prediction/number_list.h"
#include "base/digest.h"

namespace millwright::api::prediction {
namespace {

using inference::DataType;
using inference::Tensor;
using ondemand::json_type;
using serving::Cell;

// Of a body; a parser takes some six times as much.
constexpr size_t kKeptBytesMax = size_t{1} << 20;

ondemand::parser& ThreadParser() {
  thread_local ondemand::parser parser;
  return parser;
}

std::string_view TypeName(json_type type) {
  switch (type) {
    case json_type::array:
      return "array";
    case json_type::object:
      return "object";
    case json_type::number:
      return "number";
    case json_type::string:
      return "string";
    case json_type::boolean:
      return "boolean";
    case json_type::null:
      return "null";
  }
  return "value";
}

Error WrongType(std::string_view field, std::string_view wanted, ondemand::value value) {
  const json_type type = value.type();
  return InvalidArgument("{} must be {}, not {}", field, wanted, TypeName(type))
      .WithField(std::string(field));
}

Error InTensor(const Tensor& tensor, const Error& error) {
  return Error(error.code(), fmt::format("Input {}: {}", tensor.name, error.message()))
      .WithField(tensor.name);
}

// simdjson 3.0 reads an integer above 2^64 as its remainder where the type is left to it, so the
// type is chosen here. An integer of no 64-bit type is a number like any other.
Cell NumberCell(ondemand::value value) {
  const std::string_view token = value.raw_json_token();
  if (token.find_first_of(".eE") == std::string_view::npos) {
    if (token.starts_with('-')) {
      int64_t number = 0;
      if (value.get_int64().get(number) == simdjson::SUCCESS) return number;
    } else {
      uint64_t number = 0;
      if (value.get_uint64().get(number) == simdjson::SUCCESS) return number;
    }
  }
  return double(value.get_double());
}

// The number of elements that the shape stands for; each takes two bytes of JSON at least.
size_t CountOf(const Tensor& tensor, size_t bytes) {
  size_t count = 1;
  for (const int64_t size : tensor.shape) {
    if (size < 0) throw InvalidArgument("a dimension is negative");
    if (__builtin_mul_overflow(count, static_cast<size_t>(size), &count)) {
      throw InvalidArgument("the shape is too large");
    }
  }
  if (count > bytes) throw InvalidArgument("the shape holds {} values, data fewer", count);
  return count;
}

// The common case without the detour through a Cell: numbers into 32-bit floats.
bool StoreFloat(ondemand::value value, size_t index, Tensor* tensor) {
  if (tensor->type != DataType::kFp32 || value.type() != json_type::number) return false;
  const double number = value.get_double();
  const auto narrow = static_cast<float>(number);
  if (std::isinf(narrow)) throw InvalidArgument("a value does not fit FP32");
  std::memcpy(tensor->data.data() + index * sizeof narrow, &narrow, sizeof narrow);
  return true;
}

bool IsSpace(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

bool BeginsNumber(char c) {
  return c == '-' || (c >= '0' && c <= '9');
}

// Whether the first thing in an array is a number; the NUL behind the body ends every search.
bool BeginsWithNumber(ondemand::value& array) {
  const char* at = std::string_view(array.raw_json_token()).data() + 1;
  while (IsSpace(*at)) ++at;
  return BeginsNumber(*at) || *at == 'n';  // null, which is NaN
}

// An array from bracket to bracket, which is walked over by that; of a body that is cut short
// whatever there is.
std::string_view TextOf(ondemand::array& array) {
  std::string_view text = array.raw_json();
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

// Reads a list of numbers into a floating tensor from element `index` on, where there is room for
// `count_max`; nothing when it must be walked.
std::optional<size_t> ScanInto(std::string_view list, size_t index, size_t count_max,
                               Tensor* tensor) {
  if (tensor->type == DataType::kFp32) {
    return ScanNumbers(list, tensor->As<float>() + index, count_max);
  }
  return ScanNumbers(list, tensor->As<double>() + index, count_max);
}

bool IsScanned(const Tensor& tensor) {
  return tensor.type == DataType::kFp32 || tensor.type == DataType::kFp64;
}

class DataReader {
 public:
  DataReader(Tensor* tensor, size_t count) : tensor_(tensor), count_(count) {}

  void Read(ondemand::array array, size_t depth) {
    size_t size = 0;
    for (ondemand::value value : array) {
      ++size;
      if (value.type() == json_type::array) {
        if (depth + 1 >= tensor_->shape.size()) throw InvalidArgument("data is nested too deeply");
        Nest(depth, true);
        Read(value.get_array(), depth + 1);
      } else {
        Nest(depth, false);
        Store(value);
      }
    }
    const bool is_flat = depth == 0 && !nested_.value_or(false);
    if (!is_flat && size != static_cast<size_t>(tensor_->shape[depth])) {
      throw InvalidArgument("data is nested otherwise than its shape says");
    }
  }

  void CheckFull() const {
    if (stored_ != count_) {
      throw InvalidArgument("the shape holds {} values, data {}", count_, stored_);
    }
  }

 private:
  // The first value says whether the list is nested; then all levels but the last hold lists.
  void Nest(size_t depth, bool is_array) {
    if (depth == 0 && !nested_) nested_ = is_array;
    const bool wanted = *nested_ && depth + 1 < tensor_->shape.size();
    if (is_array != wanted) throw InvalidArgument("data is nested unevenly");
  }

  void Store(ondemand::value value) {
    if (stored_ == count_) throw InvalidArgument("the shape holds {} values, data more", count_);
    if (!StoreFloat(value, stored_, tensor_)) serving::StoreCell(AsCell(value), stored_, tensor_);
    ++stored_;
  }

  Tensor* tensor_;
  const size_t count_;
  size_t stored_ = 0;
  std::optional<bool> nested_;
};

}  // namespace

JsonBody::JsonBody(std::string* body) : JsonBody(body, body->size()) {}

JsonBody::JsonBody(std::string* body, size_t bytes) : parser_(ThreadParser()) {
  body->reserve(body->size() + simdjson::SIMDJSON_PADDING);
  text_ = simdjson::padded_string_view(body->data(), bytes, body->capacity());
}

JsonBody::~JsonBody() {
  if (parser_.capacity() > kKeptBytesMax) parser_ = ondemand::parser();
}

ondemand::object JsonBody::RootObject(ondemand::document& document) {
  if (document.type() != json_type::object) {
    throw InvalidArgument("The body must be a JSON object");
  }
  return document.get_object();
}

void JsonBody::CheckEnd(ondemand::document& document) {
  const bool at_end = document.current_location().error() == simdjson::OUT_OF_BOUNDS;
  if (!at_end) throw InvalidArgument("Malformed JSON: text after the document");
}

Error JsonBody::Malformed(const simdjson::simdjson_error& error) {
  if (error.error() == simdjson::UTF8_ERROR) {
    return InvalidArgument("Malformed JSON: the body is not UTF-8");
  }
  if (error.error() == simdjson::NUMBER_ERROR) {
    return InvalidArgument("Malformed JSON: a number is malformed or too large");
  }
  return InvalidArgument("Malformed JSON: {}", error.what());
}

ondemand::array AsArray(ondemand::value value, std::string_view field) {
  if (value.type() != json_type::array) throw WrongType(field, "an array", value);
  return value.get_array();
}

ondemand::object AsObject(ondemand::value value, std::string_view field) {
  if (value.type() != json_type::object) throw WrongType(field, "an object", value);
  return value.get_object();
}

std::string AsText(ondemand::value value, std::string_view field) {
  if (value.type() != json_type::string) throw WrongType(field, "a string", value);
  return std::string(std::string_view(value.get_string()));
}

int64_t AsInteger(ondemand::value value, std::string_view field) {
  if (value.type() != json_type::number || !value.is_integer()) {
    throw WrongType(field, "an integer", value);
  }
  return value.get_int64();
}

Cell AsCell(ondemand::value value) {
  switch (const json_type type = value.type()) {
    case json_type::number:
      return NumberCell(value);
    case json_type::string:
      return std::string_view(value.get_string());
    case json_type::boolean:
      return bool(value.get_bool());
    case json_type::null:
      if (!value.is_null()) throw InvalidArgument("Malformed JSON: a word is no literal");
      return Cell();
    default:
      throw InvalidArgument("expected a single value, got {}", TypeName(type));
  }
}

std::optional<std::string> Base64Of(ondemand::object& object) {
  std::optional<std::string> bytes;
  size_t fields = 0;
  for (ondemand::field field : object) {
    if (++fields > 1 || std::string_view(field.unescaped_key()) != "b64") break;
    ondemand::value value = field.value();
    if (value.type() != json_type::string) break;
    try {
      bytes = Base64Decode(std::string_view(value.get_string()));
    } catch (const Error&) {
      throw InvalidArgument("The text of b64 is not base64").WithField("b64");
    }
  }
  if (fields == 1 && bytes) return bytes;
  object.reset();
  return std::nullopt;
}

Cell CellReader::Read(ondemand::value value) {
  if (value.type() != json_type::object) return AsCell(value);
  ondemand::object object = value.get_object();
  auto bytes = Base64Of(object);
  if (!bytes) throw InvalidArgument("expected a single value, got object");
  return std::string_view(kept_.emplace_back(*std::move(bytes)));
}

Cell CellReader::ReadFeature(ondemand::value value) {
  if (value.type() != json_type::array) return Read(value);
  ondemand::array list = value.get_array();
  if (list.count_elements() == 1) {
    for (ondemand::value item : list) return Read(item);
  }
  throw InvalidArgument("expected a single value, got a list of {}", size_t(list.count_elements()));
}

void ReadData(ondemand::array data, size_t bytes, Tensor* tensor) {
  try {
    const size_t count = CountOf(*tensor, bytes);
    serving::ResizeTensor(count, tensor);
    if (IsScanned(*tensor)) {
      if (ScanInto(TextOf(data), 0, count, tensor) == count) return;
      data.reset();
    }
    DataReader reader(tensor, count);
    reader.Read(data, 0);
    reader.CheckFull();
  } catch (const Error& error) {
    throw InTensor(*tensor, error);
  }
}

NestedTensor::NestedTensor(const inference::TensorSpec& spec) : spec_(spec) {
  tensor_.name = spec.name;
  tensor_.type = spec.type;
}

void NestedTensor::Ragged() const {
  throw InvalidArgument("Input {}: lists of unequal length or depth", spec_.name)
      .WithField(spec_.name);
}

void NestedTensor::SetSize(size_t depth, int64_t size) {
  if (depth >= sizes_.size()) sizes_.resize(depth + 1, -1);
  if (sizes_[depth] < 0) sizes_[depth] = size;
  if (sizes_[depth] != size) Ragged();
}

void NestedTensor::Read(ondemand::value value, size_t depth) {
  if (value.type() != json_type::array) {
    if (value.type() == json_type::object && tensor_.type == DataType::kBytes) {
      ondemand::object object = value.get_object();
      if (const auto bytes = Base64Of(object)) {
        ReadLeaf(Cell(std::string_view(*bytes)), depth);
        return;
      }
    }
    try {
      ReadLeaf(AsCell(value), depth);
    } catch (const Error& error) {
      throw error.field().empty() ? InTensor(tensor_, error) : error;
    }
    return;
  }
  if (leaf_depth_ && depth >= *leaf_depth_) Ragged();
  if (depth == kRankMax) throw InTensor(tensor_, InvalidArgument("nested too deeply"));
  const bool is_scanned = IsScanned(tensor_) && BeginsWithNumber(value);
  ondemand::array array = value.get_array();
  if (is_scanned && ScanList(array, depth)) return;
  int64_t size = 0;
  for (ondemand::value item : array) {
    Read(item, depth + 1);
    ++size;
  }
  SetSize(depth, size);
}

void NestedTensor::ReadLeaf(const Cell& cell, size_t depth) {
  if (leaf_depth_.value_or(depth) != depth) Ragged();
  leaf_depth_ = depth;
  try {
    Store(cell);
  } catch (const Error& error) {
    throw InTensor(tensor_, error);
  }
}

bool NestedTensor::ScanList(ondemand::array& array, size_t depth) {
  const std::string_view list = TextOf(array);
  const size_t count_max = ListLength(list);
  Reserve(count_ + count_max);
  const auto count = ScanInto(list, count_, count_max, &tensor_);
  if (!count) {
    array.reset();
    return false;
  }
  if (leaf_depth_.value_or(depth + 1) != depth + 1) Ragged();
  leaf_depth_ = depth + 1;
  count_ += *count;
  SetSize(depth, static_cast<int64_t>(*count));
  return true;
}

void NestedTensor::Reserve(size_t count) {
  if (count <= capacity_) return;
  capacity_ = std::max({size_t{64}, capacity_ * 2, count});
  serving::ResizeTensor(capacity_, &tensor_);
}

void NestedTensor::Store(const Cell& cell) {
  Reserve(count_ + 1);
  serving::StoreCell(cell, count_++, &tensor_);
}

void NestedTensor::ReadRow(ondemand::value row) {
  by_row_ = true;
  Read(row, 1);
  ++rows_;
}

void NestedTensor::ReadRow(const Cell& row) {
  by_row_ = true;
  ReadLeaf(row, 1);
  ++rows_;
}

Tensor NestedTensor::Finish() {
  if (by_row_) SetSize(0, rows_);
  serving::ResizeTensor(count_, &tensor_);
  tensor_.shape = sizes_;
  // An empty list somewhere leaves no values below it; the shape is what was seen.
  const auto& wanted = spec_.shape;
  if (tensor_.shape.size() + 1 == wanted.size() && wanted.back() == 1) tensor_.shape.push_back(1);
  return std::move(tensor_);
}

}  // namespace millwright::api::prediction
