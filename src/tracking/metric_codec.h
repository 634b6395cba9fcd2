#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tracking/entities.h"
#include "tracking/metric_point.h"

// How points of metrics are written as bytes. Two forms, each with a number of its version first:
//
// An append is what one acknowledged call brought, in columns and not compressed further, since it
// is made while a client waits:
//   version · points · keys · {length, text} of each key · key numbers (only with two keys or more)
//   · timestamps · steps · values
// Counts and lengths are varints. Key numbers, timestamps and steps are differences to the one
// before, zigzag varints; values are 8 bytes, little-endian.
//
// A part is a sorted stretch of one metric's history, at most kPartPointsMax points:
//   version · points · a zstd frame with checksum of {timestamps · steps · values}
// where a value is XORed with the one before and the bytes are stored by their place: all first
// bytes, all second bytes, …
//
// Decoding what is damaged throws kInternal and never reads or allocates beyond what the bytes can
// hold. Thread-safe.
namespace millwright::tracking {

inline constexpr size_t kPartPointsMax = 4096;

std::string EncodeAppend(std::span<const Metric> metrics);

struct AppendedPoints {
  std::vector<std::string_view> keys;  // parts of the decoded bytes
  std::vector<uint32_t> key_of;        // for each point its place in `keys`
  std::vector<MetricPoint> points;
};
AppendedPoints DecodeAppend(std::string_view bytes);

// `points` are sorted and not empty.
std::string EncodePart(std::span<const MetricPoint> points);
std::vector<MetricPoint> DecodePart(std::string_view bytes);

}  // namespace millwright::tracking
