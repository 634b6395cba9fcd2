#include <algorithm>
#include <bit>
#include <cmath>

#include "monitoring/log_file.h"
#include "monitoring/prediction.h"
#include "monitoring/row_sums.h"

namespace millwright::monitoring {

using analytics::Column;
using analytics::ColumnType;
using analytics::NumberSpan;
using analytics::QuoteName;
using analytics::Session;
using analytics::Table;

namespace {

// Points that stand for a column's numbers, and for latencies, whose ends are asked for.
constexpr size_t kPointsMax = 128;
constexpr size_t kLatencyPointsMax = 1024;
// Numbers of so many columns are in memory at a time that they are not more than these.
constexpr int64_t kNumbersMax = 16'000'000;
constexpr int64_t kColumnsAtOnceMax = 100;

bool IsNumber(const Column& column) {
  return column.type == ColumnType::kDouble || column.type == ColumnType::kInteger;
}

uint64_t HashNumber(double number) {
  uint64_t hash = std::bit_cast<uint64_t>(number == 0 ? 0.0 : number);
  hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9U;
  hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EBU;
  return hash ^ (hash >> 31);
}

// Numbers of neighbouring rows are often the same, and look-ups of these cost nothing.
void SumNumbers(std::vector<double>* numbers, size_t points_max, ColumnSums* column) {
  column->present = static_cast<int64_t>(numbers->size());
  double last = std::nan("");
  for (double number : *numbers) {
    if (number == last) continue;
    last = number;
    column->distinct.Add(HashNumber(number));
  }
  column->numbers = NumberSums::Of(numbers, points_max);
}

// Of several columns in one scan; each as DOUBLE.
std::vector<std::vector<double>> ReadNumbers(Session& session, const std::string& rows,
                                             const std::vector<std::string>& names) {
  std::vector<std::vector<double>> numbers(names.size());
  std::string sql;
  for (const std::string& name : names) {
    sql += (sql.empty() ? "SELECT CAST(" : ", CAST(") + QuoteName(name) + " AS DOUBLE)";
  }
  session.StreamNumbers(sql + " FROM " + rows,
                        [&](const std::vector<NumberSpan>& columns, size_t count) {
                          for (size_t i = 0; i < columns.size(); ++i) {
                            const NumberSpan& span = columns[i];
                            if (span.validity == nullptr) {
                              numbers[i].insert(numbers[i].end(), span.reals, span.reals + count);
                              continue;
                            }
                            for (size_t row = 0; row < count; ++row) {
                              if (span.Has(row)) numbers[i].push_back(span.reals[row]);
                            }
                          }
                          return true;
                        });
  return numbers;
}

TextSums SumTexts(Session& session, const std::string& rows, const std::string& name,
                  ColumnSums* column) {
  TextSums sums;
  session.Stream("SELECT CAST(" + QuoteName(name) + " AS VARCHAR), count(*) FROM " + rows +
                     " WHERE " + QuoteName(name) + " IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1",
                 [&](const Table& table) {
                   for (size_t row = 0; row < table.row_count(); ++row) {
                     const std::string text = table.Text(row, 0);
                     const int64_t count = table.Int(row, 1);
                     if (column != nullptr) {
                       column->present += count;
                       column->distinct.Add(HashId(text));
                     }
                     sums.is_complete = sums.counts.size() < kFewValuesMax;
                     if (sums.is_complete) sums.counts[text] = count;
                   }
                   return true;
                 });
  return sums;
}

void SumColumns(Session& session, const std::string& rows, int64_t row_count,
                std::vector<ColumnSums>* columns) {
  const auto at_once = static_cast<size_t>(
      std::clamp(kNumbersMax / std::max<int64_t>(row_count, 1), int64_t{1}, kColumnsAtOnceMax));
  std::vector<ColumnSums*> wanted;
  std::vector<std::string> names;
  const auto read = [&] {
    std::vector<std::vector<double>> numbers = ReadNumbers(session, rows, names);
    for (size_t i = 0; i < wanted.size(); ++i) SumNumbers(&numbers[i], kPointsMax, wanted[i]);
    wanted.clear();
    names.clear();
  };
  for (ColumnSums& column : *columns) {
    if (!column.is_number) {
      column.texts = SumTexts(session, rows, column.name, &column);
      continue;
    }
    wanted.push_back(&column);
    names.push_back(column.name);
    if (names.size() == at_once) read();
  }
  if (!names.empty()) read();
}

}  // namespace

RowSums SumRows(Session& session, const std::string& rows) {
  const std::string live = "(SELECT * FROM " + rows + " WHERE role <> 'shadow')";
  RowSums sums;
  const Table figures = session.Query(
      "SELECT count(*), count(*) FILTER (WHERE error <> ''), min(event_time_ms), "
      "max(event_time_ms) FROM " +
      live);
  sums.rows = figures.Int(0, 0);
  if (sums.rows == 0) return sums;
  sums.errors = figures.Int(0, 1);
  sums.first_ms = figures.Int(0, 2);
  sums.last_ms = figures.Int(0, 3);
  std::vector<std::vector<double>> latencies = ReadNumbers(session, live, {"latency_us"});
  sums.latency_us = NumberSums::Of(&latencies[0], kLatencyPointsMax);
  sums.versions = SumTexts(session, "(SELECT coalesce(model_version, '') AS v FROM " + live + ")",
                           "v", nullptr);
  for (const Column& column : session.Describe("SELECT * FROM " + rows)) {
    if (!column.name.starts_with(kInputPrefix) && !column.name.starts_with(kOutputPrefix)) continue;
    ColumnSums& added = sums.columns.emplace_back();
    added.name = column.name;
    added.is_number = IsNumber(column);
  }
  SumColumns(session, live, sums.rows, &sums.columns);
  return sums;
}

KnownSums SumKnown(Session& session, const std::string& known) {
  KnownSums sums;
  const Table figures =
      session.Query("SELECT count(outcome_time_ms), count(feedback_time_ms) FROM " + known);
  sums.known = figures.Int(0, 0);
  sums.feedback = figures.Int(0, 1);
  std::vector<ColumnSums> columns{sums.numbers, sums.texts, sums.texts_alone};
  SumColumns(session,
             "(SELECT outcome, outcome_text, CASE WHEN outcome IS NULL THEN outcome_text END AS "
             "text_alone FROM " +
                 known + ")",
             sums.known, &columns);
  sums.numbers = columns[0];
  sums.texts = columns[1];
  sums.texts_alone = columns[2];
  return sums;
}

}  // namespace millwright::monitoring
