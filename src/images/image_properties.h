#pragma once

#include <array>
#include <string_view>

#include "images/image.h"

// What a picture is like in a few numbers, as users of Deepchecks, whylogs and OpenCV know them:
// what changes when a camera is dirty, out of focus, replaced or turned to the night. A pure
// function of the pixels, which are read four times.
namespace millwright::images {

//   brightness     The mean of the luminance L.
//   contrast       Its standard deviation over all pixels: RMS contrast (Peli, Contrast in complex
//                  images, J. Opt. Soc. Am. A 7, 1990), in the unit of the pixels.
//   sharpness      The variance of the Laplacian, L(x+1,y) + L(x−1,y) + L(x,y+1) + L(x,y−1) −
//                  4 L(x,y), over all pixels but the border (Pech-Pacheco et al., Diatom
//                  autofocusing in brightfield microscopy, ICPR 2000): low where it is blurred,
//                  high where it is noisy.
//   entropy        −Σ p log2 p over 256 steps of equal size between the least and the largest
//                  luminance (Shannon, 1948); 0 where all pixels are alike.
//   darkest        The share of pixels in the lowest of those steps, and
//   brightest      in the highest one: how much is clipped, black or burnt out. 1 and 0 where all
//                  pixels are alike.
//   red, green, blue   The channel's share of the sum of all three means ("relative intensity").
//                  Absent of grey images, and where a mean is negative or all are 0.
//   area           Width times height, in pixels.
//   aspect_ratio   Height over width, as Deepchecks has it.
enum class ImageProperty {
  kBrightness,
  kContrast,
  kSharpness,
  kEntropy,
  kDarkest,
  kBrightest,
  kRed,
  kGreen,
  kBlue,
  kArea,
  kAspectRatio
};
inline constexpr size_t kImageProperties = 11;
std::string_view ImagePropertyName(ImageProperty property);

// In the order of ImageProperty; NaN where there is none.
using ImageProperties = std::array<double, kImageProperties>;
ImageProperties PropertiesOf(const Image& image);
ImageProperties NoProperties();

// Of what a cell holds (ReadImage); none where that is no image.
ImageProperties PropertiesOfCell(std::string_view cell);

}  // namespace millwright::images
