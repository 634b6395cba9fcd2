#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

// Pictures, as far as their statistics need them.
namespace millwright::images {

// Larger ones have no statistics: an image costs no more than its pixels, and no header can make it
// cost more memory than these.
inline constexpr size_t kImageBytesMax = 64 << 20;
inline constexpr size_t kImagePixelsMax = 25'000'000;
// Fewer pixels a side are no picture, and a table of so few numbers is something else.
inline constexpr size_t kImageSideMin = 8;

// How bright each pixel is, row by row, in the unit that the image came in: 0 to 255 of PNG and
// JPEG, anything of numbers. Of colours it is 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), as Pillow
// and OpenCV turn them into grey. An alpha channel is left out.
struct Image {
  size_t width = 0, height = 0;
  std::vector<float> luminance;
  // The mean of red, green and blue; absent of grey images.
  std::optional<std::array<double, 3>> channel_means;
};

// Where the pixels of a tensor's row lie: [height, width], [channels, height, width] or [height,
// width, channels] of 1, 3 or 4 channels, with any leading dimensions of 1. Which of the two it is
// says the dimension that is one of these. Nothing for any other shape.
struct PixelLayout {
  size_t width = 0, height = 0, channels = 0;
  bool is_planar = false;  // channel after channel
};
std::optional<PixelLayout> LayoutOf(std::span<const int64_t> shape);

// The numbers of a tensor's row as an image. Nothing where their shape is none of an image, or a
// number is not finite.
std::optional<Image> ImageOfNumbers(std::span<const double> numbers,
                                    std::span<const int64_t> shape);

// Reads an image out of a cell of a table: the bytes of a PNG or a JPEG file, the same in base64
// (as a data URL, too), or the text of nested lists of numbers ("[[0.1, 0.2], …]"). Nothing where
// it is none of these, damaged or too large. Throws kUnavailable without libpng or libjpeg where
// they are needed.
std::optional<Image> ReadImage(std::string_view cell);

}  // namespace millwright::images
