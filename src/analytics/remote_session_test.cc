#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <atomic>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <thread>

#include "analytics/session.h"
#include "analytics/session_host.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/process.h"

namespace millwright::analytics {
namespace {

// Ends by itself when interrupted, after a year otherwise.
constexpr char kEndless[] = "SELECT count(*) FROM range(1000000000000) a WHERE a.range % 7 = 8";
// One call of a function, which nothing interrupts.
constexpr char kHugeValue[] = "SELECT length(repeat('a', 2000000000))";

int64_t PeakBytes() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return used.ru_maxrss * int64_t{1024};
}

// The processes that this one has started and not waited for.
std::vector<pid_t> Children() {
  std::vector<pid_t> children;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream list(task.path() / "children");
    for (pid_t pid = 0; list >> pid;) children.push_back(pid);
  }
  return children;
}

Error ErrorOf(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  return Error(Code::kInternal, "nothing was thrown");
}

class RemoteSession : public testing::Test {
 protected:
  static SessionHostOptions HostOptions() {
    return {.command = {ThisProgram().parent_path() / "analytics_test_worker"},
            .memory_bytes_max = 512 << 20,
            .sessions_max = 2};
  }
  SessionOptions Remote() { return {.memory_bytes_max = 256 << 20, .host = &host_}; }

  SessionHost host_{HostOptions()};
};

TEST_F(RemoteSession, AnswersWhatASessionHereAnswers) {
  Session here, there(Remote());
  for (const char* sql :
       {"SELECT 1::TINYINT, 2::HUGEINT, -3::BIGINT, 0.5::FLOAT, 1.25::DECIMAL(5,2), 'é', true, "
        "NULL",
        "SELECT 'nan'::DOUBLE, 'inf'::DOUBLE, DATE '2001-02-03', TIMESTAMP '2001-02-03 "
        "04:05:06.789'",
        "SELECT [1, 2], {'a': 1}, TIME '01:02:03', '\\x01'::BLOB, INTERVAL 3 DAY",
        "SELECT range AS n, CASE WHEN range % 3 > 0 THEN 'text ' || range END FROM range(5000)",
        "SELECT 1 AS nothing WHERE false", "SELECT 9223372036854775807, '' AS empty"}) {
    const Table a = here.Query(sql), b = there.Query(sql);
    ASSERT_EQ(a.columns(), b.columns()) << sql;
    ASSERT_EQ(a.row_count(), b.row_count()) << sql;
    for (size_t row = 0; row < a.row_count(); ++row) {
      for (size_t i = 0; i < a.columns().size(); ++i) {
        ASSERT_EQ(a.Text(row, i), b.Text(row, i)) << sql;
        ASSERT_EQ(a.At(row, i).index(), b.At(row, i).index()) << sql;
      }
    }
    EXPECT_EQ(here.Describe(sql), there.Describe(sql));
  }
}

TEST_F(RemoteSession, ReadsNumbersAndFloatsAsASessionHere) {
  const std::string sql =
      "SELECT CASE WHEN range % 5 > 0 THEN range END AS n, range / 8 AS x FROM range(10000)";
  Session here, there(Remote());
  const auto sums = [&](Session& session) {
    std::pair<int64_t, double> sum;
    size_t missing = 0;
    session.StreamNumbers(sql, [&](const std::vector<NumberSpan>& columns, size_t rows) {
      for (size_t row = 0; row < rows; ++row) {
        columns[0].Has(row) ? void(sum.first += columns[0].integers[row]) : void(++missing);
        sum.second += columns[1].reals[row];
      }
      return true;
    });
    EXPECT_EQ(missing, 2000);
    return sum;
  };
  EXPECT_EQ(sums(here), sums(there));
  const FloatMatrix a = here.QueryFloats("SELECT range, range / 3 AS x FROM range(300000)"),
                    b = there.QueryFloats("SELECT range, range / 3 AS x FROM range(300000)");
  EXPECT_EQ(a.columns, b.columns);
  EXPECT_EQ(a.row_count, b.row_count);
  EXPECT_EQ(a.values, b.values);
}

TEST_F(RemoteSession, AppendsRowsOfEveryType) {
  Session session(Remote());
  session.Execute("CREATE TABLE t (a BIGINT, b DOUBLE, c VARCHAR, d BOOLEAN, e UBIGINT, f FLOAT)");
  {
    Session::Appender rows = session.Append("t");
    for (int64_t i = 0; i < 100'000; ++i) {
      rows.Add(i);
      i % 2 == 0 ? rows.Add(0.5) : rows.Null();
      rows.Add(std::string_view("row"));
      rows.Add(i % 3 == 0);
      rows.Add(~uint64_t{0});
      rows.Add(0.25F);
      rows.EndRow();
    }
    rows.Close();
  }
  const Table sum = session.Query(
      "SELECT count(*), sum(a), sum(b), count(*) FILTER (WHERE d), max(e)::VARCHAR, min(f), max(c) "
      "FROM t");
  EXPECT_EQ(sum.Text(0, 0), "100000");
  EXPECT_EQ(sum.Double(0, 1), 4999950000);
  EXPECT_EQ(sum.Double(0, 2), 25000);
  EXPECT_EQ(sum.Int(0, 3), 33334);
  EXPECT_EQ(sum.Text(0, 4), "18446744073709551615");
  EXPECT_EQ(sum.Double(0, 5), 0.25);
  EXPECT_EQ(sum.Text(0, 6), "row");
  Session::Appender rows = session.Append("t");
  rows.Add(std::string_view("no number"));
  EXPECT_EQ(ErrorOf([&] { rows.Close(); }).code(), Code::kInvalidArgument);
}

