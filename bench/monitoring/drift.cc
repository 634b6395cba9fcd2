// Measures a comparison with a saved reference beside the plainest scan of the same columns.
//
// usage: drift_comparison [ROWS [COLUMNS [parquet FILE [MEGABYTES [ROUNDS]]]]]
//
// Without a file the rows are in memory, as a monitor's window is. With one they are written there
// (unless it is there already) and read again, which is how tables wider than memory are compared,
// with so much memory for DuckDB at most; the peak of memory is printed. Seconds of work of both
// cores are beside those that passed, for machines where others work too.
#include <fmt/core.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "analytics/session.h"
#include "drift/reference_drift.h"

namespace {

using millwright::analytics::Session;
namespace drift = millwright::drift;

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Spent {
  double passed = 0, worked = 0;
};

template <typename F>
Spent Spend(F&& work) {
  const auto started = std::chrono::steady_clock::now();
  const double worked = CpuSeconds();
  work();
  return {std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count(),
          CpuSeconds() - worked};
}

Spent Median(std::vector<Spent> rounds) {
  std::sort(rounds.begin(), rounds.end(),
            [](const Spent& a, const Spent& b) { return a.passed < b.passed; });
  Spent median = rounds[rounds.size() / 2];
  std::sort(rounds.begin(), rounds.end(),
            [](const Spent& a, const Spent& b) { return a.worked < b.worked; });
  median.worked = rounds[rounds.size() / 2].worked;
  return median;
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
  const uint64_t megabytes = argc > 5 ? std::strtoull(argv[5], nullptr, 10) : 2048;
  const int rounds = argc > 6 ? std::atoi(argv[6]) : 5;
  Session session({.memory_bytes_max = megabytes << 20});
  std::string table = "rows";
  // A file's columns have a thousand values each, so that a million rows of a thousand columns are
  // 1.3 GB on disk; they are 8 GB of numbers all the same.
  const char* value = argc > 4 ? "(hash(range + {0}000000) % 1000)::DOUBLE / 10 AS c{0}"
                               : "hash(range + {0}000000)::DOUBLE / 1e16 AS c{0}";
  const std::string made =
      "SELECT " + ColumnsSql(columns, value) + " FROM range(" + std::to_string(rows) + ")";
  if (argc > 4) {
    // Small row groups: writing one holds all of its columns.
    if (!std::filesystem::exists(argv[4])) {
      session.Execute("COPY (" + made + ") TO '" + argv[4] +
                      "' (FORMAT parquet, ROW_GROUP_SIZE 20480)");
    }
    table = "read_parquet('" + std::string(argv[4]) + "')";
  } else {
    session.Execute("CREATE TABLE rows AS " + made);
  }
  drift::Reference reference;
  const Spent saving = Spend([&] { reference = drift::MakeReference(session, table); });
  std::vector<Spent> comparing, summing;
  for (int round = 0; round < rounds; ++round) {
    comparing.push_back(Spend([&] {
      drift::CompareWithReference(session, table, reference, drift::MillwrightPreset());
    }));
    summing.push_back(Spend(
        [&] { session.Query("SELECT " + ColumnsSql(columns, "sum(c{0})") + " FROM " + table); }));
  }
  const Spent comparison = Median(comparing), sums = Median(summing);
  fmt::print(
      "{} rows, {} columns: reference {:.2f} s ({:.2f} s of work, {} bytes saved), comparison "
      "{:.3f} s ({:.3f} s of work), sums of all columns {:.3f} s ({:.3f} s), peak {} MB\n",
      rows, columns, saving.passed, saving.worked, reference.ToJson().Dump().size(),
      comparison.passed, comparison.worked, sums.passed, sums.worked, PeakMegabytes());
}
