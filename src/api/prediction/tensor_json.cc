#include "api/prediction/tensor_json.h"

#include <fmt/compile.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"
#include "serving/cell.h"

namespace millwright::api::prediction {
namespace {

using inference::DataType;
using inference::Tensor;

constexpr size_t kNumberBytesMax = 32;  // of any number's text, a point and a comma

template <typename T>
char* WriteInteger(T value, char* to) {
  return std::to_chars(to, to + kNumberBytesMax, value).ptr;
}

char* WriteText(std::string_view text, char* to) {
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

template <typename T>
char* WriteFloating(T value, const JsonStyle& style, char* to) {
  if (!std::isfinite(value)) {
    if (std::isnan(value)) return WriteText("null", to);
    return WriteText(value > 0 ? "\"Infinity\"" : "\"-Infinity\"", to);
  }
  // The shortest text that reads back as the same, in half of the time that to_chars takes.
  char* end = fmt::format_to(to, FMT_COMPILE("{}"), value);
  if (style.floats == JsonStyle::Floats::kShortest) return end;
  const std::string_view written(to, static_cast<size_t>(end - to));
  return written.find_first_of(".e") == std::string_view::npos ? WriteText(".0", end) : end;
}

// Writes elements of one type; the type is looked at once a tensor, not once an element.
template <typename T>
class NumberWriter {
 public:
  // A model may give any byte for true.
  using Stored = std::conditional_t<std::is_same_v<T, bool>, uint8_t, T>;
  NumberWriter(const Tensor& tensor, const JsonStyle& style)
      : values_(tensor.As<Stored>()), style_(style) {}

  char* Write(size_t index, char* to) const {
    if constexpr (std::is_same_v<T, bool>) {
      return WriteText(values_[index] != 0 ? "true" : "false", to);
    } else if constexpr (std::is_floating_point_v<T>) {
      return WriteFloating(values_[index], style_, to);
    } else {
      return WriteInteger(values_[index], to);
    }
  }

 private:
  const Stored* values_;
  const JsonStyle& style_;
};

class HalfWriter {
 public:
  HalfWriter(const Tensor& tensor, const JsonStyle& style)
      : values_(tensor.As<uint16_t>()), style_(style) {}
  char* Write(size_t index, char* to) const {
    return WriteFloating(static_cast<float>(serving::DoubleFromHalf(values_[index])), style_, to);
  }

 private:
  const uint16_t* values_;
  const JsonStyle& style_;
};

void AppendText(const Tensor& tensor, size_t index, JsonStyle::Bytes bytes, std::string* out) {
  const std::string& text = tensor.strings[index];
  const bool is_text = bytes != JsonStyle::Bytes::kBase64 && simdjson::validate_utf8(text);
  if (is_text) return AppendJsonString(text, out);
  if (bytes == JsonStyle::Bytes::kText) {
    throw InvalidArgument("Output {} is not UTF-8; ask for it as binary data", tensor.name)
        .WithField(tensor.name);
  }
  out->append("{\"b64\":\"").append(Base64(text)).append("\"}");
}

class TextWriter {
 public:
  TextWriter(const Tensor& tensor, const JsonStyle& style) : tensor_(tensor), style_(style) {}
  void Append(size_t index, std::string* out) const {
    AppendText(tensor_, index, style_.bytes, out);
  }

 private:
  const Tensor& tensor_;
  const JsonStyle& style_;
};

// Calls `write` with the writer of the tensor's type.
template <typename F>
void WithWriter(const Tensor& tensor, const JsonStyle& style, F&& write) {
  switch (tensor.type) {
    case DataType::kBool:
      return write(NumberWriter<bool>(tensor, style));
    case DataType::kUint8:
      return write(NumberWriter<uint8_t>(tensor, style));
    case DataType::kUint16:
      return write(NumberWriter<uint16_t>(tensor, style));
    case DataType::kUint32:
      return write(NumberWriter<uint32_t>(tensor, style));
    case DataType::kUint64:
      return write(NumberWriter<uint64_t>(tensor, style));
    case DataType::kInt8:
      return write(NumberWriter<int8_t>(tensor, style));
    case DataType::kInt16:
      return write(NumberWriter<int16_t>(tensor, style));
    case DataType::kInt32:
      return write(NumberWriter<int32_t>(tensor, style));
    case DataType::kInt64:
      return write(NumberWriter<int64_t>(tensor, style));
    case DataType::kFp16:
      return write(HalfWriter(tensor, style));
    case DataType::kFp32:
      return write(NumberWriter<float>(tensor, style));
    case DataType::kFp64:
      return write(NumberWriter<double>(tensor, style));
    case DataType::kBytes:
      return write(TextWriter(tensor, style));
  }
}

// Appends a list of elements that follow one another. Numbers go straight into the text's memory,
// of which there is enough for the longest.
template <typename Writer>
void AppendList(const Writer& writer, size_t begin, size_t count, std::string* out) {
  out->push_back('[');
  if constexpr (std::is_same_v<Writer, TextWriter>) {
    for (size_t i = 0; i < count; ++i) {
      if (i > 0) out->push_back(',');
      writer.Append(begin + i, out);
    }
  } else {
    constexpr size_t kBlock = 256;
    char block[kBlock * (kNumberBytesMax + 1)];
    for (size_t done = 0; done < count;) {
      const size_t end = std::min(count, done + kBlock);
      char* to = block;
      for (; done < end; ++done) {
        if (done > 0) *to++ = ',';
        to = writer.Write(begin + done, to);
      }
      out->append(block, to);
    }
  }
  out->push_back(']');
}

template <typename Writer>
void AppendOne(const Writer& writer, size_t index, std::string* out) {
  if constexpr (std::is_same_v<Writer, TextWriter>) {
    writer.Append(index, out);
  } else {
    char text[kNumberBytesMax];
    out->append(text, writer.Write(index, text));
  }
}

template <typename Writer>
void AppendLevel(const Writer& writer, const std::vector<int64_t>& shape, size_t depth,
                 size_t* index, std::string* out) {
  if (depth == shape.size()) return AppendOne(writer, (*index)++, out);
  const auto size = static_cast<size_t>(shape[depth]);
  if (depth + 1 == shape.size()) {
    AppendList(writer, *index, size, out);
    *index += size;
    return;
  }
  out->push_back('[');
  for (size_t i = 0; i < size; ++i) {
    if (i > 0) out->push_back(',');
    AppendLevel(writer, shape, depth + 1, index, out);
  }
  out->push_back(']');
}

}  // namespace

void AppendFlat(const Tensor& tensor, const JsonStyle& style, std::string* out) {
  WithWriter(tensor, style,
             [&](const auto& writer) { AppendList(writer, 0, tensor.element_count(), out); });
}

void AppendNested(const Tensor& tensor, const JsonStyle& style, std::string* out) {
  WithWriter(tensor, style, [&](const auto& writer) {
    size_t index = 0;
    AppendLevel(writer, tensor.shape, 0, &index, out);
  });
}

void AppendSlice(const Tensor& tensor, size_t place, const JsonStyle& style, std::string* out) {
  size_t index = place;
  for (size_t i = 1; i < tensor.shape.size(); ++i) index *= static_cast<size_t>(tensor.shape[i]);
  WithWriter(tensor, style,
             [&](const auto& writer) { AppendLevel(writer, tensor.shape, 1, &index, out); });
}

void AppendElement(const Tensor& tensor, size_t index, const JsonStyle& style, std::string* out) {
  WithWriter(tensor, style, [&](const auto& writer) { AppendOne(writer, index, out); });
}

void AppendKey(const Tensor& tensor, size_t index, std::string* out) {
  if (tensor.type == DataType::kBytes) {
    return AppendText(tensor, index, JsonStyle::Bytes::kText, out);
  }
  out->push_back('"');
  AppendElement(tensor, index, {}, out);
  out->push_back('"');
}

}  // namespace millwright::api::prediction
