#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tensorboard/event.h"

namespace millwright::tensorboard {

// Histograms of more buckets have neighbours joined until they fit.
inline constexpr size_t kHistogramBucketsMax = 512;
inline constexpr size_t kImagesPerSampleMax = 16;
inline constexpr size_t kImageBytesMax = 16 << 20;
// The text of one sample; the rest is cut off.
inline constexpr size_t kTextBytesMax = 64 << 10;
inline constexpr size_t kHparamsMax = 1000;

struct Scalar {
  double value = 0;
};

struct Bucket {
  double left = 0;
  double right = 0;
  double count = 0;
  bool operator==(const Bucket&) const = default;
};
struct Histogram {
  std::vector<Bucket> buckets;
};

struct Image {
  std::string_view bytes;      // as written: PNG, JPEG, GIF, WebP or BMP
  std::string_view extension;  // "png"; what the bytes say, not what the writer says
  int64_t width = 0;
  int64_t height = 0;
};
struct Images {
  std::vector<Image> images;
  size_t dropped = 0;  // those beyond the limits or in another format
};

struct Text {
  std::vector<std::string> lines;  // a cell of the tensor each, row by row
  bool is_cut = false;
};

struct Hparam {
  std::string name;
  std::string value;
};
enum class SessionEnd { kSucceeded, kFailed };
// What the hparams plugin says of a session: its params at the start, its status at the end.
struct Hparams {
  std::vector<Hparam> params;
  std::optional<SessionEnd> end;
};

// Something that is in the file and is not shown; named for people: "audio", "pr_curves", "mesh".
struct Unshown {
  std::string what;
};

using Summary = std::variant<Scalar, Histogram, Images, Text, Hparams, Unshown>;

// Says what a value of a summary is. `plugin` is the one that the tag's first value named, for
// later values leave it out. Values in TF1's own fields (simple_value, histo, image) say themselves
// what they are. Throws kInvalidArgument for malformed bytes.
Summary Interpret(const SummaryValue& value, std::string_view plugin);

}  // namespace millwright::tensorboard
