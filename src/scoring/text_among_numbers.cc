#include "scoring/text_among_numbers.h"

#include <fmt/format.h>

#include "analytics/session.h"

namespace millwright::scoring {
namespace {

constexpr size_t kValueShownMax = 100;

}  // namespace

std::string TextAmongNumbers(const std::string& path, const std::vector<std::string>& columns) {
  std::string list;
  for (const std::string& column : columns) {
    list += (list.empty() ? "" : ", ") + analytics::QuoteName(column);
  }
  analytics::Session session;
  const std::string file = analytics::ReadFileSql(path);
  for (const auto& column : session.Describe("SELECT " + list + " FROM " + file)) {
    if (column.type != analytics::ColumnType::kText) continue;
    const auto found = session.Query(fmt::format(
        "SELECT min(n) FILTER (WHERE number IS NULL), arg_min(v, n) FILTER (WHERE number IS NULL), "
        "count(number) FROM (SELECT row_number() OVER () AS n, {} AS v, TRY_CAST(v AS DOUBLE) AS "
        "number FROM {}) WHERE v IS NOT NULL",
        analytics::QuoteName(column.name), file));
    if (found.IsNull(0, 0) || found.Int(0, 2) == 0) continue;
    return fmt::format("; column {} is text because of row {}: {}", column.name, found.Int(0, 0),
                       found.Text(0, 1).substr(0, kValueShownMax));
  }
  return "";
}

}  // namespace millwright::scoring
