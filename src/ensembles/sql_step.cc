#include "ensembles/sql_step.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "scoring/outputs.h"
#include "serving/cell.h"

namespace millwright::ensembles {
namespace {

using analytics::Table;
using inference::DataType;
using inference::Tensor;

constexpr std::string_view kRow = "row";

DataType TypeOf(const analytics::Column& column) {
  switch (column.type) {
    case analytics::ColumnType::kBoolean:
      return DataType::kBool;
    case analytics::ColumnType::kInteger:
      return DataType::kInt64;
    case analytics::ColumnType::kDouble:
      return column.sql_type == "FLOAT" ? DataType::kFp32 : DataType::kFp64;
    case analytics::ColumnType::kText:
      return DataType::kBytes;
    default:
      throw InvalidArgument("Column {} is {}, which no model takes; cast it", column.name,
                            column.sql_type);
  }
}

serving::Cell CellOf(const Table::Cell& cell) {
  struct Convert {
    serving::Cell operator()(std::monostate) const { return {}; }
    serving::Cell operator()(bool value) const { return value; }
    serving::Cell operator()(int64_t value) const { return value; }
    serving::Cell operator()(double value) const { return value; }
    serving::Cell operator()(const std::string& value) const { return std::string_view(value); }
  };
  return std::visit(Convert(), cell);
}

// The rows of an answer in the order of its column "row", which must name each row once.
std::vector<size_t> OrderOf(const Table& answer, int row_column, size_t rows) {
  std::vector<size_t> order(rows, rows);
  for (size_t i = 0; i < rows; ++i) {
    if (row_column < 0) {
      order[i] = i;
      continue;
    }
    const int64_t row = answer.Int(i, static_cast<size_t>(row_column));
    const bool is_new =
        row >= 0 && row < static_cast<int64_t>(rows) && order[static_cast<size_t>(row)] == rows;
    if (!is_new) throw InvalidArgument("The SELECT answers row {} wrongly or twice", row);
    order[static_cast<size_t>(row)] = i;
  }
  return order;
}

Tensor ColumnOf(const Table& answer, size_t column, const std::vector<size_t>& order) {
  const analytics::Column& about = answer.columns()[column];
  Tensor tensor{
      .name = about.name, .type = TypeOf(about), .shape = {static_cast<int64_t>(order.size())}};
  serving::ResizeTensor(order.size(), &tensor);
  for (size_t i = 0; i < order.size(); ++i) {
    try {
      const serving::Cell cell = CellOf(answer.At(order[i], column));
      const bool is_floating = tensor.type == DataType::kFp32 || tensor.type == DataType::kFp64;
      if (std::holds_alternative<std::monostate>(cell) && !is_floating) {
        throw InvalidArgument("it is NULL");
      }
      serving::StoreCell(cell, i, &tensor);
    } catch (const Error& error) {
      throw Error(error.code(),
                  fmt::format("Column {} (row {}): {}", about.name, i, error.message()));
    }
  }
  return tensor;
}

// Rows of one table; "row" stands in front.
void Fill(analytics::Session& session, const NamedTable& table, size_t rows) {
  const scoring::OutputColumns columns(*table.tensors, rows, "");
  const std::string name = analytics::QuoteName(table.name);
  const std::string values = analytics::QuoteName(table.name + " values");
  session.Execute(fmt::format("CREATE OR REPLACE TABLE {} ({})", values, columns.TableSql()));
  auto appender = session.Append(table.name + " values");
  columns.Append(*table.tensors, rows, &appender);
  appender.Close();
  // Rows keep the order in which they were appended.
  session.Execute(
      fmt::format("CREATE OR REPLACE TABLE {} AS SELECT row_number() OVER () - 1 AS row, * FROM {}",
                  name, values));
}

}  // namespace

class SqlStep::Lent {
 public:
  explicit Lent(SqlStep& step) : step_(step) {
    std::unique_lock lock(step_.mutex_);
    step_.returned_.wait(lock,
                         [&] { return !step_.idle_.empty() || step_.opened_ < kSqlSessionsMax; });
    if (!step_.idle_.empty()) {
      session_ = std::move(step_.idle_.back());
      step_.idle_.pop_back();
    } else {
      ++step_.opened_;
    }
  }
  ~Lent() {
    {
      std::lock_guard lock(step_.mutex_);
      // One that failed half-way is not used again.
      if (is_clean) {
        step_.idle_.push_back(std::move(session_));
      } else {
        --step_.opened_;
      }
    }
    step_.returned_.notify_one();
  }
  Lent(const Lent&) = delete;
  Lent& operator=(const Lent&) = delete;

  analytics::Session& session() {
    if (session_ == nullptr) session_ = step_.Open();
    return *session_;
  }
  bool is_clean = false;

 private:
  SqlStep& step_;
  std::unique_ptr<analytics::Session> session_;
};

SqlStep::SqlStep(std::string sql) : sql_(std::move(sql)) {}

std::unique_ptr<analytics::Session> SqlStep::Open() const {
  analytics::SessionOptions options;
  options.threads = 1;
  options.memory_bytes_max = kSqlMemoryBytesMax;
  options.allowed_folders = {no_files_.path().string()};
  options.time_limit_ms = kSqlMsMax;
  return std::make_unique<analytics::Session>(options);
}

analytics::Table SqlStep::Select(analytics::Session& session, const std::vector<NamedTable>& tables,
                                 size_t rows) {
  for (const NamedTable& table : tables) Fill(session, table, rows);
  if (!is_checked_) {
    session.RequireOneSelect(sql_);
    is_checked_ = true;
  }
  return session.Query(sql_);
}

std::vector<Tensor> SqlStep::Run(const std::vector<NamedTable>& tables, size_t rows) {
  Lent lent(*this);
  const Table answer = Select(lent.session(), tables, rows);
  if (answer.row_count() != rows) {
    throw InvalidArgument("The SELECT answers {} rows for {}", answer.row_count(), rows);
  }
  const int row_column = answer.ColumnIndex(kRow);
  const std::vector<size_t> order = OrderOf(answer, row_column, rows);
  std::vector<Tensor> tensors;
  for (size_t column = 0; column < answer.columns().size(); ++column) {
    if (static_cast<int>(column) == row_column) continue;
    tensors.push_back(ColumnOf(answer, column, order));
  }
  if (tensors.empty()) throw InvalidArgument("The SELECT answers no column besides row");
  lent.is_clean = true;
  return tensors;
}

}  // namespace millwright::ensembles
