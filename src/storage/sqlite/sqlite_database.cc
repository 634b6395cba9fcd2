#include "storage/sqlite/sqlite_database.h"

#include <atomic>
#include <condition_variable>
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
#include "storage/write_queue.h"

// Group commit. Callers queue their work and sleep (Write) or go on (WriteLater); one thread owns
// the only connection that writes. It opens a transaction, runs what is queued, each work in a
// savepoint of its own, and goes on while more arrives, up to the limits below. Then it commits
// once and tells all whose work is in the group. During the fsync of one group the next one
// gathers, so that the cost of durability is shared by as many as happen to wait. A work that
// throws is rolled back to its savepoint and disturbs no other. Where the group as a whole fails (a
// full disk ends SQLite's transaction), each of its works is run again in a transaction of its own,
// so that only those that do not fit are refused.
namespace millwright::storage {
namespace {

// A group is committed when it holds this many works or has run for this long, so that a stream of
// writers cannot keep the first of them waiting.
constexpr size_t kGroupMax = 512;
constexpr int64_t kGroupUs = 10'000;

// Callers that wait for an answer before they write again come back together, soon after their
// commit. A group that is smaller than three quarters of the one before waits so long for them:
// they would else split into two crowds that take turns, at the cost of twice as many commits.
constexpr int64_t kGatherUs = 400;

// A work in a group and how it went.
struct Job {
  QueuedWrite write;
  std::vector<std::function<void()>> after_commit = {};
  std::exception_ptr error = {};
};

// Where a caller of Write sleeps. It lives on the caller's stack and is gone once that has seen
// `done_`.
class Waiter {
 public:
  void Finish(const std::exception_ptr& error) {
    std::lock_guard lock(mutex_);
    error_ = error;
    done_ = true;
    wake_.notify_one();
  }
  std::exception_ptr Await() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [&] { return done_; });
    return error_;
  }

 private:
  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::exception_ptr error_;
  bool done_ = false;
};

class SqliteDatabase : public Database {
 public:
  SqliteDatabase(const std::filesystem::path& path, const DatabaseOptions& options)
      : busy_timeout_ms_(options.busy_timeout_ms),
        writer_(path, {.busy_timeout_ms = options.busy_timeout_ms, .pages_max = options.pages_max}),
        queue_(options.queued_writes_max) {
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

  ~SqliteDatabase() override { queue_.Close(); }

  Dialect dialect() const override { return Dialect::kSqlite; }

  void WriteErased(const std::function<void(Connection&)>& work) override {
    CHECK(std::this_thread::get_id() != thread_.get_id());
    Waiter waiter;
    queue_.Push(
        {std::ref(work), [&waiter](const std::exception_ptr& error) { waiter.Finish(error); }});
    if (const auto error = waiter.Await()) std::rethrow_exception(error);
  }

  void WriteLater(std::function<void(Connection&)> work, WriteDone done) override {
    queue_.PushOrRefuse({std::move(work), std::move(done)});
  }

  void ReadErased(const std::function<void(Connection&)>& work) override {
    const auto reader = TakeReader();
    reader->Control("BEGIN");
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
      reader->EndTimeLimit();
      if (reader->InTransaction()) reader->Control("ROLLBACK");
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
    while (queue_.Take(kGroupMax, &taken_)) {
      while (taken_at_ < taken_.size()) CommitGroup();
      taken_.clear();
      taken_at_ = 0;
    }
  }

  // Appends the next waiting work to the group; false when there is none.
  bool AddNext(std::vector<Job>* group) {
    if (taken_at_ == taken_.size()) {
      taken_.clear();
      taken_at_ = 0;
      queue_.TakeMore(kGroupMax, &taken_);
      if (taken_.empty() && group->size() * 4 < last_group_ * 3) {
        const int64_t left_us = gather_until_us_ - MonotonicUs();
        if (left_us > 0) queue_.Gather(last_group_ - group->size(), left_us, kGroupMax, &taken_);
      }
      if (taken_.empty()) return false;
    }
    group->push_back({std::move(taken_[taken_at_++])});
    return true;
  }

  void CommitGroup() {
    std::vector<Job> group;
    bool committed = false;
    try {
      writer_.Control("BEGIN IMMEDIATE");
      const int64_t start_us = MonotonicUs();
      gather_until_us_ = start_us + kGatherUs;
      bool whole = true;
      while (whole && group.size() < kGroupMax && MonotonicUs() - start_us < kGroupUs &&
             AddNext(&group)) {
        whole = RunInSavepoint(group.back());
      }
      if (whole) {
        last_group_ = group.size();
        Commit();
        committed = true;
      }
    } catch (const Error& error) {
      Log(LogLevel::kWarning, "storage", "a group of writes was not committed",
          {{"error", error.message()}, {"writes", std::to_string(group.size())}});
    }
    if (writer_.InTransaction()) writer_.Control("ROLLBACK");
    if (!committed) {
      if (group.empty()) AddNext(&group);
      for (Job& job : group) RunJobAlone(job);
    }
    for (Job& job : group) Complete(job);
  }

  // Returns false when SQLite has ended the transaction, and with it the earlier works of the
  // group.
  bool RunInSavepoint(Job& job) {
    writer_.Control("SAVEPOINT work");
    try {
      job.write.work(writer_);
      writer_.RunBeforeCommit();
      if (!writer_.InTransaction()) return false;
    } catch (...) {
      writer_.DropHooks();
      if (!writer_.InTransaction()) return false;
      job.error = std::current_exception();
      writer_.Control("ROLLBACK TO work");
    }
    writer_.Control("RELEASE work");
    job.after_commit = writer_.TakeAfterCommit();
    return true;
  }

  // Runs a work whose group failed in a transaction of its own.
  void RunJobAlone(Job& job) {
    job.error = nullptr;
    job.after_commit.clear();
    writer_.DropHooks();
    try {
      RunAlone(job.write.work);
      job.after_commit = writer_.TakeAfterCommit();
    } catch (...) {
      job.error = std::current_exception();
    }
  }

  void RunAlone(const std::function<void(Connection&)>& work) {
    try {
      writer_.Control("BEGIN IMMEDIATE");
      work(writer_);
      writer_.RunBeforeCommit();
      if (!writer_.InTransaction()) throw ResourceExhausted("The database or its disk is full");
      Commit();
    } catch (...) {
      writer_.DropHooks();
      if (writer_.InTransaction()) writer_.Control("ROLLBACK");
      throw;
    }
  }

  void Commit() {
    const int64_t start_us = MonotonicUs();
    writer_.Control("COMMIT");
    commit_us_ += MonotonicUs() - start_us;
    ++commits_;
  }

  void Complete(Job& job) {
    if (!job.error) {
      ++transactions_;
      for (const auto& hook : job.after_commit) hook();
    }
    job.write.done(job.error);
  }

  const int64_t busy_timeout_ms_;
  SqliteConnection writer_;

  WriteQueue queue_;
  // Works that the writer thread has taken and those of them that it has run.
  std::vector<QueuedWrite> taken_;
  size_t taken_at_ = 0;
  size_t last_group_ = 0;  // works in the last group that was committed
  int64_t gather_until_us_ = 0;

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
