#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/crc32c.h"

// Writes event files byte by byte as TensorFlow's, PyTorch's and tensorboardX's writers do, without
// any code of the reader but the checksum, whose vectors are the standard's.
namespace millwright::tensorboard::testing {

inline std::string Varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>((value & 0x7F) | 0x80);
  return bytes + static_cast<char>(value);
}
inline std::string Number(int field, int64_t value) {
  return Varint(field << 3) + Varint(static_cast<uint64_t>(value));
}
inline std::string Bytes(int field, std::string_view value) {
  return Varint(field << 3 | 2) + Varint(value.size()) + std::string(value);
}
template <typename T>
std::string Raw(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}
inline std::string Double(int field, double value) {
  return Varint(field << 3 | 1) + Raw(std::vector{value});
}
inline std::string Float(int field, float value) {
  return Varint(field << 3 | 5) + Raw(std::vector{value});
}

inline std::string Record(std::string_view data) {
  const std::string length = Raw(std::vector<uint64_t>{data.size()});
  return length + Raw(std::vector{MaskedCrc(Crc32c(length))}) + std::string(data) +
         Raw(std::vector{MaskedCrc(Crc32c(data))});
}

// An event with a payload, such as Bytes(5, …) for a summary.
inline std::string EventBytes(double wall_time, int64_t step, std::string_view payload) {
  return Double(1, wall_time) + Number(2, step) + std::string(payload);
}
inline std::string FileVersion(double wall_time = 1) {
  return Record(EventBytes(wall_time, 0, Bytes(3, "brain.Event:2")));
}
inline std::string Metadata(std::string_view plugin, std::string_view content = "") {
  return Bytes(9, Bytes(1, Bytes(1, plugin) + Bytes(2, content)));
}
inline std::string SummaryRecord(double wall_time, int64_t step, std::string_view tag,
                                 std::string_view value) {
  return Record(
      EventBytes(wall_time, step, Bytes(5, Bytes(1, Bytes(1, tag) + std::string(value)))));
}
inline std::string ScalarRecord(double wall_time, int64_t step, std::string_view tag, float value) {
  return SummaryRecord(wall_time, step, tag, Float(2, value));
}
inline std::string SessionStart(double wall_time, int64_t step) {
  return Record(EventBytes(wall_time, step, Bytes(7, Number(1, 1))));
}

inline std::string Shape(const std::vector<int64_t>& sizes) {
  std::string shape;
  for (const int64_t size : sizes) shape += Bytes(2, Number(1, size));
  return Bytes(2, shape);
}
inline std::string TensorBytes(int64_t type, const std::vector<int64_t>& sizes,
                               std::string_view values) {
  return Number(1, type) + Shape(sizes) + std::string(values);
}
inline std::string Strings(const std::vector<std::string>& values) {
  std::string bytes;
  for (const auto& value : values) bytes += Bytes(8, value);
  return bytes;
}

inline const std::string kPng = std::string("\x89PNG\r\n\x1a\n", 8) + "pixels";

}  // namespace millwright::tensorboard::testing
