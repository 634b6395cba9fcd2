// Profiles a table of a million rows and 20 columns, and asks DuckDB for the same figures by SQL
// that a person might write: the figures of all columns in as few statements as there can be, and
// one statement a column. Prints seconds and ratios; every way sees the same table in memory.
//
//   quality_profile [ROWS] [REPEATS]
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "quality/table_profiler.h"

namespace {

using millwright::analytics::Session;

constexpr int kNumbers = 12, kTexts = 8;

void MakeTable(Session& session, int64_t rows) {
  std::string columns =
      "range AS n0, hash(range) % 1000 AS n1, (hash(range * 3) % 50)::DOUBLE AS n2";
  for (int i = 3; i < kNumbers; ++i)
    columns += fmt::format(
        ", CASE WHEN hash(range + {0}) % 20 = 0 THEN NULL ELSE "
        "sqrt(hash(range * {0}) % 1000000007) + {0} END AS n{0}",
        i);
  const std::vector<std::string> texts = {
      "'city ' || (hash(range) % 40)",
      "CASE WHEN hash(range * 7) % 3 = 0 THEN 'yes' ELSE 'no' END",
      "'user' || range || '@example.com'",
      "'product ' || (hash(range * 11) % 5000)",
      "strftime(DATE '2020-01-01' + (range % 1000)::INTEGER, '%d/%m/%Y')",
      "'status ' || (hash(range * 13) % 6)",
      "CASE WHEN range % 9 = 0 THEN NULL ELSE 'code-' || (hash(range * 17) % 300) END",
      "'a remark of some length about order ' || (hash(range * 19) % 200000)"};
  for (int i = 0; i < kTexts; ++i)
    columns += fmt::format(", {} AS t{}", texts[static_cast<size_t>(i)], i);
  session.Execute(fmt::format("CREATE TABLE t AS SELECT {} FROM range({})", columns, rows));
}

std::string NumberFigures(const std::string& x) {
  return fmt::format(
      "count({0}), count(DISTINCT {0}), count_if({0} = 0), count_if({0} < 0), min({0}), max({0}), "
      "sum({0}), avg({0}), stddev_samp({0}), var_samp({0}), skewness({0}), kurtosis({0}), "
      "mad({0}), "
      "quantile_cont({0}, [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99])",
      x);
}

std::string TextFigures(const std::string& x) {
  return fmt::format(
      "count({0}), count(DISTINCT {0}), min(length({0})), max(length({0})), avg(length({0})), "
      "median(length({0})), count_if({0} <> trim({0})), count_if({0} = '')",
      x);
}

// What no aggregate gives, or none as fast: histograms, outliers, the most frequent values (and
// with them the mode), distinct values, those that occur once, entropy.
std::vector<std::string> Rest() {
  std::vector<std::string> statements;
  const auto top = [&](const std::string& x) {
    statements.push_back(
        fmt::format("SELECT {0}, count(*) AS n FROM t WHERE {0} IS NOT NULL GROUP BY 1 ORDER BY n "
                    "DESC, 1 LIMIT 20",
                    x));
    statements.push_back(fmt::format(
        "SELECT count(*), count_if(n = 1), ln(sum(n)) - sum(n * ln(n)) / sum(n) FROM (SELECT "
        "count(*) AS n FROM t WHERE {0} IS NOT NULL GROUP BY {0})",
        x));
  };
  for (int i = 0; i < kNumbers; ++i) {
    const std::string x = fmt::format("n{}", i);
    top(x);
    statements.push_back(fmt::format(
        "WITH s AS (SELECT min({0})::DOUBLE AS a, max({0})::DOUBLE AS b, avg({0}) AS m, "
        "stddev_pop({0}) AS d, quantile_cont({0}, 0.25) AS q1, quantile_cont({0}, 0.75) AS q3 FROM "
        "t) "
        "SELECT histogram(least(9, floor(({0} - a) / (b - a) * 10))), "
        "histogram(least(49, floor(({0} - a) / (b - a) * 50))), count_if(abs({0} - m) > 3 * d), "
        "count_if({0} < q1 - 1.5 * (q3 - q1) OR {0} > q3 + 1.5 * (q3 - q1)) FROM t, s",
        x));
  }
  for (int i = 0; i < kTexts; ++i) top(fmt::format("t{}", i));
  std::string pairs;
  for (int i = 0; i < kNumbers; ++i) {
    for (int j = i + 1; j < kNumbers; ++j)
      pairs += fmt::format("{}corr(n{}, n{})", pairs.empty() ? "" : ", ", i, j);
  }
  statements.push_back("SELECT " + pairs + " FROM t");
  statements.push_back("SELECT count(*) FROM (SELECT DISTINCT * FROM t)");
  return statements;
}

std::vector<std::string> Together() {
  std::string all;
  for (int i = 0; i < kNumbers; ++i)
    all += (all.empty() ? "" : ", ") + NumberFigures(fmt::format("n{}", i));
  for (int i = 0; i < kTexts; ++i) all += ", " + TextFigures(fmt::format("t{}", i));
  std::vector<std::string> statements = Rest();
  statements.push_back("SELECT " + all + " FROM t");
  return statements;
}

std::vector<std::string> Apart() {
  std::vector<std::string> statements = Rest();
  for (int i = 0; i < kNumbers; ++i)
    statements.push_back("SELECT " + NumberFigures(fmt::format("n{}", i)) + " FROM t");
  for (int i = 0; i < kTexts; ++i)
    statements.push_back("SELECT " + TextFigures(fmt::format("t{}", i)) + " FROM t");
  return statements;
}

double Seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

int main(int argc, char** argv) {
  const int64_t rows = argc > 1 ? std::stoll(argv[1]) : 1'000'000;
  const int repeats = argc > 2 ? std::stoi(argv[2]) : 3;
  Session session;
  MakeTable(session, rows);
  const auto run = [&](const std::vector<std::string>& statements) {
    for (const std::string& sql : statements) session.Query(sql);
  };
  // One after the other, the best of each, so that what else runs meets all three alike.
  double profile = 1e9, together = 1e9, apart = 1e9;
  const auto measure = [](const char* name, double* best, const std::function<void()>& work) {
    const double seconds = Seconds(work);
    *best = std::min(*best, seconds);
    fmt::print("  {:30} {:6.2f} s\n", name, seconds);
    std::fflush(stdout);
  };
  for (int i = 0; i < repeats; ++i) {
    measure("profile", &profile,
            [&] { millwright::quality::ProfileWholeTable(session, "t", {.target = "t1"}); });
    measure("SQL, all columns together", &together, [&] { run(Together()); });
    measure("SQL, a statement a column", &apart, [&] { run(Apart()); });
  }
  fmt::print("{} rows x {} columns, best of {}\n", rows, kNumbers + kTexts, repeats);
  fmt::print("  profile                        {:6.2f} s\n", profile);
  fmt::print("  SQL, all columns together       {:6.2f} s   {:.2f} times the profile\n", together,
             together / profile);
  fmt::print("  SQL, a statement a column       {:6.2f} s   {:.2f} times the profile\n", apart,
             apart / profile);
}
