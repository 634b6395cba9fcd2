#include "api/prometheus/label_cap.h"

#include <gtest/gtest.h>

namespace millwright::api::prometheus {
namespace {

TEST(LabelCap, LeavesSoManySetsOfAMetricAndCountsTheRest) {
  const std::string text =
      "# HELP a x\n# TYPE a counter\na{n=\"1\"} 1\na{n=\"2\"} 2\na{n=\"3\"} 3\n"
      "# HELP h x\n# TYPE h histogram\n"
      "h_bucket{n=\"1\",le=\"1\"} 1\nh_bucket{n=\"1\",le=\"+Inf\"} 1\nh_sum{n=\"1\"} "
      "1\nh_count{n=\"1\"} 1\n"
      "h_bucket{n=\"2\",le=\"1\"} 1\nh_bucket{n=\"2\",le=\"+Inf\"} 1\nh_sum{n=\"2\"} "
      "1\nh_count{n=\"2\"} 1\n";
  const std::string capped = WithCappedLabels(text, 1);
  EXPECT_EQ(
      capped,
      "# HELP a x\n# TYPE a counter\na{n=\"1\"} 1\n# HELP h x\n# TYPE h histogram\n"
      "h_bucket{n=\"1\",le=\"1\"} 1\nh_bucket{n=\"1\",le=\"+Inf\"} 1\nh_sum{n=\"1\"} 1\n"
      "h_count{n=\"1\"} 1\n"
      "# HELP millwright_metrics_left_out Sets of labels that are left out of a metric that "
      "has too many\n# TYPE millwright_metrics_left_out gauge\n"
      "millwright_metrics_left_out{metric=\"a\"} 2\nmillwright_metrics_left_out{metric=\"h\"} 1\n");
  EXPECT_EQ(WithCappedLabels(text, 3).substr(0, text.size()), text);
}

}  // namespace
}  // namespace millwright::api::prometheus
