#include "storage/postgres/postgres_database.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/lane.h"
#include "base/log.h"
#include "storage/migration.h"
#include "storage/postgres/postgres_connection.h"
#include "storage/write_queue.h"

// Isolation. A Write is SERIALIZABLE, because rooms are written for SQLite's one writer: they read,
// decide and write. Under READ COMMITTED two such writers could decide on the same state. The price
// is that the server ends one of two that get in each other's way, and the work is run again; it is
// a Write's contract that this is harmless. A work that has lost kFairAfter times waits for its
// turn on a lock, so that the losers meet no longer among themselves. A Read is REPEATABLE READ,
// READ ONLY: one snapshot, which nothing can disturb.
//
// Queued works (WriteLater) are taken by a few threads, each of which runs as many as are waiting,
// up to a limit, in one transaction, a savepoint each: one commit and its flush for all of them.
// Works that wait together often touch the same rows, where transactions of their own would only
// end one another. A group that loses against another transaction is given up, and each of its
// works is run alone, as a Write.
namespace millwright::storage {
namespace {

constexpr std::string_view kBeginWrite = "BEGIN ISOLATION LEVEL SERIALIZABLE";
constexpr std::string_view kBeginRead = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";
constexpr int kFairAfter = 3;
// Threads for queued works, and how many of these share a transaction at most. The longer one is,
// the likelier it loses.
constexpr int kWriterThreads = 2;
constexpr size_t kGroupMax = 64;
constexpr int64_t kBackoffUsMax = 5'000;
// A server that restarts is away for a moment; a longer absence is the caller's to handle.
constexpr int kConnectTries = 4;
constexpr auto kConnectPause = std::chrono::milliseconds(150);
// Keys of advisory locks; every one of the program stands in the range 777'0000 … 777'9999.
constexpr std::string_view kLockMigrations = "SELECT pg_advisory_lock(7770000)";
constexpr std::string_view kUnlockMigrations = "SELECT pg_advisory_unlock(7770000)";
constexpr std::string_view kLockRetries = "SELECT pg_advisory_lock(7770002)";
constexpr std::string_view kUnlockRetries = "SELECT pg_advisory_unlock(7770002)";

using Failure = PostgresConnection::Failure;

void BackOff(int attempt) {
  thread_local std::minstd_rand random(std::random_device{}());
  const int64_t most = std::min<int64_t>(kBackoffUsMax, int64_t{200} << std::min(attempt, 10));
  std::this_thread::sleep_for(
      std::chrono::microseconds(std::uniform_int_distribution<int64_t>(0, most)(random)));
}

class PostgresDatabase : public Database {
 public:
  PostgresDatabase(std::string uri, const DatabaseOptions& options)
      : uri_(std::move(uri)),
        connections_max_(std::max(1, options.readers)),
        busy_timeout_ms_(options.busy_timeout_ms),
        queue_(options.queued_writes_max) {
    Borrowed connection = Take();
    connection->Script(kLockMigrations);
    Migrate({.dialect = Dialect::kPostgres,
             .transaction =
                 [&](const auto& work) {
                   connection->Begin("BEGIN");
                   work(*connection);
                   connection->Commit();
                 },
             .script = [&](std::string_view sql) { connection->Script(sql); }},
            Migrations());
    connection->Script(kUnlockMigrations);
  }

  ~PostgresDatabase() override { queue_.Close(); }

  Dialect dialect() const override { return Dialect::kPostgres; }

  void WriteLater(std::function<void(Connection&)> work, WriteDone done) override {
    std::call_once(writers_started_, [this] {
      for (int i = 0; i < kWriterThreads; ++i) writers_.emplace_back([this] { WriteLoop(); });
    });
    queue_.PushOrRefuse({std::move(work), std::move(done)});
  }

  void WriteErased(const std::function<void(Connection&)>& work) override {
    const int64_t deadline_us = MonotonicUs() + busy_timeout_ms_ * 1000;
    for (int attempt = 0;; ++attempt) {
      const std::optional<Error> lost = TryWrite(work, attempt);
      if (!lost) return;
      if (MonotonicUs() > deadline_us) throw *lost;
      BackOff(attempt);
    }
  }

  void ReadErased(const std::function<void(Connection&)>& work) override {
    Borrowed connection = TakeAndBegin(kBeginRead);
    work(*connection);
    connection->Commit();
  }

