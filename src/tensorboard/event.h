#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millwright::tensorboard {

// One value of a Summary as it stands in the file; the views reach into the record. At most one of
// the payloads is there.
struct SummaryValue {
  std::string_view tag;
  std::optional<double> simple_value;
  std::optional<std::string_view> histogram;  // HistogramProto
  std::optional<std::string_view> image;      // Summary.Image
  std::optional<std::string_view> audio;      // Summary.Audio
  std::optional<std::string_view> tensor;     // TensorProto
  // Of SummaryMetadata, which writers send with the first value of a tag only.
  std::string_view plugin;
  std::string_view plugin_content;
};

enum class SessionStatus { kNone, kStart, kStop, kCheckpoint };

// One Event of an event file.
struct Event {
  double wall_time = 0;  // seconds since 1970
  int64_t step = 0;
  std::string_view file_version;  // of the first event of a file, such as "brain.Event:2"
  std::vector<SummaryValue> values;
  SessionStatus session = SessionStatus::kNone;
  // What else it holds, by a name for people, such as "graph"; empty for nothing.
  std::string_view unshown;
};

// How many values of one event are read.
inline constexpr size_t kValuesPerEventMax = 100'000;

// Reads an Event. Throws kInvalidArgument for bytes that are none. Unknown fields are passed over.
Event ParseEvent(std::string_view bytes);

// The wall time in milliseconds, within what a run's metric may have.
int64_t WallTimeMs(const Event& event);

}  // namespace millwright::tensorboard
