#include "quality/row_findings.h"

#include <algorithm>

#include "quality/plan_sql.h"

namespace millwright::quality {
namespace {

Json Percent(int64_t part, int64_t whole) {
  if (whole == 0) return Json();
  return Json(static_cast<double>(part) / static_cast<double>(whole) * 100);
}

template <typename T>
Json FirstOf(const std::vector<T>& items, size_t limit) {
  Json list = Json::MakeArray();
  for (size_t i = 0; i < std::min(limit, items.size()); ++i) list.Append(Json(items[i]));
  return list;
}

// Counts the first `limit` keys and keeps the `kept` most frequent, those that were seen first
// where counts are equal; ordered by falling count, then value.
Json CountsOf(const std::vector<Json>& keys, size_t limit, size_t kept) {
  std::vector<std::pair<Json, int64_t>> counts;
  for (size_t i = 0; i < std::min(limit, keys.size()); ++i) {
    const auto found = std::find_if(counts.begin(), counts.end(), [&](const auto& entry) {
      return CompareJson(entry.first, keys[i]) == 0;
    });
    if (found == counts.end()) {
      counts.emplace_back(keys[i], 1);
    } else {
      ++found->second;
    }
  }
  std::stable_sort(counts.begin(), counts.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  if (counts.size() > kept) counts.resize(kept);
  std::stable_sort(counts.begin(), counts.end(), [](const auto& a, const auto& b) {
    if (a.second != b.second) return a.second > b.second;
    return CompareJson(a.first, b.first) < 0;
  });
  Json list = Json::MakeArray();
  for (auto& [value, count] : counts) {
    list.Append(Json::Of({{"value", std::move(value)}, {"count", count}}));
  }
  return list;
}

}  // namespace

Outcome RowOutcome(const RowFindings& findings, double mostly, bool reports_missing,
                   const ValidationOptions& options) {
  const int64_t judged = findings.elements - findings.missing;
  Outcome outcome;
  outcome.success =
      judged == 0 ||
      static_cast<double>(judged - findings.unexpected) / static_cast<double>(judged) >= mostly;
  if (options.format == ResultFormat::kBooleanOnly) return outcome;
  const auto partial = static_cast<size_t>(options.partial_unexpected_count);
  Json& result = outcome.result;
  result.Set("element_count", findings.elements);
  result.Set("unexpected_count", findings.unexpected);
  result.Set("unexpected_percent", Percent(findings.unexpected, judged));
  result.Set("partial_unexpected_list", FirstOf(findings.values, partial));
  if (!options.index_columns.empty()) {
    result.Set("unexpected_index_column_names", FirstOf(options.index_columns, SIZE_MAX));
  }
  if (reports_missing) {
    result.Set("missing_count", findings.missing);
    result.Set("missing_percent", Percent(findings.missing, findings.elements));
    result.Set("unexpected_percent_total", Percent(findings.unexpected, findings.elements));
    result.Set("unexpected_percent_nonmissing", Percent(findings.unexpected, judged));
  }
  if (options.format == ResultFormat::kBasic) return outcome;
  const bool complete = options.format == ResultFormat::kComplete;
  result.Set("partial_unexpected_counts",
             CountsOf(findings.keys, complete ? SIZE_MAX : partial, partial));
  const bool by_position = options.index_columns.empty();
  const auto indexes = [&](size_t limit) {
    return by_position ? FirstOf(findings.rows, limit) : FirstOf(findings.indexes, limit);
  };
  result.Set("partial_unexpected_index_list", indexes(partial));
  if (!complete) return outcome;
  result.Set("unexpected_list", FirstOf(findings.values, SIZE_MAX));
  result.Set("unexpected_index_list", indexes(SIZE_MAX));
  result.Set("unexpected_index_query", findings.query);
  return outcome;
}

}  // namespace millwright::quality
