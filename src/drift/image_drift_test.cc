// Real pictures: halves of them, and what a camera may do to them.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <memory>
#include <set>

#include "base/digest.h"
#include "drift/reference_drift.h"
#include "images/image_properties.h"

namespace millwright::drift {
namespace {

using images::Image;

const std::string kFashion = std::string("read_json('") + MILLWRIGHT_SOURCE_DIR +
                             "/tests/data/images/fashion_600.jsonl.gz')";

// Nested lists as text, which is what the prediction log has of tensors.
std::string Text(const Image& image) {
  std::string text = "[";
  for (size_t y = 0; y < image.height; ++y) {
    text += y == 0 ? "[" : ",[";
    for (size_t x = 0; x < image.width; ++x) {
      if (x > 0) text += ",";
      text += std::to_string(image.luminance[y * image.width + x]);
    }
    text += "]";
  }
  return text + "]";
}

Image Each(Image image, const std::function<float(float)>& change) {
  for (float& light : image.luminance) light = change(light);
  return image;
}

Image Blurred(const Image& image) {
  Image out = image;
  for (size_t y = 1; y + 1 < image.height; ++y) {
    for (size_t x = 1; x + 1 < image.width; ++x) {
      float sum = 0;
      for (size_t dy = 0; dy < 3; ++dy) {
        for (size_t dx = 0; dx < 3; ++dx) {
          sum += image.luminance[(y + dy - 1) * image.width + x + dx - 1];
        }
      }
      out.luminance[y * image.width + x] = sum / 9;
    }
  }
  return out;
}

class ImageDrift : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    session_ = std::make_unique<analytics::Session>();
    session_->Execute("CREATE TABLE pictures AS SELECT row_number() OVER () AS n, png FROM " +
                      kFashion);
    Make("same", [](const Image& image) { return image; });
    Make("dark",
         [](const Image& image) { return Each(image, [](float light) { return light * 0.5F; }); });
    Make("blurred", Blurred);
    Make("inverted",
         [](const Image& image) { return Each(image, [](float light) { return 255 - light; }); });
  }
  static void TearDownTestSuite() { session_.reset(); }

  static void Make(const std::string& table, const std::function<Image(const Image&)>& change) {
    session_->Execute("CREATE TABLE " + table + " (n BIGINT, image VARCHAR)");
    auto appender = session_->Append(table);
    const analytics::Table pictures = session_->Query("SELECT n, png FROM pictures ORDER BY n");
    for (size_t row = 0; row < pictures.row_count(); ++row) {
      const auto image = images::ReadImage(pictures.Text(row, 1));
      ASSERT_TRUE(image) << row;
      appender.Add(pictures.Int(row, 0));
      appender.Add(std::string_view(Text(change(*image))));
      appender.EndRow();
    }
    appender.Close();
  }

  static std::string Half(const std::string& table, int64_t half, const std::string& columns) {
    return "(SELECT " + columns + " FROM " + table + " WHERE n % 2 = " + std::to_string(half) + ")";
  }

  Reference Learn(const std::string& table) { return MakeReference(*session_, table, {}); }

  // Features that drifted, without the column's name.
  std::set<std::string> Drifted(const std::string& table, const Reference& reference) {
    std::set<std::string> names;
    for (const auto& feature :
         CompareWithReference(*session_, table, reference, MillwrightPreset())) {
      EXPECT_EQ(feature.status, DriftStatus::kMeasured) << feature.name << feature.note;
      if (feature.drifted) names.insert(feature.name.substr(feature.name.find(':') + 1));
    }
    return names;
  }

  static std::unique_ptr<analytics::Session> session_;
};

std::unique_ptr<analytics::Session> ImageDrift::session_;

