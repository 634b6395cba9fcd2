#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/prediction/number_list.h"
#include "inference/tensor.h"

// Reading prediction bodies as programs write them: texts of ASCII without escapes, each field
// once, lists of numbers. It takes a third of the time of a walk by simdjson, and gives up wherever
// a body is anything else. Then the walk reads it and words what is wrong with it: what is read
// here is what the walk would have read.
namespace millwright::api::prediction {

// A place in a text, which moves on as what is asked for is there. When something was not, the
// place is of no use any more.
class PlainJson {
 public:
  explicit PlainJson(std::string_view text) : rest_(text) {}

  // Whether the next character is `c`, blanks aside.
  bool IsNext(char c) {
    while (!rest_.empty() && IsSpace(rest_.front())) rest_.remove_prefix(1);
    return !rest_.empty() && rest_.front() == c;
  }
  // Steps over it where it is.
  bool Take(char c) {
    const bool is_next = IsNext(c);
    if (is_next) rest_.remove_prefix(1);
    return is_next;
  }
  bool IsAtEnd() { return !IsNext('\0') && rest_.empty(); }

  std::optional<std::string_view> TakeText();
  std::optional<int64_t> TakeInteger();  // not negative, below 10^18
  std::optional<bool> TakeBool();
  std::optional<double> TakeNumber();  // null is NaN

  // Calls `read` with each key of an object, or for each item of an array, to take what follows.
  // False as soon as `read` or the text is.
  template <typename F>
  bool TakeObject(F&& read) {
    if (!Take('{')) return false;
    if (Take('}')) return true;
    do {
      const auto key = TakeText();
      if (!key || !Take(':') || !read(*key)) return false;
    } while (Take(','));
    return Take('}');
  }
  template <typename F>
  bool TakeArray(F&& read) {
    if (!Take('[')) return false;
    if (Take(']')) return true;
    do {
      if (!read()) return false;
    } while (Take(','));
    return Take(']');
  }

  std::string_view rest() const { return rest_; }
  void Skip(size_t bytes) { rest_.remove_prefix(bytes); }

 private:
  static bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

  std::string_view rest_;
};

// Whether tensors of this type are read here.
inline bool IsPlain(inference::DataType type) {
  return type == inference::DataType::kFp32 || type == inference::DataType::kFp64;
}

// Reads the list of numbers that comes next into such a tensor from element `index` on, where there
// is room for `count_max`.
std::optional<NumberList> TakeNumbers(PlainJson* json, size_t index, size_t count_max,
                                      inference::Tensor* tensor);

// Fills a tensor of known type and shape from a list, flat or nested as the shape says. False where
// ReadData must read it.
bool ReadPlainData(PlainJson* json, inference::Tensor* tensor);

// Builds a tensor whose shape is the nesting of its JSON, of two lists at least, as NestedTensor
// does, where no list is empty.
std::optional<inference::Tensor> ReadPlainTensor(PlainJson* json,
                                                 const inference::TensorSpec& spec);

}  // namespace millwright::api::prediction