TEST_F(RemoteSession, StopsAStreamAndGoesOn) {
  Session session(Remote());
  size_t pieces = 0;
  session.Stream("SELECT range FROM range(100000000)", [&](const Table&) { return ++pieces < 3; });
  EXPECT_EQ(pieces, 3);
  EXPECT_THROW(session.Stream("SELECT range FROM range(100000000)",
                              [&](const Table&) -> bool { throw std::runtime_error("enough"); }),
               std::runtime_error);
  EXPECT_EQ(session.Query("SELECT 7").Int(0, 0), 7);
}

TEST_F(RemoteSession, SaysWhatIsWrongAsASessionHere) {
  Session here, there(Remote());
  for (const char* sql : {"SELEC 1", "SELECT 1 +", "SELECT no_such_column", "SELECT 'a'::INTEGER",
                          "SELECT * FROM read_csv('/no/such/file.csv')"}) {
    const Error a = ErrorOf([&] { here.Query(sql); }), b = ErrorOf([&] { there.Query(sql); });
    EXPECT_EQ(a.code(), b.code()) << sql;
    EXPECT_EQ(a.message(), b.message());
  }
  EXPECT_EQ(ErrorOf([&] { there.RequireOneSelect("SELECT 1; SELECT 2"); }).message(),
            "SQL must be one SELECT statement, this holds 2");
}

TEST_F(RemoteSession, RefusesAHugeValueAndCostsThisProcessNothing) {
  Session session(Remote());
  session.Query("SELECT 1");
  const int64_t before = PeakBytes();
  const Error error = ErrorOf([&] { session.Query(kHugeValue); });
  EXPECT_EQ(error.code(), Code::kResourceExhausted) << error.message();
  EXPECT_NE(error.message().find("512 MB (sql.memory_mib)"), std::string::npos) << error.message();
  EXPECT_LT(PeakBytes() - before, 100 << 20);
}

TEST_F(RemoteSession, RefusesALargeAnswerAndALongText) {
  const Error many = ErrorOf([&] { Session(Remote()).Query("FROM range(10000000)"); });
  EXPECT_EQ(many.code(), Code::kResourceExhausted);
  EXPECT_NE(many.message().find("larger than 64 MB"), std::string::npos) << many.message();
  const Error text = ErrorOf([&] { Session(Remote()).Query("SELECT repeat('a', 40000000)"); });
  EXPECT_EQ(text.code(), Code::kResourceExhausted) << text.message();
  EXPECT_LT(PeakBytes(), 600 << 20);
}

TEST_F(RemoteSession, EndsAStatementAtItsLimit) {
  SessionOptions options = Remote();
  options.time_limit_ms = 1'000;
  Session session(options);
  EXPECT_EQ(ErrorOf([&] { session.Query(kEndless); }).code(), Code::kDeadlineExceeded);
  EXPECT_EQ(session.Query("SELECT 1").Int(0, 0), 1);
}

