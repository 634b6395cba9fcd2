#include "images/image_properties.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace millwright::images {
namespace {

constexpr size_t kSteps = 256;
constexpr std::string_view kNames[] = {"brightness", "contrast",  "sharpness",   "entropy",
                                       "darkest",    "brightest", "red",         "green",
                                       "blue",       "area",      "aspect_ratio"};
static_assert(std::size(kNames) == kImageProperties);

double& At(ImageProperties* properties, ImageProperty property) {
  return (*properties)[static_cast<size_t>(property)];
}

void MeasureLight(const std::vector<float>& light, ImageProperties* properties) {
  const auto pixels = static_cast<double>(light.size());
  double sum = 0, squares = 0;
  for (float value : light) sum += value;
  const double mean = sum / pixels;
  for (float value : light) squares += (value - mean) * (value - mean);
  At(properties, ImageProperty::kBrightness) = mean;
  At(properties, ImageProperty::kContrast) = std::sqrt(squares / pixels);
}

void MeasureSteps(const std::vector<float>& light, ImageProperties* properties) {
  const auto [least, most] = std::minmax_element(light.begin(), light.end());
  const double low = *least, range = static_cast<double>(*most) - low;
  const auto pixels = static_cast<double>(light.size());
  std::array<int64_t, kSteps> counts = {};
  for (float value : light) {
    const double place = range > 0 ? (value - low) / range * static_cast<double>(kSteps) : 0;
    ++counts[std::min(static_cast<size_t>(place), kSteps - 1)];
  }
  double entropy = 0;
  for (int64_t count : counts) {
    const double share = static_cast<double>(count) / pixels;
    if (count > 0) entropy -= share * std::log2(share);
  }
  At(properties, ImageProperty::kEntropy) = std::max(0.0, entropy);
  At(properties, ImageProperty::kDarkest) = static_cast<double>(counts.front()) / pixels;
  At(properties, ImageProperty::kBrightest) = static_cast<double>(counts.back()) / pixels;
}

// Sums in one pass about the first response are exact enough: a Laplacian is about 0.
double Sharpness(const Image& image) {
  const auto& light = image.luminance;
  const size_t width = image.width;
  double sum = 0, squares = 0, count = 0;
  for (size_t y = 1; y + 1 < image.height; ++y) {
    for (size_t x = 1; x + 1 < width; ++x) {
      const size_t at = y * width + x;
      const double response = static_cast<double>(light[at + 1]) + light[at - 1] +
                              light[at + width] + light[at - width] - 4.0 * light[at];
      sum += response;
      squares += response * response;
      ++count;
    }
  }
  const double mean = sum / count;
  return std::max(0.0, squares / count - mean * mean);
}

void MeasureColours(const std::array<double, 3>& means, ImageProperties* properties) {
  const double sum = means[0] + means[1] + means[2];
  if (*std::min_element(means.begin(), means.end()) < 0 || sum <= 0) return;
  At(properties, ImageProperty::kRed) = means[0] / sum;
  At(properties, ImageProperty::kGreen) = means[1] / sum;
  At(properties, ImageProperty::kBlue) = means[2] / sum;
}

}  // namespace

std::string_view ImagePropertyName(ImageProperty property) {
  return kNames[static_cast<size_t>(property)];
}

ImageProperties NoProperties() {
  ImageProperties properties;
  properties.fill(std::numeric_limits<double>::quiet_NaN());
  return properties;
}

ImageProperties PropertiesOf(const Image& image) {
  ImageProperties properties = NoProperties();
  if (image.luminance.empty()) return properties;
  MeasureLight(image.luminance, &properties);
  MeasureSteps(image.luminance, &properties);
  if (image.width > 2 && image.height > 2) {
    At(&properties, ImageProperty::kSharpness) = Sharpness(image);
  }
  if (image.channel_means) MeasureColours(*image.channel_means, &properties);
  At(&properties, ImageProperty::kArea) = static_cast<double>(image.width * image.height);
  At(&properties, ImageProperty::kAspectRatio) =
      static_cast<double>(image.height) / static_cast<double>(image.width);
  return properties;
}

ImageProperties PropertiesOfCell(std::string_view cell) {
  const auto image = ReadImage(cell);
  return image ? PropertiesOf(*image) : NoProperties();
}

}  // namespace millwright::images
