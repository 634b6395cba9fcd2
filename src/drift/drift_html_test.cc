#include "drift/drift_html.h"

#include <gtest/gtest.h>

namespace millwright::drift {
namespace {

DriftReport WideReport(int columns) {
  DriftReport report;
  report.preset = "millwright";
  report.reference = "/data/<b>.csv";
  report.current = "june.csv";
  for (int i = 0; i < columns; ++i) {
    FeatureDrift feature;
    feature.name = i == 0 ? "<script>alert(1)</script>" : "column " + std::to_string(i);
    feature.score = 0.01;
    feature.threshold = 0.1;
    if (i == 3) feature.score = 0.5, feature.drifted = true;
    report.features.push_back(feature);
    Distribution distribution;
    distribution.feature = feature.name;
    for (int bin = 0; bin < 30; ++bin) {
      distribution.edges.push_back(bin);
      distribution.reference.push_back(1.0 / 30);
      distribution.current.push_back(1.0 / 30);
    }
    distribution.edges.push_back(30);
    report.distributions.push_back(distribution);
  }
  return report;
}

TEST(DriftHtml, EscapesWhatComesFromData) {
  const std::string html = RenderDrift(WideReport(2));
  EXPECT_EQ(html.find("<script>"), std::string::npos);
  EXPECT_EQ(html.find("<b>"), std::string::npos);
  EXPECT_NE(html.find("june.csv against &lt;b&gt;.csv"), std::string::npos);
}

TEST(DriftHtml, ShowsWhatDriftedFirst) {
  const std::string html = RenderDrift(WideReport(5));
  EXPECT_LT(html.find("column 3"), html.find("column 1"));
  EXPECT_NE(html.find("1 of 5 columns drifted"), std::string::npos);
}

TEST(DriftHtml, ShowsAllColumnsTogether) {
  DriftReport report = WideReport(2);
  EXPECT_EQ(RenderDrift(report).find("All columns together"), std::string::npos);
  Together& together = report.together.emplace();
  together.domain = {.area = 0.73,
                     .lower = 0.7,
                     .upper = 0.76,
                     .floor = 0.55,
                     .drifted = true,
                     .columns = {{"<i>delay", 0.75}, {"hour", 0.25}}};
  together.reconstruction = Reconstruction{.directions = 1, .lower = 1, .upper = 2};
  together.reconstruction->chunks = {{"[0:9]", true, 10, 1.5, false},
                                     {"[0:9]", false, 10, 3, true}};
  EXPECT_TRUE(report.has_drifted());
  const std::string html = RenderDrift(report);
  EXPECT_NE(html.find("0 of 2 columns drifted</strong>, and all together tell the sides apart"),
            std::string::npos);
  EXPECT_NE(html.find("0.730 (0.700 to 0.760)"), std::string::npos);
  EXPECT_NE(html.find("&lt;i&gt;delay"), std::string::npos);
  EXPECT_NE(html.find("<dd>1 of 1</dd>"), std::string::npos) << "the chunk that came apart";
  const Json json = report.ToJson().At("together");
  EXPECT_EQ(json.At("domain_classifier").At("columns").AsArray()[0].GetString("column"),
            "<i>delay");
  EXPECT_EQ(json.At("reconstruction").GetInt("alerts"), 1);
  together.domain = {.status = DriftStatus::kNotEnoughData, .note = "10 rows"};
  EXPECT_FALSE(report.has_drifted());
  EXPECT_NE(RenderDrift(report).find("not enough data"), std::string::npos);
}

TEST(DriftHtml, StaysBelowAMegabyte) {
  const std::string html = RenderDrift(WideReport(2'000));
  EXPECT_LT(html.size(), 1'000'000u);
  EXPECT_NE(html.find("… and 1850 more columns"), std::string::npos);
}

}  // namespace
}  // namespace millwright::drift
