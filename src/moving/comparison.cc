#include "moving/comparison.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_set>

#include "base/error.h"

namespace millwright::moving {
namespace {

// Says which of some keyed texts are missing or other.
template <typename T>
std::string KeyedDifference(std::string_view noun, const std::vector<T>& expected,
                            const std::vector<T>& found) {
  std::map<std::string_view, std::string_view> there;
  for (const auto& item : found) there[item.key] = item.value;
  std::map<std::string_view, std::string_view> wanted;  // the last of a key counts
  for (const auto& item : expected) wanted[item.key] = item.value;
  for (const auto& [key, value] : wanted) {
    const auto other = there.find(key);
    if (other == there.end()) return fmt::format("{} '{}' is missing", noun, key);
    if (other->second != value) return fmt::format("{} '{}' has another value", noun, key);
  }
  return "";
}

std::string InfoDifference(const tracking::RunInfo& a, const tracking::RunInfo& b) {
  if (a.name != b.name) return "its name is another";
  if (a.user_id != b.user_id) return "its user is another";
  if (a.status != b.status) return "its status is another";
  if (a.start_ms != b.start_ms || a.end_ms != b.end_ms) return "its times are others";
  if (a.lifecycle != b.lifecycle) return "it is deleted in one store and not in the other";
  return "";
}

std::string InputsDifference(const tracking::Run& expected, const tracking::Run& found) {
  for (const auto& [dataset, tags] : expected.dataset_inputs) {
    const auto same = std::find_if(
        found.dataset_inputs.begin(), found.dataset_inputs.end(), [&](const auto& other) {
          return other.dataset.name == dataset.name && other.dataset.digest == dataset.digest;
        });
    if (same == found.dataset_inputs.end()) {
      return fmt::format("dataset '{}' is missing", dataset.name);
    }
    if (same->dataset.source != dataset.source || same->dataset.schema != dataset.schema ||
        same->dataset.profile != dataset.profile) {
      return fmt::format("dataset '{}' has another source, schema or profile", dataset.name);
    }
    const std::string tag = KeyedDifference("tag of a dataset", tags, same->tags);
    if (!tag.empty()) return tag;
  }
  for (const auto& model : expected.model_inputs) {
    const auto& all = found.model_inputs;
    if (std::find(all.begin(), all.end(), model) == all.end()) {
      return fmt::format("input model {} is missing", model.str());
    }
  }
  for (const auto& output : expected.model_outputs) {
    const bool there =
        std::any_of(found.model_outputs.begin(), found.model_outputs.end(), [&](const auto& other) {
          return other.model_id == output.model_id && other.step == output.step;
        });
    if (!there) return fmt::format("output model {} is missing", output.model_id.str());
  }
  return "";
}

bool SamePoint(const tracking::ModelMetric& a, const tracking::ModelMetric& b) {
  const tracking::Metric x = Canonical(a.metric);
  const tracking::Metric y = Canonical(b.metric);
  const bool same_value = x.value == y.value || (std::isnan(x.value) && std::isnan(y.value));
  return x.key == y.key && x.step == y.step && x.timestamp_ms == y.timestamp_ms && same_value &&
         x.dataset_name == y.dataset_name && x.dataset_digest == y.dataset_digest;
}

}  // namespace

std::vector<PointSum> SumPoints(Source& source, const Source::RunGroup& runs) {
  std::vector<PointSum> sums(runs.size());
  source.ForEachPoint(runs, [&](size_t index, tracking::Metric metric) {
    sums[index].Add(Canonical(std::move(metric)));
  });
  return sums;
}

PointSum SumDistinctPoints(Source& source, const tracking::Run& run) {
  std::unordered_set<uint64_t> seen;
  PointSum sum;
  source.ForEachPoint({run}, [&](size_t, tracking::Metric metric) {
    metric = Canonical(std::move(metric));
    if (seen.insert(PointHash(metric)).second) sum.Add(metric);
  });
  return sum;
}

std::string Difference(const tracking::Run& expected, const tracking::Run& found) {
  for (const auto& difference :
       {InfoDifference(expected.info, found.info),
        KeyedDifference("param", expected.params, found.params),
        KeyedDifference("tag", expected.tags, found.tags), InputsDifference(expected, found)}) {
    if (!difference.empty()) return difference;
  }
  return "";
}

std::string Difference(const tracking::LoggedModel& expected, const tracking::LoggedModel& found) {
  if (expected.name != found.name) return "its name is another";
  if (expected.status != found.status) return "its status is another";
  if (expected.model_type != found.model_type) return "its type is another";
  if (expected.source_run_id != found.source_run_id) return "its run is another";
  for (const auto& difference : {KeyedDifference("param", expected.params, found.params),
                                 KeyedDifference("tag", expected.tags, found.tags)}) {
    if (!difference.empty()) return difference;
  }
  for (const auto& metric : expected.metrics) {
    const bool there = std::any_of(found.metrics.begin(), found.metrics.end(),
                                   [&](const auto& other) { return SamePoint(metric, other); });
    if (!there) return fmt::format("a point of metric '{}' is missing", metric.metric.key);
  }
  return "";
}

std::string Difference(const registry::ModelVersion& expected,
                       const registry::ModelVersion& found) {
  if (expected.source != found.source) return "its source is another";
  if (expected.run_id != found.run_id) return "its run is another";
  if (expected.stage != found.stage) return "its stage is another";
  if (expected.description.value_or("") != found.description.value_or("")) {
    return "its description is another";
  }
  return KeyedDifference("tag", expected.tags, found.tags);
}

}  // namespace millwright::moving
