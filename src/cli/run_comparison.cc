#include "cli/run_comparison.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <string_view>

#include "cli/metric_history.h"

namespace millwright::cli {
namespace {

// Tags that differ between any two runs and say nothing about what was tried.
constexpr std::string_view kOwnTags[] = {"mlflow.runName", "mlflow.log-model.history"};

std::vector<RunComparison::Row> CollectRows(const Json::Array& runs, const char* kind) {
  std::map<std::string, std::vector<Json>> by_key;
  for (size_t i = 0; i < runs.size(); ++i) {
    const Json* items = runs[i].At("data").Find(kind);
    if (items == nullptr) continue;
    for (const Json& item : items->AsArray()) {
      auto& values = by_key[item.GetString("key")];
      values.resize(runs.size());
      const Json* value = item.Find("value");
      values[i] = value == nullptr ? Json("") : *value;
    }
  }
  std::vector<RunComparison::Row> rows;
  for (auto& [key, values] : by_key) {
    RunComparison::Row row;
    row.key = key;
    row.is_same = std::all_of(values.begin(), values.end(),
                              [&](const Json& value) { return value == values.front(); });
    row.values = std::move(values);
    rows.push_back(std::move(row));
  }
  return rows;
}

// Whole numbers and others may be written differently, so metrics are compared as numbers.
void CompareAsNumbers(RunComparison::Row* row) {
  const Json& first = row->values.front();
  row->is_same = true;
  for (const Json& value : row->values) {
    Json delta;
    bool is_same = first.is_null() == value.is_null();
    if (!first.is_null() && !value.is_null()) {
      const double one = ReadMetricValue(first);
      const double other = ReadMetricValue(value);
      is_same = one == other || (std::isnan(one) && std::isnan(other));
      if (const double difference = other - one; std::isfinite(difference)) delta = difference;
    }
    row->is_same = row->is_same && is_same;
    row->deltas.push_back(std::move(delta));
  }
}

}  // namespace

RunComparison CompareRuns(const Json::Array& runs) {
  RunComparison comparison{CollectRows(runs, "params"), CollectRows(runs, "metrics"),
                           CollectRows(runs, "tags")};
  for (auto& row : comparison.metrics) CompareAsNumbers(&row);
  std::erase_if(comparison.tags, [](const auto& row) {
    return std::find(std::begin(kOwnTags), std::end(kOwnTags), row.key) != std::end(kOwnTags);
  });
  return comparison;
}

size_t KeepDifferences(RunComparison* comparison) {
  const auto is_same = [](const RunComparison::Row& row) { return row.is_same; };
  return std::erase_if(comparison->params, is_same) + std::erase_if(comparison->metrics, is_same) +
         std::erase_if(comparison->tags, is_same);
}

}  // namespace millwright::cli
