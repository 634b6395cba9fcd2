#include "storage/sqlite/sqlite_database.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

#include "base/check.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/lane.h"
#include "base/log.h"
#include "storage/migration.h"
#include "storage/sqlite/sqlite_connection.h"

// Group commit. Callers of Write queue their work and sleep; one thread owns the only connection
// that writes. It opens a transaction, runs what is queued, each work in a savepoint of its own,
// and goes on while more arrives, up to the limits below. Then it commits once and wakes all whose
// work is in the group. During the fsync of one group the next one gathers, so that the cost of
// durability is shared by as many as happen to wait. A work that throws is rolled back to its
// savepoint and disturbs no other. Where the group as a whole fails (a full disk ends SQLite's
// transaction), each of its works is run again in a transaction of its own, so that only those that
// do not fit are refused.
namespace millwright::storage {
namespace {

// A group is committed when it holds this many works or has run for this long, so that a stream of
// writers cannot keep the first of them waiting.
constexpr size_t kGroupMax = 512;
constexpr int64_t kGroupUs = 10'000;

struct Job {
  const std::function<void(Connection&)>* work;
  std::vector<std::function<void()>> after_commit;
  std::exception_ptr error;

  // Guards only `done`: the job lives on its caller's stack and is gone once the caller has seen
  // it.
  std::mutex mutex;
  std::condition_variable wake;
  bool done = false;

  void Finish() {
    std::lock_guard lock(mutex);
    done = true;
    wake.notify_one();
  }
  void Await() {
    std::unique_lock lock(mutex);
    wake.wait(lock, [&] { return done; });
  }
};

class SqliteDatabase : public Database {
 public:
  SqliteDatabase(const std::filesystem::path& path, const DatabaseOptions& options)
      : busy_timeout_ms_(options.busy_timeout_ms),
        writer_(path,
                {.busy_timeout_ms = options.busy_timeout_ms, .pages_max = options.pages_max}) {
    Migrate({.dialect = Dialect::kSqlite,
             .transaction = [&](const auto& work) { RunAlone(work); },
             .script = [&](std::string_view sql) { writer_.Script(sql); }},
            Migrations());
    for (int i = 0; i < std::max(1, options.readers); ++i) {
      readers_.push_back(std::make_unique<SqliteConnection>(
          path, SqliteConnection::Options{.read_only = true,
                                          .busy_timeout_ms = options.busy_timeout_ms}));
    }
    thread_ = std::jthread([this] { WriteLoop(); });
  }

  ~SqliteDatabase() override {
    {
      std::lock_guard lock(mutex_);
      closing_ = true;
    }
    queued_.notify_all();
  }

  Dialect dialect() const override { return Dialect::kSqlite; }

  void WriteErased(const std::function<void(Connection&)>& work) override {
    CHECK(std::this_thread::get_id() != thread_.get_id());
    Job job{.work = &work};
    {
      std::lock_guard lock(mutex_);
      queue_.push_back(&job);
    }
    queued_.notify_one();
    job.Await();
    if (job.error) std::rethrow_exception(job.error);
  }

  void ReadErased(const std::function<void(Connection&)>& work) override {
    const auto reader = TakeReader();
    reader->Script("BEGIN");
    work(*reader);
  }

  DatabaseStats stats() const override {
    return {transactions_.load(), commits_.load(), commit_us_.load()};
  }

 private:
  // Ends the read transaction and gives the reader back.
  struct ReaderReturn {
    SqliteDatabase* database;
    void operator()(SqliteConnection* reader) const {
      reader->DropHooks();
      if (reader->InTransaction()) reader->Script("ROLLBACK");
      {
        std::lock_guard lock(database->reader_mutex_);
        database->readers_.emplace_back(reader);
      }
      database->reader_free_.notify_one();
    }
  };
  using BorrowedReader = std::unique_ptr<SqliteConnection, ReaderReturn>;

  BorrowedReader TakeReader() {
    std::unique_lock lock(reader_mutex_);
    if (!reader_free_.wait_for(lock, std::chrono::milliseconds(busy_timeout_ms_),
                               [&] { return !readers_.empty(); })) {
      throw Unavailable("All connections to the database are busy");
    }
    BorrowedReader reader(readers_.back().release(), ReaderReturn{this});
    readers_.pop_back();
    return reader;
  }