TEST_F(ImageDrift, LooksAtWhatImagesAreLike) {
  const Reference reference = Learn(Half("same", 0, "image"));
  std::vector<std::string> names;
  for (const ObservedFeature& feature : reference.features) names.push_back(feature.name);
  EXPECT_EQ(names,
            (std::vector<std::string>{"image:brightness", "image:contrast", "image:sharpness",
                                      "image:entropy", "image:darkest", "image:brightest"}));
  EXPECT_EQ(reference.profile.row_count, 300);
  // Small, and read back as it was.
  const std::string saved = reference.ToJson().Dump();
  EXPECT_LT(saved.size(), 40'000u);
  EXPECT_EQ(Reference::FromJson(ParseJson(saved)).ToJson().Dump(), saved);
}

TEST_F(ImageDrift, NamesWhatHasChanged) {
  const Reference reference = Reference::FromJson(Learn(Half("same", 0, "image")).ToJson());
  const auto drifted = [&](const std::string& table) {
    return Drifted(Half(table, 1, "image"), reference);
  };
  EXPECT_EQ(drifted("same"), std::set<std::string>());
  const auto dark = drifted("dark"), blurred = drifted("blurred"), inverted = drifted("inverted");
  EXPECT_TRUE(dark.contains("brightness") && dark.contains("contrast"));
  EXPECT_FALSE(dark.contains("entropy") || dark.contains("darkest")) << "shape is as it was";
  EXPECT_TRUE(blurred.contains("sharpness"));
  EXPECT_FALSE(blurred.contains("brightness"));
  EXPECT_TRUE(inverted.contains("brightness") && inverted.contains("darkest"));
  EXPECT_FALSE(inverted.contains("sharpness") || inverted.contains("contrast"));
}

TEST_F(ImageDrift, ReadsFilesListsAndTextAlike) {
  const Reference reference = Learn(Half("pictures", 0, "from_base64(png) AS image"));
  // Of files the size is looked at, too.
  EXPECT_EQ(reference.features.size(), 8u);
  for (const auto& [table, columns] : std::vector<std::pair<std::string, std::string>>{
           {"pictures", "from_base64(png) AS image"},
           {"pictures", "png AS image"},
           {"same", "image"},
           {"same", "CAST(image AS FLOAT[][]) AS image"}}) {
    SCOPED_TRACE(columns);
    const auto features =
        CompareWithReference(*session_, Half(table, 0, columns), reference, MillwrightPreset());
    for (const FeatureDrift& feature : features) {
      ASSERT_TRUE(feature.score) << feature.name << feature.note;
      EXPECT_NEAR(*feature.score, 0, 0.02) << feature.name;
    }
    EXPECT_EQ(Drifted(Half(table, 1, columns), reference), std::set<std::string>());
  }
}

TEST_F(ImageDrift, TakesWhatWasMeasuredBefore) {
  const Reference reference = Learn(Half("same", 0, "image"));
  // The log has of large images what they are like.
  const std::string measured = ObservedSql(*session_, Half("same", 1, "image"), reference);
  session_->Execute("CREATE TABLE measured AS SELECT * FROM " + measured);
  EXPECT_EQ(Drifted("measured", reference), std::set<std::string>());
  session_->Execute("UPDATE measured SET \"image:sharpness\" = \"image:sharpness\" / 10");
  EXPECT_EQ(Drifted("measured", reference), std::set<std::string>({"sharpness"}));
}

TEST_F(ImageDrift, CountsWhatIsNoImageAsMissing) {
  const Reference reference = Learn(Half("same", 0, "image"));
  const auto drifted = Drifted(
      "(SELECT CASE WHEN n % 4 = 1 THEN '[[0.5' ELSE image END AS image FROM same)", reference);
  EXPECT_EQ(drifted.size(), 6u);
  for (const FeatureDrift& feature : CompareWithReference(
           *session_, "(SELECT 1.5 AS image FROM range(1000))", reference, MillwrightPreset())) {
    EXPECT_EQ(feature.status, DriftStatus::kMissingColumn);
  }
}

}  // namespace
}  // namespace millwright::drift
