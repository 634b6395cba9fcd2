#include "tensorboard/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "base/protobuf_reader.h"
#include "base/valid_text.h"
#include "tensorboard/tensor.h"

namespace millwright::tensorboard {
namespace {

using Field = ProtobufReader::Field;
using WireType = ProtobufReader::WireType;

double Fixed64(const Field& field) {
  if (field.type != WireType::kFixed64) throw InvalidArgument("a double has another wire type");
  return std::bit_cast<double>(field.value);
}

void AppendDoubles(const Field& field, std::vector<double>* values) {
  if (field.type != WireType::kBytes) {
    values->push_back(Fixed64(field));
    return;
  }
  if (field.bytes.size() % sizeof(double) != 0) throw InvalidArgument("packed doubles are cut");
  if (field.bytes.size() / sizeof(double) > kTensorItemsMax)
    throw InvalidArgument("a histogram is too large");
  for (size_t at = 0; at < field.bytes.size(); at += sizeof(double)) {
    double value = 0;
    std::memcpy(&value, field.bytes.data() + at, sizeof(value));
    values->push_back(value);
  }
}

// Joins neighbours until there are few enough, without losing a count.
void JoinBuckets(std::vector<Bucket>* buckets) {
  while (buckets->size() > kHistogramBucketsMax) {
    size_t kept = 0;
    for (size_t i = 0; i < buckets->size(); i += 2) {
      Bucket joined = (*buckets)[i];
      if (i + 1 < buckets->size()) {
        joined.right = (*buckets)[i + 1].right;
        joined.count += (*buckets)[i + 1].count;
      }
      (*buckets)[kept++] = joined;
    }
    buckets->resize(kept);
  }
}

// TF1's form has the right edges only, the first and last of which are as good as infinite, so the
// extremes stand in for them. Empty buckets at both ends say nothing.
Histogram OfHistogramProto(std::string_view bytes) {
  double min = 0, max = 0;
  std::vector<double> limits, counts;
  ProtobufReader reader(bytes);
  while (const auto field = reader.Next()) {
    if (field->number == 1) min = Fixed64(*field);
    if (field->number == 2) max = Fixed64(*field);
    if (field->number == 6) AppendDoubles(*field, &limits);
    if (field->number == 7) AppendDoubles(*field, &counts);
  }
  if (limits.size() != counts.size())
    throw InvalidArgument("a histogram has {} limits and {} buckets", limits.size(), counts.size());
  Histogram histogram;
  double left = min;
  for (size_t i = 0; i < limits.size(); ++i) {
    const double right = std::max(left, std::min(limits[i], max));
    if (counts[i] != 0 || !histogram.buckets.empty())
      histogram.buckets.push_back({left, right, counts[i]});
    left = std::max(left, limits[i]);
  }
  while (!histogram.buckets.empty() && histogram.buckets.back().count == 0)
    histogram.buckets.pop_back();
  JoinBuckets(&histogram.buckets);
  return histogram;
}

// TF2's form: rows of left, right and count.
Histogram OfHistogramTensor(const Tensor& tensor) {
  if (tensor.shape.size() != 2 || tensor.shape[1] != 3)
    throw InvalidArgument("a histogram's tensor has not the shape [k, 3]");
  Histogram histogram;
  for (size_t at = 0; at + 2 < tensor.numbers.size(); at += 3)
    histogram.buckets.push_back(
        {tensor.numbers[at], tensor.numbers[at + 1], tensor.numbers[at + 2]});
  JoinBuckets(&histogram.buckets);
  return histogram;
}

// The format by the first bytes; empty for what a browser is not given, such as SVG.
std::string_view ExtensionOf(std::string_view bytes) {
  if (bytes.starts_with("\x89PNG\r\n\x1a\n")) return "png";
  if (bytes.starts_with("\xFF\xD8\xFF")) return "jpg";
  if (bytes.starts_with("GIF87a") || bytes.starts_with("GIF89a")) return "gif";
  if (bytes.starts_with("RIFF") && bytes.size() > 12 && bytes.substr(8, 4) == "WEBP") return "webp";
  if (bytes.starts_with("BM")) return "bmp";
  return "";
}

void AddImage(std::string_view bytes, int64_t width, int64_t height, Images* images) {
  const std::string_view extension = ExtensionOf(bytes);
  if (extension.empty() || bytes.size() > kImageBytesMax ||
      images->images.size() == kImagesPerSampleMax) {
    ++images->dropped;
    return;
  }
  images->images.push_back({bytes, extension, width, height});
}

Images OfImageProto(std::string_view bytes) {
  int64_t width = 0, height = 0;
  std::string_view encoded;
  ProtobufReader reader(bytes);
  while (const auto field = reader.Next()) {
    if (field->number == 1) height = field->Int();
    if (field->number == 2) width = field->Int();
    if (field->number == 4) encoded = field->Bytes();
  }
  Images images;
  AddImage(encoded, width, height, &images);
  return images;
}

int64_t ParseSize(std::string_view text) {
  int64_t size = 0;
  for (const char c : text) {
    if (c < '0' || c > '9' || size > 1'000'000) return 0;
    size = size * 10 + (c - '0');
  }
  return size;
}

// TF2's form: the width and the height as text, then the images.
Images OfImageTensor(const Tensor& tensor) {
  Images images;
  if (tensor.strings.size() < 2) throw InvalidArgument("an image's tensor has no size");
  for (size_t i = 2; i < tensor.strings.size(); ++i)
    AddImage(tensor.strings[i], ParseSize(tensor.strings[0]), ParseSize(tensor.strings[1]),
             &images);
  return images;
}

Text OfTextTensor(const Tensor& tensor) {
  Text text;
  size_t bytes = 0;
  for (const std::string_view line : tensor.strings) {
    const std::string_view part = line.substr(0, kTextBytesMax - bytes);
    text.is_cut = text.is_cut || part.size() < line.size();
    bytes += part.size();
    text.lines.push_back(ValidText(part));
    if (bytes == kTextBytesMax || text.lines.size() == kTextBytesMax / 16) {
      text.is_cut = text.is_cut || text.lines.size() < tensor.strings.size();
      break;
    }
  }
  return text;
}

// google.protobuf.Value as a param's text.
std::string HparamText(std::string_view bytes) {
  std::string text;
  ProtobufReader reader(bytes);
  while (const auto field = reader.Next()) {
    if (field->number == 2) text = fmt::format("{}", Fixed64(*field));
    if (field->number == 3) text = ValidText(field->Bytes());
    if (field->number == 4) text = field->Int() != 0 ? "true" : "false";
    if (field->number > 4) text = "(a structure)";
  }
  return text;
}

Hparam ParseHparam(std::string_view bytes) {
  Hparam param;
  ProtobufReader entry(bytes);
  while (const auto field = entry.Next()) {
    if (field->number == 1) param.name = ValidText(field->Bytes());
    if (field->number == 2) param.value = HparamText(field->Bytes());
  }
  return param;
}

std::optional<SessionEnd> ParseSessionEnd(std::string_view bytes) {
  ProtobufReader reader(bytes);
  while (const auto field = reader.Next()) {
    if (field->number != 1) continue;
    if (field->Int() == 1) return SessionEnd::kSucceeded;
    if (field->Int() == 2) return SessionEnd::kFailed;
  }
  return std::nullopt;
}

// HParamsPluginData. What an experiment declares (ranges, which metrics to compare) is left out:
// what its sessions did is here.
Hparams OfHparams(std::string_view content) {
  Hparams hparams;
  ProtobufReader reader(content);
  while (const auto field = reader.Next()) {
    if (field->number == 4) hparams.end = ParseSessionEnd(field->Bytes());
    if (field->number != 3) continue;
    ProtobufReader start(field->Bytes());
    while (const auto part = start.Next())
      if (part->number == 1 && hparams.params.size() < kHparamsMax)
        hparams.params.push_back(ParseHparam(part->Bytes()));
  }
  return hparams;
}

Summary OfTensor(std::string_view bytes, std::string_view plugin) {
  if (plugin == "scalars") {
    const Tensor tensor = ParseTensor(bytes);
    if (tensor.numbers.size() != 1) throw InvalidArgument("a scalar has not one value");
    return Scalar{tensor.numbers[0]};
  }
  if (plugin == "histograms") return OfHistogramTensor(ParseTensor(bytes));
  if (plugin == "images") return OfImageTensor(ParseTensor(bytes));
  if (plugin == "text") return OfTextTensor(ParseTensor(bytes));
  return Unshown{plugin.empty() ? "tensor" : ValidText(plugin)};
}

}  // namespace

Summary Interpret(const SummaryValue& value, std::string_view plugin) {
  if (plugin == "hparams") return OfHparams(value.plugin_content);
  if (value.simple_value) return Scalar{*value.simple_value};
  if (value.histogram) return OfHistogramProto(*value.histogram);
  if (value.image) return OfImageProto(*value.image);
  if (value.tensor) return OfTensor(*value.tensor, plugin);
  if (value.audio) return Unshown{"audio"};
  return Unshown{plugin.empty() ? "empty value" : ValidText(plugin)};
}

}  // namespace millwright::tensorboard
