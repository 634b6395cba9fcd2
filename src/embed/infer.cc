// The C interface: one of the four edges where errors are caught.
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "embed/millwright_infer.h"
#include "inference/model_package.h"

using millwright::Code;
using millwright::InvalidArgument;
using millwright::inference::DataType;
using millwright::inference::DataTypeBytes;
using millwright::inference::Engine;
using millwright::inference::Tensor;
using millwright::inference::TensorSpec;

struct mw_model {
  std::unique_ptr<Engine> engine;
  std::vector<mw_spec> inputs;
  std::vector<mw_spec> outputs;
  std::vector<mw_column> columns;
};

struct mw_result {
  std::vector<Tensor> tensors;
  std::vector<std::vector<mw_text>> texts;  // of each tensor
  std::vector<mw_tensor> views;
};

namespace {

constexpr size_t kInputsMax = 10'000;
constexpr size_t kRankMax = 64;
constexpr size_t kElementsMax = size_t{1} << 40;

thread_local std::string last_error;

mw_status StatusOf(Code code) {
  switch (code) {
    case Code::kInvalidArgument:
    case Code::kFailedPrecondition:
    case Code::kUnimplemented:
      return MW_INVALID_ARGUMENT;
    case Code::kNotFound:
      return MW_NOT_FOUND;
    case Code::kUnavailable:
      return MW_UNAVAILABLE;
    case Code::kResourceExhausted:
      return MW_RESOURCE_EXHAUSTED;
    case Code::kDeadlineExceeded:
      return MW_DEADLINE_EXCEEDED;
    default:
      return MW_INTERNAL;
  }
}

template <typename F>
mw_status Guarded(F&& work) {
  try {
    work();
    return MW_OK;
  } catch (const millwright::Error& error) {
    last_error = error.message();
    return StatusOf(error.code());
  } catch (const std::bad_alloc&) {
    last_error = "Out of memory";
    return MW_RESOURCE_EXHAUSTED;
  } catch (const std::exception& error) {
    last_error = error.what();
    return MW_INTERNAL;
  }
}

static_assert(static_cast<int>(DataType::kBool) == MW_BOOL);
static_assert(static_cast<int>(DataType::kFp16) == MW_FP16);
static_assert(static_cast<int>(DataType::kBytes) == MW_BYTES);

mw_type TypeOf(DataType type) {
  return static_cast<mw_type>(type);
}

DataType FromType(int type, const char* name) {
  if (type < MW_BOOL || type > MW_BYTES) throw InvalidArgument("Input {}: unknown type", name);
  return static_cast<DataType>(type);
}

std::vector<mw_spec> SpecsOf(const std::vector<TensorSpec>& specs) {
  std::vector<mw_spec> views;
  for (const TensorSpec& spec : specs) {
    views.push_back({spec.name.c_str(), TypeOf(spec.type), spec.shape.data(), spec.shape.size(),
                     spec.optional ? 1 : 0});
  }
  return views;
}

size_t CountOf(const mw_tensor& input) {
  if (input.rank > kRankMax || (input.rank > 0 && input.shape == nullptr))
    throw InvalidArgument("Input {}: no shape, or more than {} dimensions", input.name, kRankMax);
  size_t count = 1;
  for (size_t i = 0; i < input.rank; ++i) {
    if (input.shape[i] < 0) throw InvalidArgument("Input {}: a negative size", input.name);
    const auto size = static_cast<size_t>(input.shape[i]);
    if (size != 0 && count > kElementsMax / size)
      throw InvalidArgument("Input {}: its shape is too large", input.name);
    count *= size;
  }
  return count;
}

Tensor CopyOf(const mw_tensor& input) {
  if (input.name == nullptr) throw InvalidArgument("An input has no name");
  const size_t count = CountOf(input);
  if (count > 0 && input.data == nullptr)
    throw InvalidArgument("Input {}: there are no data", input.name);
  Tensor tensor{.name = input.name, .type = FromType(input.type, input.name)};
  tensor.shape.assign(input.shape, input.shape + input.rank);
  if (tensor.type == DataType::kBytes) {
    const auto* texts = static_cast<const mw_text*>(input.data);
    for (size_t i = 0; i < count; ++i) {
      if (texts[i].size > 0 && texts[i].data == nullptr)
        throw InvalidArgument("Input {}: text {} is NULL", input.name, i);
      tensor.strings.emplace_back(texts[i].size == 0 ? "" : texts[i].data, texts[i].size);
    }
  } else {
    const auto* bytes = static_cast<const char*>(input.data);
    tensor.data.assign(bytes, bytes + count * DataTypeBytes(tensor.type));
  }
  return tensor;
}

std::unique_ptr<mw_result> ResultOf(std::vector<Tensor> tensors) {
  auto result = std::make_unique<mw_result>();
  result->tensors = std::move(tensors);
  for (const Tensor& tensor : result->tensors) {
    auto& texts = result->texts.emplace_back();
    for (const auto& text : tensor.strings) texts.push_back({text.data(), text.size()});
  }
  for (size_t i = 0; i < result->tensors.size(); ++i) {
    const Tensor& tensor = result->tensors[i];
    const void* data = tensor.type == DataType::kBytes
                           ? static_cast<const void*>(result->texts[i].data())
                           : static_cast<const void*>(tensor.data.data());
    result->views.push_back(
        {tensor.name.c_str(), TypeOf(tensor.type), tensor.shape.data(), tensor.shape.size(), data});
  }
  return result;
}

void NeedPointer(const void* pointer, const char* function, const char* what) {
  if (pointer == nullptr) throw InvalidArgument("{} got NULL for the {}", function, what);
}

// What a list of `owner` holds; of NULL nothing.
template <typename Owner, typename T>
size_t Count(const Owner* owner, std::vector<T> Owner::*list) {
  return owner == nullptr ? 0 : (owner->*list).size();
}

template <typename Owner, typename T>
const T* At(const Owner* owner, std::vector<T> Owner::*list, size_t index) {
  return index < Count(owner, list) ? &(owner->*list)[index] : nullptr;
}

}  // namespace