  void WriteLoop() {
    NameThisThread("sqlite-writer");
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        queued_.wait(lock, [&] { return closing_ || !queue_.empty(); });
        if (queue_.empty()) return;
      }
      CommitGroup();
    }
  }

  Job* TakeJob() {
    std::lock_guard lock(mutex_);
    if (queue_.empty()) return nullptr;
    Job* job = queue_.front();
    queue_.pop_front();
    return job;
  }

  void CommitGroup() {
    std::vector<Job*> group;
    bool committed = false;
    try {
      writer_.Script("BEGIN IMMEDIATE");
      const int64_t start_us = MonotonicUs();
      bool whole = true;
      while (whole && group.size() < kGroupMax && MonotonicUs() - start_us < kGroupUs) {
        Job* job = TakeJob();
        if (job == nullptr) break;
        group.push_back(job);
        whole = RunInSavepoint(*job);
      }
      if (whole) {
        Commit();
        committed = true;
      }
    } catch (const Error& error) {
      Log(LogLevel::kWarning, "storage", "a group of writes was not committed",
          {{"error", error.message()}, {"writes", std::to_string(group.size())}});
    }
    if (writer_.InTransaction()) writer_.Script("ROLLBACK");
    if (!committed) {
      if (group.empty()) group.push_back(TakeJob());
      for (Job* job : group) RunJobAlone(*job);
    }
    for (Job* job : group) Complete(*job);
  }

  // Returns false when SQLite has ended the transaction, and with it the earlier works of the
  // group.
  bool RunInSavepoint(Job& job) {
    writer_.Script("SAVEPOINT work");
    try {
      (*job.work)(writer_);
      writer_.RunBeforeCommit();
      if (!writer_.InTransaction()) return false;
    } catch (...) {
      writer_.DropHooks();
      if (!writer_.InTransaction()) return false;
      job.error = std::current_exception();
      writer_.Script("ROLLBACK TO work");
    }
    writer_.Script("RELEASE work");
    job.after_commit = writer_.TakeAfterCommit();
    return true;
  }

  // Runs a work whose group failed in a transaction of its own.
  void RunJobAlone(Job& job) {
    job.error = nullptr;
    job.after_commit.clear();
    writer_.DropHooks();
    try {
      RunAlone([&](Connection& connection) { (*job.work)(connection); });
      job.after_commit = writer_.TakeAfterCommit();
    } catch (...) {
      job.error = std::current_exception();
    }
  }

  void RunAlone(const std::function<void(Connection&)>& work) {
    try {
      writer_.Script("BEGIN IMMEDIATE");
      work(writer_);
      writer_.RunBeforeCommit();
      if (!writer_.InTransaction()) throw ResourceExhausted("The database or its disk is full");
      Commit();
    } catch (...) {
      writer_.DropHooks();
      if (writer_.InTransaction()) writer_.Script("ROLLBACK");
      throw;
    }
  }

  void Commit() {
    const int64_t start_us = MonotonicUs();
    writer_.Script("COMMIT");
    commit_us_ += MonotonicUs() - start_us;
    ++commits_;
  }

  void Complete(Job& job) {
    if (!job.error) {
      ++transactions_;
      for (const auto& hook : job.after_commit) hook();
    }
    job.Finish();
  }

  const int64_t busy_timeout_ms_;
  SqliteConnection writer_;

  std::mutex mutex_;  // guards queue_ and closing_
  std::condition_variable queued_;
  std::deque<Job*> queue_;  // at most one of each calling thread
  bool closing_ = false;

  std::mutex reader_mutex_;  // guards readers_, the idle ones
  std::condition_variable reader_free_;
  std::vector<std::unique_ptr<SqliteConnection>> readers_;

  std::atomic<int64_t> transactions_ = 0;
  std::atomic<int64_t> commits_ = 0;
  std::atomic<int64_t> commit_us_ = 0;

  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace

std::unique_ptr<Database> OpenSqlite(const std::filesystem::path& path,
                                     const DatabaseOptions& options) {
  std::error_code error;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  if (error) throw Unavailable("Cannot make {}: {}", path.parent_path().string(), error.message());
  return std::make_unique<SqliteDatabase>(path, options);
}

}  // namespace millwright::storage
