#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millwright::quality {

// A square chart of a report: an SVG that is styled by kEvaluationCss and needs no script.
struct EvaluationChart {
  std::string_view title;
  std::string_view x_label;
  std::string_view y_label;
  double x_min = 0, x_max = 1, y_min = 0, y_max = 1;
  std::vector<std::pair<double, double>> points;
  bool is_line = true;        // else dots
  bool has_dots = false;      // on the line
  bool has_diagonal = false;  // what chance, or perfect agreement, gives
};
std::string ChartHtml(const EvaluationChart& chart);

// Added to kReportCss.
extern const std::string_view kEvaluationCss;

}  // namespace millwright::quality