int mw_abi_version(void) {
  return MW_ABI_VERSION;
}

const char* mw_error_message(void) {
  return last_error.c_str();
}

mw_status mw_load(const char* path, mw_model** model) {
  return Guarded([&] {
    NeedPointer(model, "mw_load", "model");
    *model = nullptr;
    NeedPointer(path, "mw_load", "path");
    auto loaded = std::make_unique<mw_model>();
    loaded->engine = millwright::inference::LoadModel(path);
    const auto& signature = loaded->engine->signature();
    loaded->inputs = SpecsOf(signature.inputs);
    loaded->outputs = SpecsOf(signature.outputs);
    for (const auto& column : signature.columns) {
      loaded->columns.push_back(
          {column.name.c_str(), TypeOf(column.type), column.optional ? 1 : 0});
    }
    *model = loaded.release();
  });
}

void mw_free(mw_model* model) {
  delete model;
}

size_t mw_input_count(const mw_model* model) {
  return Count(model, &mw_model::inputs);
}
size_t mw_output_count(const mw_model* model) {
  return Count(model, &mw_model::outputs);
}
size_t mw_column_count(const mw_model* model) {
  return Count(model, &mw_model::columns);
}
const mw_spec* mw_input(const mw_model* model, size_t index) {
  return At(model, &mw_model::inputs, index);
}
const mw_spec* mw_output(const mw_model* model, size_t index) {
  return At(model, &mw_model::outputs, index);
}
const mw_column* mw_column_at(const mw_model* model, size_t index) {
  return At(model, &mw_model::columns, index);
}

mw_status mw_predict(mw_model* model, const mw_tensor* inputs, size_t input_count,
                     mw_result** result) {
  return Guarded([&] {
    NeedPointer(result, "mw_predict", "result");
    *result = nullptr;
    NeedPointer(model, "mw_predict", "model");
    if (input_count > 0) NeedPointer(inputs, "mw_predict", "inputs");
    if (input_count > kInputsMax) throw InvalidArgument("More than {} inputs", kInputsMax);
    std::vector<Tensor> tensors;
    for (size_t i = 0; i < input_count; ++i) tensors.push_back(CopyOf(inputs[i]));
    *result = ResultOf(model->engine->Run(tensors)).release();
  });
}

size_t mw_result_count(const mw_result* result) {
  return Count(result, &mw_result::views);
}
const mw_tensor* mw_result_at(const mw_result* result, size_t index) {
  return At(result, &mw_result::views, index);
}
const mw_tensor* mw_result_named(const mw_result* result, const char* name) {
  if (result == nullptr || name == nullptr) return nullptr;
  for (const mw_tensor& tensor : result->views)
    if (std::strcmp(tensor.name, name) == 0) return &tensor;
  return nullptr;
}
void mw_result_free(mw_result* result) {
  delete result;
}
