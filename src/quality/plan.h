#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "analytics/session.h"
#include "base/json.h"
#include "quality/suite.h"

// How expectations become SQL. A planner reads an expectation's kwargs and says which aggregates,
// counts of rows or counts of values it needs; the validator puts the needs of the whole suite into
// one scan and hands each plan its cells. A second scan serves what can only be asked after the
// first one (z-scores need the mean, quantiles the count).
namespace millwright::quality {

// The table as the planners see it.
struct TableShape {
  std::vector<analytics::Column> columns;
  std::string table;             // what may stand after FROM
  std::set<std::string> others;  // tables of the session that SQL of the suite may read too

  const analytics::Column* Find(std::string_view name) const;
  // Throws kInvalidArgument as Great Expectations words it, with the nearest there is.
  const analytics::Column& At(std::string_view name) const;
};

using Cells = std::vector<Json>;

// What an expectation says in the end; `result` is GX's `result` object at BASIC.
struct Outcome {
  bool success = false;
  Json result = Json::MakeObject();
};

// How an unexpected row is printed.
enum class ValueShape { kScalar, kList, kObject };

// An expectation that judges row by row.
struct RowCheck {
  std::string ignored = "FALSE";     // SQL: rows that are not judged (missing values)
  std::string unexpected = "FALSE";  // SQL: judged rows that break the expectation; never NULL
  // What is printed of an unexpected row; where it is empty, the columns of Plan::expression.
  std::vector<std::string> columns;
  ValueShape shape = ValueShape::kScalar;
  // Null expectations judge every row and report nothing as missing.
  bool reports_missing = true;
  double mostly = 1.0;
  // Windows that `unexpected` names, each an alias and its SQL expression; they see
  // kRowNumberColumn and only rows that meet the row_condition and are judged. A check with windows
  // has a scan of its own.
  std::vector<std::pair<std::string, std::string>> windows;
  // SQL of a key: judged rows whose key another judged row has are unexpected. A check with a key
  // has a scan of its own too.
  std::vector<std::string> unique_key;
  // Aggregates over the judged rows for the first scan; `refine` then completes this check from
  // their cells and its counts are taken in the second scan.
  std::vector<std::string> prior;
  std::function<void(RowCheck&, const Cells&)> refine;
};

// A SQL aggregate, or one element of the list that it gives: DuckDB computes an aggregate once,
// however many of its elements are asked for.
struct Aggregate {
  std::string sql;
  size_t element = 0;  // from 1; 0 for the aggregate itself
};

// An expectation that judges aggregates.
struct AggregateCheck {
  std::vector<std::string> first;                              // SQL aggregates of the first scan
  std::function<std::vector<Aggregate>(const Cells&)> second;  // of the second; may be empty
  std::function<Outcome(const Cells& first, const Cells& second)> finish;
};

// Distinct values of a column in order, with how often each occurs.
using ValueCounts = std::vector<std::pair<Json, int64_t>>;

// An expectation that judges a column's distinct values.
struct ValuesCheck {
  std::string column;
  std::function<Outcome(const ValueCounts&)> finish;
};

// An expectation that asks its own query; `finish` gets how many rows it gives and the first
// kUnexpectedListMax of them.
struct QueryCheck {
  std::string sql;           // one SELECT; "{batch}" stands for the table
  bool is_of_suite = false;  // text from outside, to be looked through
  std::function<Outcome(int64_t, const analytics::Table&)> finish;
};

// Judges the values of one column outside of SQL, in constant memory; then counts are made there.
struct ScanCheck {
  std::string column;
  double mostly = 1.0;
  // Tells whether a value is as expected; throws to fail the whole expectation.
  std::function<bool(const std::string&)> expected;
};

// What one expectation needs. Exactly one of the parts is set.
struct Plan {
  std::string filter;      // SQL of the row_condition, empty for all rows
  std::string expression;  // SQL of the suite that is part of the rest, to be looked through
  std::optional<Outcome> done;
  std::optional<RowCheck> rows;
  std::optional<AggregateCheck> aggregate;
  std::optional<ValuesCheck> values;
  std::optional<QueryCheck> query;
  std::optional<ScanCheck> scan;
};

inline constexpr char kRowNumberColumn[] = "__millwright_row";
// As many unexpected values are kept at COMPLETE, as in Great Expectations.
inline constexpr size_t kUnexpectedListMax = 200;
// And so many positions of unexpected rows.
inline constexpr size_t kUnexpectedIndexMax = 10'000;
inline constexpr size_t kValueSetMax = 100'000;

// Plans one expectation. Throws kInvalidArgument for kwargs that cannot be, an unknown column or a
// type mismatch, kUnimplemented for a type that this program does not know: each becomes the
// exception_info of that expectation and harms no other.
Plan PlanExpectation(const Expectation& expectation, const TableShape& shape);

// Names all supported types, sorted.
std::vector<std::string> SupportedExpectations();

// Planners of one family; nothing when the type is of another.
std::optional<Plan> PlanColumnValues(const Expectation& expectation, const TableShape& shape);
std::optional<Plan> PlanTextValues(const Expectation& expectation, const TableShape& shape);
std::optional<Plan> PlanRows(const Expectation& expectation, const TableShape& shape);
std::optional<Plan> PlanAggregates(const Expectation& expectation, const TableShape& shape);
std::optional<Plan> PlanDistinctValues(const Expectation& expectation, const TableShape& shape);
std::optional<Plan> PlanTable(const Expectation& expectation, const TableShape& shape);
std::optional<Plan> PlanSql(const Expectation& expectation, const TableShape& shape);

// The types of each family, for SupportedExpectations.
std::vector<std::string> ColumnValuesTypes();
std::vector<std::string> TextValuesTypes();
std::vector<std::string> RowsTypes();
std::vector<std::string> AggregatesTypes();
std::vector<std::string> DistinctValuesTypes();
std::vector<std::string> TableTypes();
std::vector<std::string> SqlTypes();

}  // namespace millwright::quality
