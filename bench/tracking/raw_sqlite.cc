// How many points SQLite alone stores, with nothing around it: the measure of tracking's writes.
//
// usage: raw_sqlite FILE ROWS_A_COMMIT SECONDS
//
// One connection, WAL, synchronous=FULL, prepared statements; for each point its row in a table
// with MLflow's key and the upsert of the metric's latest point. Prints points a second as JSON.
#include <sqlite3.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

constexpr int kKeys = 10;
constexpr int64_t kFirstTimestampMs = 1'700'000'000'000;

void Check(int status, sqlite3* database) {
  if (status == SQLITE_OK || status == SQLITE_DONE || status == SQLITE_ROW) return;
  std::fprintf(stderr, "raw_sqlite: %s\n", sqlite3_errmsg(database));
  std::exit(1);
}

class Statement {
 public:
  Statement(sqlite3* database, const char* sql) : database_(database) {
    Check(sqlite3_prepare_v2(database, sql, -1, &handle_, nullptr), database);
  }
  ~Statement() { sqlite3_finalize(handle_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  void Run() {
    Check(sqlite3_step(handle_), database_);
    sqlite3_reset(handle_);
  }
  void RunPoint(const std::string& key, int64_t step) {
    sqlite3_bind_int64(handle_, 1, 1);
    sqlite3_bind_text(handle_, 2, key.data(), static_cast<int>(key.size()), SQLITE_STATIC);
    sqlite3_bind_int64(handle_, 3, kFirstTimestampMs + step);
    sqlite3_bind_int64(handle_, 4, step);
    sqlite3_bind_double(handle_, 5, 1.0 / static_cast<double>(step + 1));
    Run();
  }

 private:
  sqlite3* database_;
  sqlite3_stmt* handle_ = nullptr;
};

double Measure(sqlite3* database, int rows_a_commit, double seconds) {
  using Clock = std::chrono::steady_clock;
  Statement begin(database, "BEGIN IMMEDIATE");
  Statement commit(database, "COMMIT");
  Statement point(database,
                  "INSERT INTO points VALUES (?1, ?2, ?3, ?4, ?5, 0) ON CONFLICT DO NOTHING");
  Statement latest(database,
                   "INSERT INTO latest VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (run, key) DO "
                   "UPDATE SET timestamp = excluded.timestamp, step = excluded.step, "
                   "value = excluded.value WHERE excluded.step > latest.step");
  const auto start = Clock::now();
  double passed = 0;
  int64_t step = 0;
  while (passed < seconds) {
    begin.Run();
    for (int i = 0; i < rows_a_commit; ++i, ++step) {
      const std::string key = "metric" + std::to_string(step % kKeys);
      point.RunPoint(key, step);
      latest.RunPoint(key, step);
    }
    commit.Run();
    passed = std::chrono::duration<double>(Clock::now() - start).count();
  }
  return static_cast<double>(step) / passed;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: raw_sqlite FILE ROWS_A_COMMIT SECONDS\n");
    return 2;
  }
  sqlite3* database = nullptr;
  Check(sqlite3_open(argv[1], &database), database);
  Check(sqlite3_exec(database,
                     "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                     "CREATE TABLE points (run INTEGER, key TEXT, timestamp INTEGER, step INTEGER,"
                     "  value REAL, is_nan INTEGER,"
                     "  PRIMARY KEY (run, key, timestamp, step, value, is_nan)) WITHOUT ROWID;"
                     "CREATE TABLE latest (run INTEGER, key TEXT, timestamp INTEGER, step INTEGER,"
                     "  value REAL, PRIMARY KEY (run, key)) WITHOUT ROWID;",
                     nullptr, nullptr, nullptr),
        database);
  std::printf("{\"points_per_s\": %.1f}\n",
              Measure(database, std::atoi(argv[2]), std::atof(argv[3])));
  sqlite3_close(database);
}
