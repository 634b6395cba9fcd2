#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "storage/database.h"

struct pg_conn;
struct pg_result;

namespace millwright::storage {

// A connection to a PostgreSQL server with its prepared statements. Used by one thread at a time.
class PostgresConnection : public Connection {
 public:
  // What the last failed statement since Begin means for the transaction.
  enum class Failure {
    kNone,
    kOther,
    kConflict,  // another transaction won; the same work may succeed when run again
    kLost,      // the connection is gone and the transaction with it
  };

  // Throws kUnavailable when the server cannot be reached or refuses the user.
  explicit PostgresConnection(const std::string& uri);
  ~PostgresConnection() override;

  Dialect dialect() const override { return Dialect::kPostgres; }
  std::vector<Row> Select(const Query& query, const std::vector<Value>& parameters) override;
  void ForEach(const Query& query, const std::vector<Value>& parameters,
               const std::function<bool(const Row&)>& each) override;
  int64_t Execute(const Query& query, const std::vector<Value>& parameters) override;
  int64_t ExecuteMany(const Query& query, const std::vector<std::vector<Value>>& rows) override;
  void LimitTime(int64_t ms) override;

  // Opens a transaction with a BEGIN statement and forgets earlier failures.
  void Begin(std::string_view begin);
  // Runs the hooks of BeforeCommit.
  void RunBeforeCommit();
  // Throws kInternal when the server rolled back because an error inside was swallowed.
  void Commit();
  // Ends an open transaction without keeping its changes; forgets the hooks.
  void Abandon() noexcept;
  // Takes the hooks of AfterCommit; the list is empty then.
  std::vector<std::function<void()>> TakeAfterCommit();

  // Forgets all hooks: the work that left them is undone.
  void DropHooks() { hooks_ = {}; }

  Failure failure() const { return failure_; }
  // Runs several statements without parameters, such as a migration. Returns the tag of the last
  // one ("COMMIT", "ROLLBACK", …).
  std::string Script(std::string_view sql);

 private:
  struct ResultDeleter {
    void operator()(pg_result* result) const;
  };
  using Result = std::unique_ptr<pg_result, ResultDeleter>;

  const std::string& Prepare(const Query& query, const std::vector<Value>& parameters);
  Result Run(const Query& query, const std::vector<Value>& parameters);
  void Send(const Query& query, const std::vector<Value>& parameters);
  int64_t RunPipeline(const Query& query, const std::vector<std::vector<Value>>& rows, size_t from,
                      size_t to);
  int64_t ReceivePipeline(std::string_view name, size_t count);
  void Drain() noexcept;
  void CheckNotStreaming(std::string_view name) const;
  [[noreturn]] void Fail(const pg_result* result, std::string_view what);

  pg_conn* connection_ = nullptr;
  // Server-side names by the types of the parameters and the text: a NULL leaves its type to the
  // server, so one query may have several.
  std::unordered_map<std::string, std::string> prepared_;
  int64_t prepared_count_ = 0;
  Failure failure_ = Failure::kNone;
  bool streaming_ = false;  // inside ForEach
};

}  // namespace millwright::storage
