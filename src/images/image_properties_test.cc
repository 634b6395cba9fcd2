#include "images/image_properties.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>

#include "base/digest.h"
#include "base/file.h"

namespace millwright::images {
namespace {

const std::string kImages = std::string(MILLWRIGHT_SOURCE_DIR) + "/tests/data/images/";

double Of(const ImageProperties& properties, ImageProperty property) {
  return properties[static_cast<size_t>(property)];
}

Image Grey(size_t width, size_t height, const std::function<double(size_t x, size_t y)>& light) {
  Image image{width, height, {}, std::nullopt};
  for (size_t y = 0; y < height; ++y) {
    for (size_t x = 0; x < width; ++x) image.luminance.push_back(static_cast<float>(light(x, y)));
  }
  return image;
}

TEST(ImageProperties, OfAChessboard) {
  const auto chess = PropertiesOf(Grey(10, 20, [](size_t x, size_t y) { return (x + y) % 2; }));
  EXPECT_DOUBLE_EQ(Of(chess, ImageProperty::kBrightness), 0.5);
  EXPECT_DOUBLE_EQ(Of(chess, ImageProperty::kContrast), 0.5);
  // A pixel of 1 has four neighbours of 0 and the other way around: responses of 4 and −4.
  EXPECT_DOUBLE_EQ(Of(chess, ImageProperty::kSharpness), 16);
  EXPECT_DOUBLE_EQ(Of(chess, ImageProperty::kEntropy), 1);
  EXPECT_DOUBLE_EQ(Of(chess, ImageProperty::kDarkest), 0.5);
  EXPECT_DOUBLE_EQ(Of(chess, ImageProperty::kBrightest), 0.5);
  EXPECT_DOUBLE_EQ(Of(chess, ImageProperty::kArea), 200);
  EXPECT_DOUBLE_EQ(Of(chess, ImageProperty::kAspectRatio), 2);
  EXPECT_TRUE(std::isnan(Of(chess, ImageProperty::kRed)));
}

TEST(ImageProperties, OfAPlainAreaAndASlope) {
  const auto plain = PropertiesOf(Grey(8, 8, [](size_t, size_t) { return 7; }));
  EXPECT_DOUBLE_EQ(Of(plain, ImageProperty::kBrightness), 7);
  EXPECT_DOUBLE_EQ(Of(plain, ImageProperty::kContrast), 0);
  EXPECT_DOUBLE_EQ(Of(plain, ImageProperty::kEntropy), 0);
  EXPECT_DOUBLE_EQ(Of(plain, ImageProperty::kDarkest), 1);
  EXPECT_DOUBLE_EQ(Of(plain, ImageProperty::kBrightest), 0);
  // Each of 256 columns is a step of its own, and a slope has no edge.
  const auto slope = PropertiesOf(Grey(256, 9, [](size_t x, size_t) { return x; }));
  EXPECT_DOUBLE_EQ(Of(slope, ImageProperty::kEntropy), 8);
  EXPECT_DOUBLE_EQ(Of(slope, ImageProperty::kSharpness), 0);
}

TEST(ImageProperties, ReadsPng) {
  const std::string bytes = ReadFile(kImages + "halves.png");
  const auto image = ReadImage(bytes);
  ASSERT_TRUE(image);
  EXPECT_EQ(image->width, 16u);
  EXPECT_EQ(image->height, 12u);
  EXPECT_NEAR(image->luminance.front(), 0.299 * 200 + 0.587 * 20 + 0.114 * 20, 1e-4);
  const auto properties = PropertiesOf(*image);
  EXPECT_NEAR(Of(properties, ImageProperty::kRed), 110.0 / 190, 1e-9);
  EXPECT_NEAR(Of(properties, ImageProperty::kGreen), 20.0 / 190, 1e-9);
  EXPECT_NEAR(Of(properties, ImageProperty::kBlue), 60.0 / 190, 1e-9);
  for (const std::string& text : {Base64(bytes), "data:image/png;base64," + Base64(bytes)}) {
    EXPECT_EQ(PropertiesOfCell(text), properties) << text;
  }
}

TEST(ImageProperties, ReadsJpeg) {
  const std::string bytes = ReadFile(kImages + "halves.jpg");
  const auto image = ReadImage(bytes);
  ASSERT_TRUE(image);
  EXPECT_EQ(image->width, 16u);
  EXPECT_EQ(image->height, 12u);
  // The format loses a little.
  EXPECT_NEAR((*image->channel_means)[0], 110, 3);
  EXPECT_NEAR((*image->channel_means)[2], 60, 3);
  EXPECT_TRUE(ReadImage(Base64(bytes)));
}

TEST(ImageProperties, LeavesOutWhatIsDamaged) {
  const std::string png = ReadFile(kImages + "halves.png");
  const std::string jpeg = ReadFile(kImages + "halves.jpg");
  for (const std::string& whole : {png, jpeg}) {
    // What ends a file comes after the pixels.
    for (size_t size = 0; size + 20 < whole.size(); size += 7) {
      EXPECT_FALSE(ReadImage(whole.substr(0, size))) << size;
    }
  }
  // A header that promises more pixels than are read.
  std::string huge = png;
  huge[16] = huge[20] = '\x7f';
  EXPECT_FALSE(ReadImage(huge));
  for (const char* text : {"", "a word", "[", "[[", "[[1,2],[3]]", "[1,[2,3]]", "{\"a\": 1}",
                           "iVBORw0KGgo=", "data:image/png", "[[[[[[[[1]]]]]]]]"}) {
    EXPECT_FALSE(ReadImage(text)) << text;
  }
}

std::string Lists(const std::vector<int64_t>& shape, double* next) {
  std::string text = "[";
  for (int64_t i = 0; i < shape[0]; ++i) {
    if (i > 0) text += ", ";
    text += shape.size() > 1 ? Lists({shape.begin() + 1, shape.end()}, next)
                             : std::to_string((*next)++);
  }
  return text + "]";
}

TEST(ImageProperties, ReadsNestedListsOfAnyLayout) {
  for (const std::vector<int64_t>& shape : std::vector<std::vector<int64_t>>{
           {8, 10}, {1, 8, 10}, {8, 10, 1}, {3, 8, 10}, {8, 10, 3}, {1, 1, 1, 8, 10}}) {
    double next = 0;
    const auto image = ReadImage(Lists(shape, &next));
    ASSERT_TRUE(image) << shape.size();
    EXPECT_EQ(image->width, 10u);
    EXPECT_EQ(image->height, 8u);
    EXPECT_EQ(image->channel_means.has_value(), next == 240);
  }
  double next = 0;
  const auto planar = ReadImage(Lists({3, 8, 10}, &next));
  EXPECT_EQ((*planar->channel_means)[1], 80 + 39.5);
  next = 0;
  const auto packed = ReadImage(Lists({8, 10, 3}, &next));
  EXPECT_EQ((*packed->channel_means)[1], 3 * 39.5 + 1);
  for (const std::vector<int64_t>& shape :
       std::vector<std::vector<int64_t>>{{80}, {4, 8}, {16, 8, 10}, {2, 3, 8, 10}}) {
    next = 0;
    EXPECT_FALSE(ReadImage(Lists(shape, &next))) << shape.size();
  }
  // A missing number is no black pixel.
  std::string hole = Lists({8, 10}, &(next = 0));
  hole.replace(hole.find("5.0"), 3, "NULL");
  EXPECT_FALSE(ReadImage(hole));
}

}  // namespace
}  // namespace millwright::images
