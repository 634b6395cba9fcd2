// Measures a comparison with a saved reference beside the plainest scan of the same columns.
//
// usage: drift_comparison [ROWS [COLUMNS [parquet FILE]]]
//
// Without a file the rows are in memory, as a monitor's window is. With one they are written there
// and read again, which is how tables wider than memory are compared; the peak of memory is
// printed.
#include <fmt/core.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "analytics/session.h"
#include "drift/reference_drift.h"

namespace {

using millwright::analytics::Session;
namespace drift = millwright::drift;

constexpr int kRounds = 5;

template <typename F>
double Seconds(F&& work) {
  const auto started = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
}

int64_t PeakMegabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

std::string ColumnsSql(int columns, const char* format) {
  std::string sql;
  for (int i = 0; i < columns; ++i) {
    sql += (i > 0 ? ", " : "") + fmt::format(fmt::runtime(format), i);
  }
  return sql;
}

}  // namespace

int main(int argc, char** argv) {
  const int64_t rows = argc > 1 ? std::atoll(argv[1]) : 1'000'000;
  const int columns = argc > 2 ? std::atoi(argv[2]) : 20;
  Session session;
  std::string table = "rows";
  const std::string made = "SELECT " +
                           ColumnsSql(columns, "hash(range + {0}000000)::DOUBLE / 1e16 AS c{0}") +
                           " FROM range(" + std::to_string(rows) + ")";
  if (argc > 4) {
    session.Execute("COPY (" + made + ") TO '" + argv[4] + "' (FORMAT parquet)");
    table = "read_parquet('" + std::string(argv[4]) + "')";
  } else {
    session.Execute("CREATE TABLE rows AS " + made);
  }
  drift::Reference reference;
  const double saving = Seconds([&] { reference = drift::MakeReference(session, table); });
  std::vector<double> comparing, summing;
  for (int round = 0; round < kRounds; ++round) {
    comparing.push_back(Seconds([&] {
      drift::CompareWithReference(session, table, reference, drift::MillwrightPreset());
    }));
    summing.push_back(Seconds(
        [&] { session.Query("SELECT " + ColumnsSql(columns, "sum(c{0})") + " FROM " + table); }));
  }
  std::sort(comparing.begin(), comparing.end());
  std::sort(summing.begin(), summing.end());
  fmt::print(
      "{} rows, {} columns: reference {:.2f} s ({} bytes saved), comparison {:.3f} s, best {:.3f} "
      "s, "
      "sums of all columns {:.3f} s, peak {} MB\n",
      rows, columns, saving, reference.ToJson().Dump().size(), comparing[kRounds / 2],
      comparing.front(), summing[kRounds / 2], PeakMegabytes());
}
