#include "storage/test_database.h"

#include <fmt/core.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "base/check.h"
#include "base/error.h"
#include "base/process.h"

namespace millwright::storage {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kStartMs = 60'000;
constexpr auto kPingInterval = std::chrono::milliseconds(10);
constexpr int64_t kStopMs = 10'000;
constexpr const char* kTemplate = "millwright_template";

// Debian keeps the server's programs of each version in a folder of their own.
fs::path PostgresBin() {
  fs::path newest;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", error)) {
    if (fs::exists(entry.path() / "bin/postgres") && entry.path() > newest) newest = entry.path();
  }
  if (newest.empty()) throw FailedPrecondition("Tests need PostgreSQL: install postgresql-15");
  return newest / "bin";
}

// PostgreSQL refuses to run as root, so root hands the cluster to an unprivileged user.
class Cluster {
 public:
  Cluster() {
    const fs::path bin = PostgresBin();
    BecomeOwnedByOther();
    Run({bin / "initdb", "--pgdata", data(), "--username", "millwright", "--auth", "trust",
         "--encoding", "UTF8", "--locale", "C", "--no-sync", "--wal-segsize", "1"});
    server_.emplace(
        ProcessSpec{.arguments = AsOther({bin / "postgres",
                                          "-D",
                                          data(),
                                          "-c",
                                          "listen_addresses=",
                                          "-c",
                                          "unix_socket_directories=" + dir_.path().string(),
                                          "-c",
                                          "fsync=off",
                                          "-c",
                                          "full_page_writes=off",
                                          "-c",
                                          "shared_buffers=32MB",
                                          "-c",
                                          "max_connections=200",
                                          "-c",
                                          "dynamic_shared_memory_type=mmap",
                                          "-c",
                                          "jit=off",
                                          "-c",
                                          "min_wal_size=2MB"}),
                    .working_dir = dir_.path(),
                    .output_file = dir_.path() / "log"});
    AwaitStart();
    Execute("postgres", fmt::format("CREATE DATABASE {}", kTemplate));
    OpenDatabase(Uri(kTemplate));
  }

  ~Cluster() {
    server_->Signal(SIGQUIT);  // an immediate shutdown removes its shared memory
    server_->Wait(kStopMs);
  }

  std::string Uri(std::string_view database) const {
    return fmt::format("postgresql://millwright@/{}?host={}", database, dir_.path().string());
  }

  std::string Create(std::string_view source) {
    std::string name = fmt::format("test_{}", ++count_);
    Execute("postgres", fmt::format("CREATE DATABASE {} TEMPLATE {}", name, source));
    return name;
  }

  void Execute(std::string_view database, const std::string& sql) {
    PGconn* connection = PQconnectdb(Uri(database).c_str());
    PGresult* result = PQexec(connection, sql.c_str());
    const std::string message = PQerrorMessage(connection);
    PQclear(result);
    PQfinish(connection);
    if (!message.empty() && !message.starts_with("NOTICE")) throw Internal("{}: {}", sql, message);
  }

 private:
  std::string data() const { return dir_.path() / "data"; }

  void BecomeOwnedByOther() {
    if (geteuid() != 0) return;
    const passwd* user = getpwnam("postgres");
    if (user == nullptr) user = getpwnam("nobody");
    CHECK(user != nullptr && chown(dir_.path().c_str(), user->pw_uid, user->pw_gid) == 0);
    // A change of the user clears the parent-death signal, so setpriv sets it again.
    prefix_ = {"setpriv",
               fmt::format("--reuid={}", user->pw_uid),
               fmt::format("--regid={}", user->pw_gid),
               "--clear-groups",
               "--pdeathsig",
               "QUIT"};
  }

  std::vector<std::string> AsOther(const std::vector<std::string>& arguments) const {
    std::vector<std::string> all = prefix_;
    all.insert(all.end(), arguments.begin(), arguments.end());
    return all;
  }

  void Run(const std::vector<std::string>& arguments) {
    const fs::path log = dir_.path() / "log";
    ChildProcess child(ProcessSpec{
        .arguments = AsOther(arguments), .working_dir = dir_.path(), .output_file = log});
    if (!child.Wait(kStartMs) || !child.Poll()->ok()) {
      throw Internal("{} failed: {}", arguments[0], ReadFile(log));
    }
  }

  void AwaitStart() {
    const std::string uri = Uri("postgres");
    for (int64_t waited_ms = 0; PQping(uri.c_str()) != PQPING_OK;) {
      if (server_->Poll() || waited_ms > kStartMs) {
        throw Internal("PostgreSQL did not start: {}", ReadFile(dir_.path() / "log"));
      }
      std::this_thread::sleep_for(kPingInterval);
      waited_ms += kPingInterval.count();
    }
  }

  TempDir dir_;
  std::vector<std::string> prefix_;
  std::optional<ChildProcess> server_;
  std::atomic<int> count_ = 0;
};

// Started by the first who asks; a start that failed is not tried again.
Cluster& TheCluster() {
  static std::optional<Error> failure;
  static const auto cluster = []() -> std::unique_ptr<Cluster> {
    try {
      return std::make_unique<Cluster>();
    } catch (const Error& error) {
      failure = error;
      return nullptr;
    }
  }();
  if (failure) throw *failure;
  return *cluster;
}

// A migrated file that tests copy.
const fs::path& SqliteTemplate() {
  static const TempDir dir;
  static const fs::path path = [] {
    fs::path made = dir.path() / "template.db";
    OpenDatabase("sqlite:///" + made.string());  // closing it leaves a single file
    return made;
  }();
  return path;
}

}  // namespace

TestDatabase::TestDatabase(Dialect dialect, const DatabaseOptions& options) {
  if (dialect == Dialect::kSqlite) {
    const fs::path path = dir_.path() / "test.db";
    fs::copy_file(SqliteTemplate(), path);
    uri_ = "sqlite:///" + path.string();
  } else {
    name_ = TheCluster().Create(kTemplate);
    uri_ = TheCluster().Uri(name_);
  }
  database_ = OpenDatabase(uri_, options);
}

TestDatabase::~TestDatabase() {
  database_.reset();
  if (!name_.empty()) {
    TheCluster().Execute("postgres", fmt::format("DROP DATABASE {} WITH (FORCE)", name_));
  }
}

void TestDatabase::Reopen(const DatabaseOptions& options) {
  database_.reset();
  database_ = OpenDatabase(uri_, options);
}

std::string EmptyPostgresUri() {
  return TheCluster().Uri(TheCluster().Create("template0"));
}

void DropPostgresConnections() {
  TheCluster().Execute("postgres",
                       "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                       "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'");
}

std::string DialectName(const ::testing::TestParamInfo<Dialect>& info) {
  return info.param == Dialect::kSqlite ? "sqlite" : "postgres";
}

}  // namespace millwright::storage
