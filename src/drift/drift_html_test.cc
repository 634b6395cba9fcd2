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

TEST(DriftHtml, StaysBelowAMegabyte) {
  const std::string html = RenderDrift(WideReport(2'000));
  EXPECT_LT(html.size(), 1'000'000u);
  EXPECT_NE(html.find("… and 1850 more columns"), std::string::npos);
}

}  // namespace
}  // namespace millwright::drift
