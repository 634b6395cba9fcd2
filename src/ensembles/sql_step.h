#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "analytics/session.h"
#include "base/file.h"
#include "inference/tensor.h"

namespace millwright::ensembles {

inline constexpr int64_t kSqlMsMax = 5'000;
inline constexpr uint64_t kSqlMemoryBytesMax = uint64_t{256} << 20;
inline constexpr size_t kSqlSessionsMax = 4;  // of one step, which run at the same time

// A table that a SELECT reads: tensors with a value, or several, for each row.
struct NamedTable {
  std::string name;
  const std::vector<inference::Tensor>* tensors = nullptr;
};

// A SELECT over tables of a request. It sees nothing else: no files, no extensions, no settings;
// and has a limit of time and memory. Thread-safe.
class SqlStep {
 public:
  explicit SqlStep(std::string sql);

  // Each column becomes a tensor [N] of its name. Every table has a column "row" beside its own,
  // which counts from 0; rows of an answer with such a column are put in its order, those of
  // another stay as they come. Throws kInvalidArgument for text that is not one SELECT, for
  // what DuckDB refuses and for other than
  // `rows` rows, kDeadlineExceeded, kResourceExhausted.
  std::vector<inference::Tensor> Run(const std::vector<NamedTable>& tables, size_t rows);

 private:
  // Holds one of the sessions, which are opened as they are needed.
  class Lent;
  std::unique_ptr<analytics::Session> Open() const;
  analytics::Table Select(analytics::Session& session, const std::vector<NamedTable>& tables,
                          size_t rows);

  const std::string sql_;
  std::atomic<bool> is_checked_ = false;  // to be one SELECT, which needs the tables
  const TempDir no_files_;                // the only folder that SQL may look into
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<analytics::Session>> idle_;
  size_t opened_ = 0;
};

}  // namespace millwright::ensembles
