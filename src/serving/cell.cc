#include "serving/cell.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <iterator>
#include <utility>

#include "base/error.h"

namespace millwright::serving {
namespace {

using inference::DataType;
using inference::Tensor;

constexpr double kExactIntegerMax = 9007199254740992;  // 2^53

std::string_view CellTypeName(const Cell& cell) {
  static constexpr std::string_view kNames[] = {"null",    "boolean", "integer",
                                                "integer", "number",  "string"};
  return kNames[cell.index()];
}

Error WrongType(const Cell& cell, DataType type) {
  return InvalidArgument("expected {}, got {}", inference::DataTypeName(type), CellTypeName(cell));
}

Error OutOfRange(DataType type) {
  return InvalidArgument("a value does not fit {}", inference::DataTypeName(type));
}

double ToDouble(const Cell& cell, DataType type) {
  if (const auto* value = std::get_if<double>(&cell)) return *value;
  if (const auto* value = std::get_if<int64_t>(&cell)) return static_cast<double>(*value);
  if (const auto* value = std::get_if<uint64_t>(&cell)) return static_cast<double>(*value);
  if (std::holds_alternative<std::monostate>(cell)) return std::nan("");
  throw WrongType(cell, type);
}

template <typename T>
T ToInteger(const Cell& cell, DataType type) {
  if (const auto* value = std::get_if<int64_t>(&cell)) {
    if (!std::in_range<T>(*value)) throw OutOfRange(type);
    return static_cast<T>(*value);
  }
  if (const auto* value = std::get_if<uint64_t>(&cell)) {
    if (!std::in_range<T>(*value)) throw OutOfRange(type);
    return static_cast<T>(*value);
  }
  if (const auto* value = std::get_if<double>(&cell)) {
    if (std::trunc(*value) != *value) {
      throw InvalidArgument("expected {}, got a number with a fraction",
                            inference::DataTypeName(type));
    }
    // Beyond 2^53 a number with a point is no longer one certain integer.
    if (std::fabs(*value) > kExactIntegerMax) throw OutOfRange(type);
    const auto integer = static_cast<int64_t>(*value);
    if (!std::in_range<T>(integer)) throw OutOfRange(type);
    return static_cast<T>(integer);
  }
  throw WrongType(cell, type);
}

template <typename T>
void Put(T value, size_t index, Tensor* tensor) {
  std::memcpy(tensor->data.data() + index * sizeof(T), &value, sizeof value);
}

// A finite number that the narrower type can only hold as infinity is refused, not changed.
void StoreFloating(const Cell& cell, size_t index, Tensor* tensor) {
  const double value = ToDouble(cell, tensor->type);
  if (tensor->type == DataType::kFp64) return Put(value, index, tensor);
  if (tensor->type == DataType::kFp32) {
    const float narrow = static_cast<float>(value);
    if (std::isinf(narrow) && std::isfinite(value)) throw OutOfRange(tensor->type);
    return Put(narrow, index, tensor);
  }
  const uint16_t half = HalfFromDouble(value);
  if ((half & 0x7fff) == 0x7c00 && std::isfinite(value)) throw OutOfRange(tensor->type);
  Put(half, index, tensor);
}

void StoreInteger(const Cell& cell, size_t index, Tensor* tensor) {
  const DataType type = tensor->type;
  switch (type) {
    case DataType::kUint8:
      return Put(ToInteger<uint8_t>(cell, type), index, tensor);
    case DataType::kUint16:
      return Put(ToInteger<uint16_t>(cell, type), index, tensor);
    case DataType::kUint32:
      return Put(ToInteger<uint32_t>(cell, type), index, tensor);
    case DataType::kUint64:
      return Put(ToInteger<uint64_t>(cell, type), index, tensor);
    case DataType::kInt8:
      return Put(ToInteger<int8_t>(cell, type), index, tensor);
    case DataType::kInt16:
      return Put(ToInteger<int16_t>(cell, type), index, tensor);
    case DataType::kInt32:
      return Put(ToInteger<int32_t>(cell, type), index, tensor);
    default:
      return Put(ToInteger<int64_t>(cell, type), index, tensor);
  }
}

// Those of pandas' words for a missing value that people write.
bool IsMissingWord(std::string_view text) {
  static constexpr std::string_view kWords[] = {"",     "NA",   "N/A",  "n/a",  "NaN", "nan",
                                                "NULL", "null", "None", "<NA>", "#N/A"};
  return std::find(std::begin(kWords), std::end(kWords), text) != std::end(kWords);
}

}  // namespace

void StoreCell(const Cell& cell, size_t index, Tensor* tensor) {
  switch (tensor->type) {
    case DataType::kFp16:
    case DataType::kFp32:
    case DataType::kFp64:
      return StoreFloating(cell, index, tensor);
    case DataType::kBool:
      if (!std::holds_alternative<bool>(cell)) throw WrongType(cell, tensor->type);
      return Put(static_cast<char>(std::get<bool>(cell)), index, tensor);
    case DataType::kBytes:
      if (!std::holds_alternative<std::string_view>(cell)) throw WrongType(cell, tensor->type);
      tensor->strings[index] = std::get<std::string_view>(cell);
      return;
    default:
      return StoreInteger(cell, index, tensor);
  }
}

Cell CellOfText(std::string_view text, DataType type) {
  if (type == DataType::kBytes) return text;
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  if (IsMissingWord(text)) return Cell();
  if (type == DataType::kBool) {
    if (text == "true" || text == "True" || text == "TRUE") return true;
    if (text == "false" || text == "False" || text == "FALSE") return false;
    return text;
  }
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto reads = [text](auto* number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
    return error == std::errc() && end == text.data() + text.size();
  };
  if (int64_t number = 0; reads(&number)) return number;
  if (uint64_t number = 0; reads(&number)) return number;
  if (double number = 0; reads(&number)) return number;
  return text;
}

void ResizeTensor(size_t count, Tensor* tensor) {
  if (tensor->type == DataType::kBytes) {
    tensor->strings.resize(count);
  } else {
    tensor->data.resize(count * inference::DataTypeBytes(tensor->type));
  }
}

uint16_t HalfFromDouble(double value) {
  const auto half = static_cast<_Float16>(value);
  uint16_t bits = 0;
  std::memcpy(&bits, &half, sizeof bits);
  return bits;
}

double DoubleFromHalf(uint16_t bits) {
  _Float16 half;
  std::memcpy(&half, &bits, sizeof bits);
  return static_cast<double>(half);
}

double DecimalOf(float value) {
  const double exact = value;
  // Numbers with few decimals, as most are: a whole number over a power of ten, both exact, so that
  // the quotient is the nearest double. Beyond, a float has no decimals.
  constexpr double kPowers[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7};
  constexpr double kWholeFrom = 1 << 24;
  if (!(std::fabs(exact) < kWholeFrom)) return exact;
  for (const double power : kPowers) {
    const double decimal = std::nearbyint(exact * power) / power;
    if (static_cast<float>(decimal) == value) return decimal == 0 ? exact : decimal;
  }
  char text[32];
  double decimal = exact;
  const auto end = std::to_chars(text, std::end(text), value).ptr;
  std::from_chars(text, end, decimal);
  return decimal;
}

}  // namespace millwright::serving