  DatabaseStats stats() const override {
    return {transactions_.load(), commits_.load(), commit_us_.load()};
  }

 private:
  // Ends what a work has left open and gives the connection back, or closes it when it is lost.
  struct Return {
    PostgresDatabase* database;
    void operator()(PostgresConnection* connection) const {
      connection->Abandon();
      database->GiveBack(std::unique_ptr<PostgresConnection>(connection));
    }
  };
  using Borrowed = std::unique_ptr<PostgresConnection, Return>;

  // Holds the lock that those who lost often take, while it lives.
  class Turn {
   public:
    Turn(PostgresConnection& connection, int attempt)
        : connection_(attempt >= kFairAfter ? &connection : nullptr) {
      if (connection_ != nullptr) connection_->Script(kLockRetries);
    }
    ~Turn() {
      if (connection_ == nullptr) return;
      connection_->Abandon();
      if (connection_->failure() == Failure::kLost) return;
      try {
        connection_->Script(kUnlockRetries);
      } catch (const Error& error) {  // the server lets go of it with the connection
        Log(LogLevel::kWarning, "storage", error.message());
      }
    }

   private:
    PostgresConnection* connection_;
  };

  // Runs a work once. Returns the error when it may be run again, and throws it when it may not.
  std::optional<Error> TryWrite(const std::function<void(Connection&)>& work, int attempt) {
    Borrowed connection = Take();
    bool committing = false;
    std::vector<std::function<void()>> after_commit;
    try {
      const Turn turn(*connection, attempt);
      connection->Begin(kBeginWrite);
      work(*connection);
      connection->RunBeforeCommit();
      committing = true;
      Commit(*connection);
      after_commit = connection->TakeAfterCommit();
    } catch (const Error& error) {
      switch (connection->failure()) {
        case Failure::kConflict:
          return Unavailable("The database is busy: another write kept changing the same rows");
        case Failure::kLost:
          DropIdle();
          if (!committing) return error;
          throw LostInCommit();
        case Failure::kNone:
        case Failure::kOther:
          throw;
      }
    }
    ++transactions_;
    for (const auto& hook : after_commit) hook();
    return std::nullopt;
  }

  void WriteLoop() {
    NameThisThread("postgres-writer");
    std::vector<QueuedWrite> group;
    while (queue_.Take(kGroupMax, &group)) {
      if (group.size() == 1 || !WriteGroup(group)) {
        for (const QueuedWrite& write : group) WriteAlone(write);
      }
      group.clear();
    }
  }

  void WriteAlone(const QueuedWrite& write) {
    std::exception_ptr error;
    try {
      WriteErased(write.work);
    } catch (...) {
      error = std::current_exception();
    }
    write.done(error);
  }

  // A transaction of several works: what each of them threw, and the hooks of those that did not.
  struct GroupOutcome {
    std::vector<std::exception_ptr> errors;
    std::vector<std::function<void()>> after_commit;
  };

  // Runs works in one transaction and tells all of them; false, with nobody told and nothing
  // changed, when they have to be run one by one.
  bool WriteGroup(const std::vector<QueuedWrite>& group) {
    GroupOutcome outcome;
    if (!CommitGroup(group, &outcome)) return false;
    for (const auto& hook : outcome.after_commit) hook();
    for (size_t i = 0; i < group.size(); ++i) {
      if (!outcome.errors[i]) ++transactions_;
      group[i].done(outcome.errors[i]);
    }
    return true;
  }

  bool CommitGroup(const std::vector<QueuedWrite>& group, GroupOutcome* outcome) {
    Borrowed connection;
    bool committing = false;
    try {
      connection = TakeAndBegin(kBeginWrite);
      for (const QueuedWrite& write : group) RunInSavepoint(*connection, write, outcome);
      committing = true;
      Commit(*connection);
      return true;
    } catch (const Error&) {
      const bool lost = connection != nullptr && connection->failure() == Failure::kLost;
      if (lost) DropIdle();
      if (!lost || !committing) return false;
    }
    outcome->after_commit.clear();
    for (std::exception_ptr& error : outcome->errors) {
      if (!error) error = std::make_exception_ptr(LostInCommit());
    }
    return true;
  }

