#include "api/prediction/plain_json.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "api/prediction/rank.h"
#include "base/words.h"

namespace millwright::api::prediction {
namespace {

using inference::DataType;
using inference::Tensor;

constexpr int64_t kIntegerMax = 1'000'000'000'000'000'000;

// Whether the array that comes next holds arrays.
bool HoldsArrays(const PlainJson& json) {
  PlainJson ahead = json;
  return ahead.Take('[') && ahead.IsNext('[');
}

// Reads what is nested as the shape says, from dimension `depth` on.
bool ReadNested(PlainJson* json, size_t depth, size_t* index, Tensor* tensor) {
  const auto size = static_cast<size_t>(tensor->shape[depth]);
  if (depth + 1 == tensor->shape.size()) {
    const auto list = TakeNumbers(json, *index, size, tensor);
    *index += size;
    return list && list->count == size;
  }
  size_t read = 0;
  const auto read_one = [&] { return read++ < size && ReadNested(json, depth + 1, index, tensor); };
  return json->TakeArray(read_one) && read == size;
}

class NestedReader {
 public:
  explicit NestedReader(const inference::TensorSpec& spec) : spec_(spec) {
    tensor_.name = spec.name;
    tensor_.type = spec.type;
  }

  std::optional<Tensor> Read(PlainJson* json) {
    if (!IsPlain(spec_.type) || !ReadLevel(json, 0)) return std::nullopt;
    Resize(count_);
    const auto& wanted = spec_.shape;
    if (sizes_.size() + 1 == wanted.size() && wanted.back() == 1) sizes_.push_back(1);
    tensor_.shape = std::move(sizes_);
    return std::move(tensor_);
  }

 private:
  bool ReadLevel(PlainJson* json, size_t depth) {
    if (depth == kRankMax || !json->IsNext('[')) return false;
    if (depth >= sizes_.size()) sizes_.push_back(0);
    size_t size = 0;
    if (!HoldsArrays(*json)) {
      if (!ReadLeaves(json, depth, &size)) return false;
    } else {
      const auto read_one = [&] {
        ++size;
        return ReadLevel(json, depth + 1);
      };
      if (!json->TakeArray(read_one)) return false;
    }
    if (sizes_[depth] == 0) sizes_[depth] = static_cast<int64_t>(size);
    return size > 0 && sizes_[depth] == static_cast<int64_t>(size);
  }

  // All leaves are equally deep.
  bool ReadLeaves(PlainJson* json, size_t depth, size_t* size) {
    // The walk takes rows of one value each for cells, of which -0 is an integer.
    if (depth == 0) return false;
    if (leaf_depth_.value_or(depth) != depth || depth + 1 != sizes_.size()) return false;
    leaf_depth_ = depth;
    const std::string_view rest = json->rest();
    const auto known = static_cast<size_t>(sizes_[depth]);
    const size_t count_max = known > 0 ? known : ListLength(rest.substr(0, rest.find(']') + 1));
    Reserve(count_ + count_max);
    const auto list = TakeNumbers(json, count_, count_max, &tensor_);
    if (!list) return false;
    *size = list->count;
    count_ += list->count;
    // The lists that follow are of this length, and most likely of as many characters.
    if (known == 0) Reserve(count_ + list->count * (json->rest().size() / list->bytes + 1));
    return true;
  }

  void Reserve(size_t count) {
    if (count <= capacity_) return;
    capacity_ = std::max(capacity_ * 2, count);
    Resize(capacity_);
  }

  void Resize(size_t count) { tensor_.data.resize(count * inference::DataTypeBytes(tensor_.type)); }

  const inference::TensorSpec& spec_;
  Tensor tensor_;
  std::vector<int64_t> sizes_;  // 0: not known yet
  std::optional<size_t> leaf_depth_;
  size_t count_ = 0;
  size_t capacity_ = 0;
};

}  // namespace

std::optional<std::string_view> PlainJson::TakeText() {
  if (!Take('"')) return std::nullopt;
  const size_t size = rest_.find('"');
  if (size == std::string_view::npos) return std::nullopt;
  const std::string_view text = rest_.substr(0, size);
  const bool is_plain = words::All(text, [](uint64_t word) {
    return (words::AnyBelow(word, ' ') | words::AnyEqual(word, '\\') | words::AnyEqual(word, 0x7f) |
            (word & words::kTopBits)) == 0;
  });
  if (!is_plain) return std::nullopt;
  rest_.remove_prefix(size + 1);
  return text;
}

std::optional<int64_t> PlainJson::TakeInteger() {
  IsNext('\0');
  int64_t value = 0;
  size_t size = 0;
  for (; size < rest_.size() && rest_[size] >= '0' && rest_[size] <= '9'; ++size) {
    value = value * 10 + (rest_[size] - '0');
    if (value >= kIntegerMax) return std::nullopt;
  }
  if (size == 0 || (size > 1 && rest_.front() == '0')) return std::nullopt;
  rest_.remove_prefix(size);
  // 3.0 and 3e0 are no integers in JSON's sense.
  const bool goes_on = !rest_.empty() && (rest_.front() == '.' || (rest_.front() | ' ') == 'e');
  return goes_on ? std::nullopt : std::optional(value);
}

std::optional<bool> PlainJson::TakeBool() {
  for (const bool value : {true, false}) {
    const std::string_view word = value ? "true" : "false";
    if (!IsNext(word.front()) || !rest_.starts_with(word)) continue;
    rest_.remove_prefix(word.size());
    return value;
  }
  return std::nullopt;
}

std::optional<double> PlainJson::TakeNumber() {
  IsNext('\0');
  double number = 0;
  const auto behind = ScanNumber(rest_, &number);
  if (!behind) return std::nullopt;
  rest_ = *behind;
  return number;
}

std::optional<NumberList> TakeNumbers(PlainJson* json, size_t index, size_t count_max,
                                      Tensor* tensor) {
  if (!json->IsNext('[')) return std::nullopt;
  const auto list = tensor->type == DataType::kFp32
                        ? ScanList(json->rest(), tensor->As<float>() + index, count_max)
                        : ScanList(json->rest(), tensor->As<double>() + index, count_max);
  if (list) json->Skip(list->bytes);
  return list;
}

bool ReadPlainData(PlainJson* json, Tensor* tensor) {
  if (!IsPlain(tensor->type) || !json->IsNext('[')) return false;
  // Each value takes two characters at least, so no shape can claim more than the body holds.
  size_t count = 1;
  for (const int64_t size : tensor->shape) {
    if (size < 0 || __builtin_mul_overflow(count, static_cast<size_t>(size), &count)) return false;
  }
  if (count == 0 || count > json->rest().size()) return false;
  tensor->data.resize(count * inference::DataTypeBytes(tensor->type));
  if (!HoldsArrays(*json)) {
    const auto list = TakeNumbers(json, 0, count, tensor);
    return list && list->count == count;
  }
  size_t index = 0;
  return !tensor->shape.empty() && ReadNested(json, 0, &index, tensor);
}

std::optional<Tensor> ReadPlainTensor(PlainJson* json, const inference::TensorSpec& spec) {
  return NestedReader(spec).Read(json);
}

}  // namespace millwright::api::prediction
