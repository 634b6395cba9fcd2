#include "quality/histogram_sql.h"

#include <cmath>
#include <limits>

#include "base/json.h"
#include "quality/plan_sql.h"

namespace millwright::quality {
namespace {

std::string ListSql(const std::vector<double>& uppers) {
  std::vector<std::string> texts;
  for (double upper : uppers) texts.push_back("CAST(" + NumberSql(upper) + " AS DOUBLE)");
  return "[" + Join(texts, ", ") + "]";
}

std::string HistogramSql(const std::string& value, const std::vector<double>& uppers) {
  return "map_values(histogram(" + value + ", " + ListSql(uppers) + "))";
}

}  // namespace

std::string FiniteSql(const analytics::Column& column) {
  const std::string name = analytics::QuoteName(column.name);
  if (column.sql_type == "DOUBLE" || column.sql_type == "FLOAT") {
    return "CAST(CASE WHEN isfinite(" + name + ") THEN " + name + " END AS DOUBLE)";
  }
  return "CAST(" + name + " AS DOUBLE)";
}

std::string CountsSql(const std::string& value, const std::vector<double>& edges) {
  return HistogramSql(value, {edges.begin() + 1, edges.end()});
}

std::string OutsideCountsSql(const std::string& value, const std::vector<double>& edges) {
  std::vector<double> uppers = edges;
  uppers[0] = std::nextafter(edges[0], -std::numeric_limits<double>::infinity());
  return HistogramSql(value, uppers);
}

std::vector<int64_t> ReadOutsideCounts(const std::string& list, size_t edges) {
  std::vector<int64_t> counts;
  if (!list.empty()) {
    const Json json = ParseJson(list);
    for (const Json& count : json.AsArray()) counts.push_back(count.AsInt());
  }
  counts.resize(edges + 1);
  return counts;
}

}  // namespace millwright::quality
