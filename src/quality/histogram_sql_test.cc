#include "quality/histogram_sql.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace millwright::quality {
namespace {

using Counts = std::vector<int64_t>;

TEST(HistogramSql, TheLowestEdgeIsInsideWhateverItsDigits) {
  analytics::Session session;
  for (const double low : {1.0, -1.0, 0.1, 1e-9, 7.0, 1e15, -3e-300}) {
    const std::vector<double> edges = {low, low + 2, low + 5};
    session.Execute(fmt::format(
        "CREATE OR REPLACE TABLE t AS SELECT unnest([CAST('{0}' AS DOUBLE), CAST('{0}' AS DOUBLE), "
        "CAST('{1}' AS DOUBLE), CAST('{2}' AS DOUBLE), CAST('{3}' AS DOUBLE)]) AS x",
        low, low + 2, low - 1, low + 9));
    const auto answer = session.Query("SELECT " + OutsideCountsSql("x", edges) + " FROM t");
    EXPECT_EQ(ReadOutsideCounts(answer.Text(0, 0), edges.size()), (Counts{1, 3, 0, 1})) << low;
  }
}

}  // namespace
}  // namespace millwright::quality
