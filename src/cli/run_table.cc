#include "cli/run_table.h"

#include <algorithm>

#include "base/clock.h"
#include "cli/metric_history.h"
#include "cli/run_finder.h"

namespace millwright::cli {
namespace {

constexpr std::string_view kSystemMetrics = "system/";

}  // namespace

std::map<std::string, std::string> TextsOf(const Json& run, const std::string& kind) {
  std::map<std::string, std::string> texts;
  const Json* items = run.At("data").Find(kind);
  if (items == nullptr) return texts;
  for (const Json& item : items->AsArray()) {
    texts[item.GetString("key")] = kind == "metrics"
                                       ? FormatMetricValue(ReadMetricValue(item.At("value")))
                                       : item.GetString("value");
  }
  return texts;
}

std::vector<std::string> SplitKeys(const std::vector<std::string>& given) {
  std::vector<std::string> keys;
  for (const auto& text : given) {
    for (size_t from = 0; from <= text.size();) {
      const size_t to = std::min(text.find(',', from), text.size());
      if (to > from) keys.push_back(text.substr(from, to - from));
      from = to + 1;
    }
  }
  return keys;
}

std::vector<std::string> UsualMetrics(const Json::Array& runs) {
  std::map<std::string, int> counts;
  for (const Json& run : runs)
    for (const auto& [key, value] : TextsOf(run, "metrics")) ++counts[key];
  std::vector<std::string> keys;
  for (const auto& [key, count] : counts) keys.push_back(key);
  std::stable_sort(keys.begin(), keys.end(), [&](const auto& one, const auto& other) {
    const bool is_system = one.starts_with(kSystemMetrics);
    const bool is_other_system = other.starts_with(kSystemMetrics);
    if (is_system != is_other_system) return is_other_system;
    return counts[one] > counts[other];
  });
  if (keys.size() > kMetricColumnsMax) keys.resize(kMetricColumnsMax);
  return keys;
}

std::string RunDuration(const Json& info, int64_t now_ms) {
  const int64_t start_ms = info.GetInt("start_time");
  const int64_t end_ms = info.GetString("status") == "RUNNING" ? now_ms : info.GetInt("end_time");
  return start_ms > 0 && end_ms >= start_ms ? FormatDuration(end_ms - start_ms) : "";
}

void PrintRuns(const Json::Array& runs, const std::vector<std::string>& metrics,
               const std::vector<std::string>& params, Console& console) {
  const bool is_whole = !console.writes_to_terminal();
  const int64_t now_ms = SystemClock().NowMs();
  std::vector<Column> columns = {
      "RUN", "NAME", "STATUS", "STARTED", {"DURATION", Column::Align::kRight}};
  for (const auto& key : metrics) columns.emplace_back(key, Column::Align::kRight);
  for (const auto& key : params) columns.emplace_back(key);
  Rows rows;
  for (const Json& run : runs) {
    const Json& info = run.At("info");
    const auto run_id = info.GetString("run_id");
    const int64_t start_ms = info.GetInt("start_time");
    auto& row = rows.emplace_back();
    row = {is_whole ? run_id : ShortId(run_id), info.GetString("run_name"),
           info.GetString("status"), is_whole ? FormatTime(start_ms) : FormatAge(start_ms, now_ms),
           RunDuration(info, now_ms)};
    auto values = TextsOf(run, "metrics");
    for (const auto& key : metrics) row.push_back(values[key]);
    values = TextsOf(run, "params");
    for (const auto& key : params) row.push_back(values[key]);
  }
  console.PrintTable(columns, rows);
}

}  // namespace millwright::cli
