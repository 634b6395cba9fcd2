#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "storage/database.h"

struct sqlite3;
struct sqlite3_stmt;

namespace millwright::storage {

// A connection to one SQLite file with its prepared statements. Used by one thread at a time.
class SqliteConnection : public Connection {
 public:
  struct Options {
    bool read_only = false;
    bool foreign = false;  // of another program: neither its mode nor its file is touched
    int64_t busy_timeout_ms = 0;
    int64_t pages_max = 0;
  };
  SqliteConnection(const std::filesystem::path& path, const Options& options);
  ~SqliteConnection() override;

  Dialect dialect() const override { return Dialect::kSqlite; }
  std::vector<Row> Select(const Query& query, const std::vector<Value>& parameters) override;
  void ForEach(const Query& query, const std::vector<Value>& parameters,
               const std::function<bool(const Row&)>& each) override;
  int64_t Execute(const Query& query, const std::vector<Value>& parameters) override;
  int64_t ExecuteMany(const Query& query, const std::vector<std::vector<Value>>& rows) override;
  void LimitTime(int64_t ms) override;

  // Runs BEGIN, SAVEPOINT and the like, which are prepared once.
  void Control(std::string_view sql);
  // Runs several statements without parameters, such as a migration.
  void Script(std::string_view sql);
  // Says whether a transaction is open: SQLite ends it by itself on a full disk and on I/O errors.
  bool InTransaction() const;
  // Runs the hooks of BeforeCommit.
  void RunBeforeCommit();
  // Takes the hooks of AfterCommit; the list is empty then.
  std::vector<std::function<void()>> TakeAfterCommit();
  // Forgets all hooks: the work that left them is undone.
  void DropHooks() { hooks_ = {}; }
  // Lets statements run as long as they like again.
  void EndTimeLimit();

 private:
  struct Statement;
  class Use;
  class Streaming;

  Statement& Prepare(const Query& query);
  [[noreturn]] void Fail(int status, std::string_view what) const;

  sqlite3* db_ = nullptr;
  struct NameHash {
    using is_transparent = void;
    size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
  };
  // By Query::name. One at a time is in use.
  std::unordered_map<std::string, std::unique_ptr<Statement>, NameHash, std::equal_to<>>
      statements_;
  bool streaming_ = false;     // inside ForEach
  int64_t time_limit_us_ = 0;  // of a statement; 0 for none
  int64_t deadline_us_ = 0;    // of the one at work
};

}  // namespace millwright::storage
