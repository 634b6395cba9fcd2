#include "drift/computed_columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace millwright::drift {
namespace {

using analytics::Session;
using analytics::Table;

constexpr char kCells[] = "computed_cells";
constexpr char kNumbers[] = "computed_numbers";
constexpr int64_t kRowsPerBlock = 8192;

// The numbers of a block of rows, row by row.
class Block {
 public:
  Block(Session& session, int64_t begin, int64_t end, size_t width)
      : session_(session),
        begin_(begin),
        end_(end),
        width_(width),
        numbers_(static_cast<size_t>(end - begin) * width,
                 std::numeric_limits<double>::quiet_NaN()) {}

  // Reads the cells of one computation and writes its numbers from the column `first` on.
  void Compute(const ComputedColumns& one, size_t cell, size_t first) {
    for (int64_t at = begin_; at < end_; at += one.rows_at_once) {
      const Table cells = session_.Query(
          fmt::format("SELECT __row, __cell_{} FROM {} WHERE __row >= {} AND __row < {}", cell,
                      kCells, at, std::min(end_, at + one.rows_at_once)));
      for (size_t i = 0; i < cells.row_count(); ++i) {
        if (cells.IsNull(i, 1)) continue;
        const int64_t row = cells.Int(i, 0);
        one.compute(std::get<std::string>(cells.At(i, 1)), row,
                    &numbers_[static_cast<size_t>(row - begin_) * width_ + first]);
      }
    }
  }

  void Append() {
    Session::Appender appender = session_.Append(kNumbers);
    for (int64_t row = begin_; row < end_; ++row) {
      appender.Add(row);
      const double* numbers = &numbers_[static_cast<size_t>(row - begin_) * width_];
      for (size_t i = 0; i < width_; ++i) {
        if (std::isnan(numbers[i])) {
          appender.Null();
        } else {
          appender.Add(numbers[i]);
        }
      }
      appender.EndRow();
    }
    appender.Close();
  }

 private:
  Session& session_;
  const int64_t begin_, end_;
  const size_t width_;
  std::vector<double> numbers_;
};

}  // namespace

void CreateComputed(Session& session, const std::string& name, const std::string& table,
                    const std::vector<std::string>& kept,
                    const std::vector<ComputedColumns>& computed) {
  std::string cells = "row_number() OVER () AS __row", columns = "__row BIGINT";
  size_t width = 0;
  for (size_t i = 0; i < computed.size(); ++i) {
    cells += fmt::format(", {} AS __cell_{}", computed[i].cell, i);
    for (const std::string& column : computed[i].names) {
      columns += ", " + analytics::QuoteName(column) + " DOUBLE";
    }
    width += computed[i].names.size();
  }
  for (const std::string& part : kept) cells += ", " + part;
  session.Execute(
      fmt::format("CREATE OR REPLACE TEMP TABLE {} AS SELECT {} FROM {}", kCells, cells, table));
  session.Execute(fmt::format("CREATE OR REPLACE TEMP TABLE {} ({})", kNumbers, columns));
  const int64_t rows = session.Query(fmt::format("SELECT count(*) FROM {}", kCells)).Int(0, 0);
  for (int64_t begin = 1; begin <= rows; begin += kRowsPerBlock) {
    Block block(session, begin, std::min(rows + 1, begin + kRowsPerBlock), width);
    size_t first = 0;
    for (size_t i = 0; i < computed.size(); ++i) {
      block.Compute(computed[i], i, first);
      first += computed[i].names.size();
    }
    block.Append();
  }
  session.Execute(
      fmt::format("CREATE OR REPLACE TEMP TABLE {} AS SELECT COLUMNS(c -> NOT starts_with(c, "
                  "'__cell_') AND c <> '__row') FROM {} JOIN {} USING (__row)",
                  name, kCells, kNumbers));
  session.Execute(fmt::format("DROP TABLE {}", kCells));
  session.Execute(fmt::format("DROP TABLE {}", kNumbers));
}

}  // namespace millwright::drift
