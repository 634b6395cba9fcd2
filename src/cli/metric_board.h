#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "cli/metric_history.h"

namespace millwright::cli {

// What a terminal shows of the metrics of a run while it runs, a line each:
//   loss      █▇▅▄▃▂▁  0.53125  step 12
// System metrics come last. Holds the last kPointsMax points of each metric.
class MetricBoard {
 public:
  static constexpr size_t kPointsMax = 256;

  void Add(const std::string& key, const MetricPoint& point);

  // Draws at most `rows_max` lines of at most `columns` cells; of more metrics the last line says
  // how many are left out.
  std::vector<std::string> Draw(size_t columns, size_t rows_max) const;

 private:
  std::map<std::string, std::deque<MetricPoint>> metrics_;
};

}  // namespace millwright::cli
