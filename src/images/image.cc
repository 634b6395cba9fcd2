#include "images/image.h"

#include <algorithm>
#include <cmath>

namespace millwright::images {
namespace {

constexpr double kRed = 0.299, kGreen = 0.587, kBlue = 0.114;

bool IsChannels(int64_t size) {
  return size == 1 || size == 3 || size == 4;
}

bool IsSide(int64_t size) {
  return size >= static_cast<int64_t>(kImageSideMin) &&
         size <= static_cast<int64_t>(kImagePixelsMax);
}

std::optional<PixelLayout> Checked(int64_t height, int64_t width, int64_t channels,
                                   bool is_planar) {
  if (!IsSide(height) || !IsSide(width)) return std::nullopt;
  const PixelLayout layout{static_cast<size_t>(width), static_cast<size_t>(height),
                           static_cast<size_t>(channels), is_planar};
  if (layout.height > kImagePixelsMax / layout.width) return std::nullopt;
  return layout;
}

}  // namespace

std::optional<PixelLayout> LayoutOf(std::span<const int64_t> shape) {
  while (shape.size() > 3 && shape.front() == 1) shape = shape.subspan(1);
  if (shape.size() == 2) return Checked(shape[0], shape[1], 1, false);
  if (shape.size() != 3) return std::nullopt;
  if (IsChannels(shape[0]) && IsSide(shape[2])) return Checked(shape[1], shape[2], shape[0], true);
  if (IsChannels(shape[2])) return Checked(shape[0], shape[1], shape[2], false);
  return std::nullopt;
}

std::optional<Image> ImageOfNumbers(std::span<const double> numbers,
                                    std::span<const int64_t> shape) {
  const auto layout = LayoutOf(shape);
  if (!layout) return std::nullopt;
  const size_t pixels = layout->width * layout->height;
  if (numbers.size() != pixels * layout->channels) return std::nullopt;
  const bool is_finite = std::all_of(numbers.begin(), numbers.end(),
                                     [](double number) { return std::isfinite(number); });
  if (!is_finite) return std::nullopt;
  Image image{layout->width, layout->height, std::vector<float>(pixels), std::nullopt};
  const size_t step = layout->is_planar ? 1 : layout->channels;
  if (layout->channels == 1) {
    std::copy(numbers.begin(), numbers.end(), image.luminance.begin());
    return image;
  }
  const size_t next = layout->is_planar ? pixels : 1;
  std::array<double, 3> sums = {};
  for (size_t i = 0; i < pixels; ++i) {
    const double* pixel = &numbers[i * step];
    for (size_t c = 0; c < sums.size(); ++c) sums[c] += pixel[c * next];
    image.luminance[i] =
        static_cast<float>(kRed * pixel[0] + kGreen * pixel[next] + kBlue * pixel[2 * next]);
  }
  for (double& sum : sums) sum /= static_cast<double>(pixels);
  image.channel_means = sums;
  return image;
}

}  // namespace millwright::images