// The limit is of the statement's own work.
TEST_F(RemoteSession, WaitsForWhoTakesTheAnswerSlowly) {
  SessionOptions options = Remote();
  options.time_limit_ms = 5'000;
  Session session(options);
  const int64_t end_us = MonotonicUs() + (options.time_limit_ms + 3'000) * 1000;
  int64_t rows = 0;
  session.Stream("SELECT range AS n, repeat('a', 100) FROM range(200000)", [&](const Table& piece) {
    while (rows == 0 && MonotonicUs() < end_us) std::this_thread::yield();
    rows += static_cast<int64_t>(piece.row_count());
    return true;
  });
  EXPECT_EQ(rows, 200'000);
  int64_t numbers = 0;
  const int64_t again_us = MonotonicUs() + (options.time_limit_ms + 3'000) * 1000;
  session.StreamNumbers("SELECT range AS n, range * 0.5::DOUBLE FROM range(2000000)",
                        [&](const std::vector<NumberSpan>&, size_t count) {
                          while (numbers == 0 && MonotonicUs() < again_us)
                            std::this_thread::yield();
                          numbers += static_cast<int64_t>(count);
                          return true;
                        });
  EXPECT_EQ(numbers, 2'000'000);
}

// What each thread of a session's process may do is what the filter of system_calls.h leaves.
TEST_F(RemoteSession, ItsProcessIsBehindTheSecondWall) {
  Session session(Remote());
  session.Query("SELECT count(*) FROM range(1000000)");  // with the threads that this starts
  size_t confined = 0;
  for (const pid_t child : Children()) {  // one is ahead, and not confined before it is opened
    const std::filesystem::path own = "/proc/" + std::to_string(child);
    size_t filtered = 0, all = 0;
    for (const auto& task : std::filesystem::directory_iterator(own / "task")) {
      std::ifstream status(task.path() / "status");
      ++all;
      for (std::string line; std::getline(status, line);) filtered += line == "Seccomp:\t2";
    }
    if (filtered == 0) continue;
    EXPECT_EQ(filtered, all) << "threads of one process";
    ++confined;
    // Its socket and standard error, and what its statement has open.
    for (const auto& open : std::filesystem::directory_iterator(own / "fd")) {
      std::error_code gone;
      const std::string target = std::filesystem::read_symlink(open.path(), gone).string();
      const int number = std::stoi(open.path().filename());
      EXPECT_TRUE(number <= 2 || !target.starts_with("socket:")) << number << " " << target;
    }
  }
  const bool has_filters = std::filesystem::exists("/proc/sys/kernel/seccomp/actions_avail");
  EXPECT_EQ(confined, has_filters ? 1u : 0u);
}

TEST_F(RemoteSession, KillsWhatCannotBeInterrupted) {
  SessionOptions options = Remote();
  options.time_limit_ms = 1'000;
  Session session(options);
  // A process that is stopped hears of no interruption, as one in the middle of a long function.
  for (const pid_t child : Children()) kill(child, SIGSTOP);
  const Error error = ErrorOf([&] { session.Query("SELECT 1"); });
  EXPECT_EQ(error.code(), Code::kDeadlineExceeded) << error.message();
  EXPECT_NE(error.message().find("was killed"), std::string::npos) << error.message();
  EXPECT_EQ(ErrorOf([&] { session.Query("SELECT 1"); }).code(), Code::kDeadlineExceeded);
}

TEST_F(RemoteSession, SaysThatItsProcessWasKilled) {
  Session session(Remote());
  const std::jthread killer([] {
    for (const pid_t child : Children()) kill(child, SIGKILL);
  });
  const Error error = ErrorOf([&] { session.Query(kEndless); });
  EXPECT_EQ(error.code(), Code::kUnavailable);
  EXPECT_NE(error.message().find("ended from outside"), std::string::npos) << error.message();
  // The spare was killed too; once that is known, another is there.
  const int64_t deadline_us = MonotonicUs() + 60'000'000;
  while (ErrorOf([&] { Session(Remote()).Query("SELECT 1"); }).code() == Code::kUnavailable)
    ASSERT_LT(MonotonicUs(), deadline_us);
  EXPECT_EQ(Session(Remote()).Query("SELECT 1").Int(0, 0), 1);
}

TEST_F(RemoteSession, IsKilledWhenNobodyWaitsAnyMore) {
  SessionOptions options = Remote();
  std::atomic<bool> is_wanted = true;
  options.is_wanted = [&] { return is_wanted.load(); };
  Session session(options);
  is_wanted = false;
  const Error error = ErrorOf([&] { session.Query(kEndless); });
  EXPECT_EQ(error.code(), Code::kAborted) << error.message();
}

TEST_F(RemoteSession, WaitsForItsTurn) {
  auto first = std::make_unique<Session>(Remote());
  const Session second(Remote());
  SessionOptions unwanted = Remote();
  unwanted.is_wanted = [] { return false; };
  EXPECT_EQ(ErrorOf([&] { Session third(unwanted); }).code(), Code::kAborted);
  std::atomic<bool> is_waiting = false;
  SessionOptions options = Remote();
  options.is_wanted = [&] { return is_waiting = true; };
  std::jthread ending([&] {
    while (!is_waiting) std::this_thread::yield();
    first.reset();
  });
  EXPECT_EQ(Session(options).Query("SELECT 3").Int(0, 0), 3);
}

TEST_F(RemoteSession, ReadsAndWritesNoOtherFilesAndLeavesNone) {
  const auto folder = std::filesystem::temp_directory_path() / "millwright-remote-session-test";
  std::filesystem::create_directories(folder / "spill");
  SessionOptions options = Remote();
  options.temp_dir = folder / "spill";
  options.allowed_files = {folder / "out.csv"};
  {
    Session session(options);
    session.Execute("COPY (SELECT 5 AS n) TO '" + (folder / "out.csv").string() + "'");
    EXPECT_EQ(session.Query("FROM '" + (folder / "out.csv").string() + "'").Int(0, 0), 5);
    EXPECT_EQ(ErrorOf([&] { session.Query("FROM read_text('/etc/passwd')"); }).code(),
              Code::kPermissionDenied);
    EXPECT_EQ(ErrorOf([&] { session.Query("FROM 'http://127.0.0.1:1/x.csv'"); }).code(),
              Code::kPermissionDenied);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder / "spill"));
  std::filesystem::remove_all(folder);
}

TEST(SessionHost, SaysWhyNoProcessCanBeStarted) {
  SessionHost host({.command = {"/no/such/program"}});
  const Error error = ErrorOf([&] { Session session({.host = &host}); });
  EXPECT_EQ(error.code(), Code::kUnavailable);
  EXPECT_NE(error.message().find("/no/such/program"), std::string::npos) << error.message();
}

}  // namespace
}  // namespace millwright::analytics