  // Throws only what ends the transaction as a whole.
  void RunInSavepoint(PostgresConnection& connection, const QueuedWrite& write,
                      GroupOutcome* outcome) {
    connection.Script("SAVEPOINT work");
    std::exception_ptr& error = outcome->errors.emplace_back();
    try {
      write.work(connection);
      connection.RunBeforeCommit();
      connection.Script("RELEASE work");
      for (auto& hook : connection.TakeAfterCommit()) {
        outcome->after_commit.push_back(std::move(hook));
      }
      return;
    } catch (...) {
      error = std::current_exception();
    }
    connection.DropHooks();
    const Failure failure = connection.failure();
    if (failure == Failure::kConflict || failure == Failure::kLost) {
      throw Aborted("A group of writes lost its transaction");
    }
    connection.Script("ROLLBACK TO work; RELEASE work");
  }

  static Error LostInCommit() {
    return Unavailable(
        "The connection was lost during a commit; it may or may not have taken place");
  }

  void Commit(PostgresConnection& connection) {
    const int64_t start_us = MonotonicUs();
    connection.Commit();
    commit_us_ += MonotonicUs() - start_us;
    ++commits_;
  }

  // A pooled connection may have died since its last use; nothing has happened yet, so another one
  // is tried.
  Borrowed TakeAndBegin(std::string_view begin) {
    Borrowed connection = Take();
    try {
      connection->Begin(begin);
      return connection;
    } catch (const Error&) {
      if (connection->failure() != Failure::kLost) throw;
    }
    connection.reset();
    DropIdle();
    connection = Take();
    connection->Begin(begin);
    return connection;
  }

  Borrowed Take() {
    {
      std::unique_lock lock(mutex_);
      if (!given_back_.wait_for(lock, std::chrono::milliseconds(busy_timeout_ms_),
                                [&] { return !idle_.empty() || in_use_ < connections_max_; })) {
        throw Unavailable("All connections to the database are busy");
      }
      ++in_use_;
      if (!idle_.empty()) {
        Borrowed connection(idle_.back().release(), Return{this});
        idle_.pop_back();
        return connection;
      }
    }
    try {
      return Borrowed(Connect().release(), Return{this});
    } catch (...) {
      GiveBack(nullptr);
      throw;
    }
  }

  std::unique_ptr<PostgresConnection> Connect() {
    for (int attempt = 1;; ++attempt) {
      try {
        auto connection = std::make_unique<PostgresConnection>(uri_);
        has_connected_ = answers_ = true;
        return connection;
      } catch (const Error& error) {
        if (attempt == kConnectTries && !has_connected_) throw;
        // Whoever starts a server reads why; a client of it is not told where its database is.
        if (attempt == kConnectTries) {
          const LogLevel level = answers_.exchange(false) ? LogLevel::kError : LogLevel::kDebug;
          Log(level, "storage", "the database does not answer", {{"error", error.message()}});
          throw Unavailable("The database does not answer");
        }
        Log(LogLevel::kDebug, "storage", "connecting again", {{"error", error.message()}});
      }
      std::this_thread::sleep_for(kConnectPause);
    }
  }

  void GiveBack(std::unique_ptr<PostgresConnection> connection) {
    {
      std::lock_guard lock(mutex_);
      --in_use_;
      if (connection != nullptr && connection->failure() != Failure::kLost) {
        idle_.push_back(std::move(connection));
      }
    }
    given_back_.notify_one();
  }

  // When one connection is found dead, the others most likely are as well: the server restarted.
  void DropIdle() {
    std::vector<std::unique_ptr<PostgresConnection>> dropped;
    std::lock_guard lock(mutex_);
    dropped.swap(idle_);
  }

  const std::string uri_;
  const int connections_max_;
  const int64_t busy_timeout_ms_;

  std::mutex mutex_;  // guards idle_ and in_use_
  std::condition_variable given_back_;
  std::vector<std::unique_ptr<PostgresConnection>> idle_;
  int in_use_ = 0;
  std::atomic<bool> has_connected_ = false;
  std::atomic<bool> answers_ = false;  // as far as the last try to connect says

  std::atomic<int64_t> transactions_ = 0;
  std::atomic<int64_t> commits_ = 0;
  std::atomic<int64_t> commit_us_ = 0;

  WriteQueue queue_;
  std::once_flag writers_started_;
  std::vector<std::jthread> writers_;  // last: they use all of the above
};

}  // namespace

std::unique_ptr<Database> OpenPostgres(const std::string& uri, const DatabaseOptions& options) {
  return std::make_unique<PostgresDatabase>(uri, options);
}

}  // namespace millwright::storage
