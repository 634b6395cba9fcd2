#pragma once

#include <simdjson.h>

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/prediction/rank.h"
#include "base/error.h"
#include "inference/tensor.h"
#include "serving/cell.h"

// Reading prediction bodies with simdjson on demand, straight into tensors. Only sources of the
// prediction protocols include this.
namespace millwright::api::prediction {

namespace ondemand = simdjson::ondemand;

// A body and the parser that walks it once. Texts that come out of it live as long as this does.
// One at a time per thread.
class JsonBody {
 public:
  // `body` gets room for the parser's padding.
  explicit JsonBody(std::string* body);
  // The first `bytes` of the body.
  JsonBody(std::string* body, size_t bytes);
  ~JsonBody();
  JsonBody(const JsonBody&) = delete;
  JsonBody& operator=(const JsonBody&) = delete;

  // Calls `read` with the document's root object. All JSON errors, also those that show up while
  // reading, become kInvalidArgument "Malformed JSON: …"; text after the document is one, too.
  template <typename F>
  void ReadObject(F&& read) {
    try {
      ondemand::document document = parser_.iterate(text_);
      ondemand::object object = RootObject(document);
      read(object);
      CheckEnd(document);
    } catch (const simdjson::simdjson_error& error) {
      throw Malformed(error);
    }
  }

 private:
  static ondemand::object RootObject(ondemand::document& document);
  static void CheckEnd(ondemand::document& document);
  static Error Malformed(const simdjson::simdjson_error& error);

  simdjson::padded_string_view text_;
  ondemand::parser& parser_;  // the thread's, whose memory is kept from request to request
};

// A value whose meaning depends on a field that comes after it: kept as text and read later. Its
// memory is the body's.
class DeferredArray {
 public:
  bool empty() const { return text_.empty(); }
  void Keep(ondemand::array array) { text_ = array.raw_json(); }
  template <typename F>
  void Read(F&& read) {
    parser_.emplace();
    ondemand::document document =
        parser_->iterate(text_.data(), text_.size(), text_.size() + simdjson::SIMDJSON_PADDING);
    ondemand::array array = document.get_array();
    read(array);
  }

 private:
  std::string_view text_;
  std::optional<ondemand::parser> parser_;
};

// Each throws kInvalidArgument naming `field` when the value is of another type.
ondemand::array AsArray(ondemand::value value, std::string_view field);
ondemand::object AsObject(ondemand::value value, std::string_view field);
std::string AsText(ondemand::value value, std::string_view field);
int64_t AsInteger(ondemand::value value, std::string_view field);
// A value that is no array or object.
serving::Cell AsCell(ondemand::value value);

// The bytes of {"b64": "…"}, which stands for a text in the protocols that came from TensorFlow;
// nothing, and the object as before, when it is another object.
std::optional<std::string> Base64Of(ondemand::object& object);

// Reads cells that may be {"b64": …}, whose bytes live as long as this.
class CellReader {
 public:
  serving::Cell Read(ondemand::value value);
  // The same, where one value may also stand in a list by itself, as TensorFlow Serving's callers
  // write a feature of shape [1].
  serving::Cell ReadFeature(ondemand::value value);

 private:
  std::deque<std::string> kept_;
};

// Fills a tensor of known type and shape from a list, flat in row-major order or nested as the
// shape says. Throws kInvalidArgument naming the tensor. `bytes` of the body bound what the shape
// can claim.
void ReadData(ondemand::array data, size_t bytes, inference::Tensor* tensor);

// Builds a tensor whose shape is the nesting of its JSON. Ragged nesting is kInvalidArgument.
class NestedTensor {
 public:
  explicit NestedTensor(const inference::TensorSpec& spec);
  // Reads the whole tensor.
  void Read(ondemand::value value) { Read(value, 0); }
  // Reads one more row of it.
  void ReadRow(ondemand::value row);
  void ReadRow(const serving::Cell& row);
  inference::Tensor Finish();

 private:
  void Read(ondemand::value value, size_t depth);
  void ReadLeaf(const serving::Cell& cell, size_t depth);
  // Reads a list that holds nothing but numbers; false, and the array as before, for another one.
  bool ScanList(ondemand::array& array, size_t depth);
  // Makes room for so many values in all.
  void Reserve(size_t count);
  void Store(const serving::Cell& cell);
  void SetSize(size_t depth, int64_t size);
  [[noreturn]] void Ragged() const;

  const inference::TensorSpec& spec_;
  inference::Tensor tensor_;
  std::vector<int64_t> sizes_;
  std::optional<size_t> leaf_depth_;
  size_t count_ = 0;
  size_t capacity_ = 0;
  int64_t rows_ = 0;
  bool by_row_ = false;
};

}  // namespace millwright::api::prediction
