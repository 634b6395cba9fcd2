#include "api/prometheus/label_cap.h"

#include <map>

#include "api/prometheus/exposition.h"

namespace millwright::api::prometheus {

std::string WithCappedLabels(std::string_view text, size_t label_sets_max) {
  constexpr std::string_view kType = "# TYPE ", kCount = "_count";
  std::string out;
  out.reserve(text.size() + 256);
  std::map<std::string, int64_t> left_out;
  std::string metric;
  bool is_histogram = false;
  size_t sets = 0;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.starts_with(kType)) {
      const size_t space = line.find(' ', kType.size());
      metric = line.substr(kType.size(), space - kType.size());
      is_histogram = line.ends_with(" histogram");
      sets = 0;
    }
    if (line.empty() || line.front() == '#') {
      out.append(line).push_back('\n');
      continue;
    }
    const bool has_room = sets < label_sets_max;
    // A histogram's set ends with its count.
    const std::string_view name = line.substr(0, line.find_first_of("{ "));
    const bool ends_set =
        !is_histogram || (name.size() == metric.size() + kCount.size() && name.ends_with(kCount));
    if (has_room) {
      out.append(line).push_back('\n');
    } else if (ends_set) {
      ++left_out[metric];
    }
    if (ends_set) ++sets;
  }
  constexpr std::string_view kName = "millwright_metrics_left_out";
  AppendHead(kName, "Sets of labels that are left out of a metric that has too many", Type::kGauge,
             &out);
  for (const auto& [name, count] : left_out) {
    std::string labels;
    AppendLabel("metric", name, &labels);
    AppendSample(kName, labels, static_cast<double>(count), &out);
  }
  return out;
}

}  // namespace millwright::api::prometheus
