// Runs the plans of a suite: one scan for what all need, a second one for what follows from it,
// then narrow queries for what failed.
#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "quality/data_files.h"
#include "quality/plan_sql.h"
#include "quality/report_words.h"
#include "quality/row_findings.h"
#include "quality/sql_guard.h"
#include "quality/validation.h"

namespace millwright::quality {
namespace {

using analytics::Column;
using analytics::QuoteName;
using analytics::Session;
using analytics::Table;

// Cells as JSON; times and types that JSON lacks as DuckDB prints them.
std::string PrintableSql(const Column& column) {
  switch (column.type) {
    case analytics::ColumnType::kBoolean:
    case analytics::ColumnType::kInteger:
    case analytics::ColumnType::kDouble:
    case analytics::ColumnType::kText:
      return ValueSql(column);
    default:
      return TextSql(column);
  }
}

// What is kept of a cell to be shown: texts beyond kShownCharactersMax are cut.
std::string ShownSql(const Column& column) {
  const std::string sql = PrintableSql(column);
  if (column.type != analytics::ColumnType::kText && column.type != analytics::ColumnType::kOther)
    return sql;
  return fmt::format("CASE WHEN length({0}) > {1} THEN left({0}, {1}) || '…' ELSE {0} END", sql,
                     kShownCharactersMax);
}

// Collects aggregates so that each text is computed once, and hands back their cells.
class AggregateScan {
 public:
  AggregateScan(Session& session, std::string table)
      : session_(session), table_(std::move(table)) {}

  size_t Add(const std::string& sql) {
    const auto [found, added] = places_.emplace(sql, aggregates_.size());
    if (added) aggregates_.push_back(sql);
    return found->second;
  }

  // Throws what DuckDB says; Bind and RunSome tell which aggregates are to blame.
  void Run() {
    cells_.assign(aggregates_.size(), Json());
    if (aggregates_.empty()) return;
    Fetch(aggregates_, [this](size_t i) { return i; });
  }

  // Runs some aggregates by themselves.
  void RunSome(const std::vector<size_t>& wanted) {
    const std::vector<std::string> some = Take(wanted);
    if (!some.empty()) Fetch(some, [&](size_t i) { return wanted[i]; });
  }

  // Throws what DuckDB says of some aggregates before any row is read.
  void Bind(const std::vector<size_t>& wanted) {
    const std::vector<std::string> some = Take(wanted);
    if (!some.empty()) session_.Describe(SelectSql(some));
  }

  const Json& At(size_t i) const { return cells_[i]; }

 private:
  std::vector<std::string> Take(const std::vector<size_t>& wanted) const {
    std::vector<std::string> some;
    for (size_t i : wanted) some.push_back(aggregates_[i]);
    return some;
  }

  // The count makes an error of a suite's own SQL that is no aggregate: alone it would give rows.
  std::string SelectSql(const std::vector<std::string>& aggregates) const {
    return "SELECT " + Join(aggregates, ", ") + ", count(*) FROM " + table_;
  }

  template <typename Place>
  void Fetch(const std::vector<std::string>& aggregates, Place place) {
    const Table answer = session_.Query(SelectSql(aggregates));
    for (size_t i = 0; i < aggregates.size(); ++i) cells_[place(i)] = answer.ToJson(0, i);
  }

  Session& session_;
  const std::string table_;
  std::map<std::string, size_t> places_;
  std::vector<std::string> aggregates_;
  std::vector<Json> cells_;
};

// As ShownSql cuts.
Json Shown(const Json& value) {
  if (!value.is_string() || value.AsString().size() <= kShownCharactersMax) return value;
  return Clip(value.AsString(), kShownCharactersMax);
}

std::string Filtered(const Aggregate& aggregate, const std::string& filter) {
  std::string sql = aggregate.sql;
  if (!filter.empty()) sql += " FILTER (WHERE " + filter + ")";
  return aggregate.element == 0 ? sql : "(" + sql + ")[" + std::to_string(aggregate.element) + "]";
}

// Counts rows. count_if takes half the time of a FILTER; it gives NULL for an empty table.
std::string CountSql(const std::string& condition) {
  return condition.empty() ? "count(*)" : "count_if(" + condition + ")";
}

constexpr char kRepeatsTable[] = "__millwright_repeats";

std::string AllOf(const std::vector<std::string>& conditions) {
  std::vector<std::string> set;
  for (const std::string& condition : conditions) {
    if (!condition.empty() && condition != "(NOT FALSE)") set.push_back(condition);
  }
  return Join(set, " AND ");
}

// One expectation on its way through the scans.
struct Work {
  Plan plan;
  ExpectationResult result;
  bool finished = false;
  std::vector<size_t> cells;  // places in the scan that runs
  Cells first;                // answers of the first scan
  RowFindings findings;
  std::vector<int64_t> sample;  // positions of the rows to show
};

class Validation {
 public:
  Validation(Session& session, const std::string& table, const Suite& suite,
             const ValidationOptions& options)
      : session_(session), table_(table), suite_(suite), options_(options) {
    shape_.columns = session.Describe("SELECT * FROM " + table_);
    TakeEmptyForNumbers();
    shape_.table = table_;
    shape_.others = options.tables;
    parameters_ = suite.parameters;
    for (const auto& [name, value] : options.parameters.AsObject()) parameters_.Set(name, value);
    for (const std::string& name : options.index_columns) shape_.At(name);
  }

  ValidationResult Run() {
    PlanAll();
    FirstScan();
    Step();
    SecondScan();
    Step();
    for (Work& work : works_) {
      Guarded(work, [&] { RunOwnQueries(work); });
      Step();
    }
    FetchSamples();
    return Gather();
  }

 private:
  // A text file whose column has no values does not say of what type it is. Where the suite takes
  // such a column for numbers, it is one of numbers; others are let be, and not looked at.
  void TakeEmptyForNumbers() {
    std::vector<std::string> names, counts, replaced;
    for (const Expectation& expectation : suite_.expectations) {
      const Json* name = expectation.kwargs.Find("column");
      if (name == nullptr || !name->is_string() || !JudgesNumbers(expectation)) continue;
      const Column* column = shape_.Find(name->AsString());
      if (column == nullptr || (column->type != analytics::ColumnType::kText &&
                                column->type != analytics::ColumnType::kOther))
        continue;
      if (std::find(names.begin(), names.end(), column->name) != names.end()) continue;
      names.push_back(column->name);
      counts.push_back("count(" + QuoteName(column->name) + ")");
    }
    if (names.empty()) return;
    const Table answer = session_.Query("SELECT " + Join(counts, ", ") + " FROM " + table_);
    for (size_t i = 0; i < names.size(); ++i) {
      if (answer.Int(0, i) == 0)
        replaced.push_back("CAST(NULL AS DOUBLE) AS " + QuoteName(names[i]));
    }
    if (replaced.empty()) return;
    table_ = "(SELECT * REPLACE (" + Join(replaced, ", ") + ") FROM " + table_ + ")";
    shape_.columns = session_.Describe("SELECT * FROM " + table_);
  }

  static bool JudgesNumbers(const Expectation& expectation) {
    static constexpr std::string_view kOfNumbers[] = {
        "expect_column_mean_to_be_between",
        "expect_column_median_to_be_between",
        "expect_column_stdev_to_be_between",
        "expect_column_sum_to_be_between",
        "expect_column_quantile_values_to_be_between",
        "expect_column_value_z_scores_to_be_less_than"};
    static constexpr std::string_view kOfValues[] = {"expect_column_values_to_be_between",
                                                     "expect_column_min_to_be_between",
                                                     "expect_column_max_to_be_between"};
    const auto is_of = [&](const auto& types) {
      return std::find(std::begin(types), std::end(types), expectation.type) != std::end(types);
    };
    if (is_of(kOfNumbers)) return true;
    const auto is_number = [&](const char* key) {
      const Json* bound = expectation.kwargs.Find(key);
      return bound != nullptr && (bound->is_number() || bound->is_object());
    };
    return is_of(kOfValues) && (is_number("min_value") || is_number("max_value"));
  }

  void Step() {
    ++steps_;
    if (options_.on_step) options_.on_step(steps_, works_.size() + 2);
  }

  // Turns what goes wrong with one expectation into its exception_info.
  template <typename F>
  void Guarded(Work& work, F&& step) {
    if (work.finished) return;
    try {
      step();
    } catch (const Error& error) {
      // Whoever interrupts the session means all of it.
      if (EndsAll(error)) throw;
      Fail(work, error);
    }
  }

  static void Fail(Work& work, const Error& error) {
    work.finished = true;
    work.result.raised = true;
    work.result.success = false;
    work.result.result = Json::MakeObject();
    work.result.exception_message = error.message();
  }

  void Finish(Work& work, Outcome outcome) {
    work.finished = true;
    work.result.success = outcome.success;
    if (options_.format != ResultFormat::kBooleanOnly)
      work.result.result = std::move(outcome.result);
  }

  // Puts values in the place of {"$PARAMETER": "name"}.
  Json WithParameters(const Json& json) const {
    if (json.is_object()) {
      if (const Json* name = json.Find("$PARAMETER")) {
        const Json* value = parameters_.Find(name->AsString("$PARAMETER"));
        if (value == nullptr)
          throw InvalidArgument("Missing suite parameter: {}", name->AsString());
        return *value;
      }
      Json copy = Json::MakeObject();
      for (const auto& [key, value] : json.AsObject()) copy.Set(key, WithParameters(value));
      return copy;
    }
    if (!json.is_array()) return json;
    Json copy = Json::MakeArray();
    for (const Json& value : json.AsArray()) copy.Append(WithParameters(value));
    return copy;
  }

  void PlanAll() {
    works_.resize(suite_.expectations.size());
    for (size_t i = 0; i < works_.size(); ++i) {
      Work& work = works_[i];
      work.result.expectation = suite_.expectations[i];
      Guarded(work, [&] {
        Expectation expectation = suite_.expectations[i];
        expectation.kwargs = WithParameters(expectation.kwargs);
        work.plan = PlanExpectation(expectation, shape_);
        if (!work.plan.expression.empty()) LookThrough(work.plan);
        if (work.plan.done) Finish(work, *work.plan.done);
      });
    }
  }

  // Before anything of it runs. What an unexpected row prints are the columns that are spoken of.
  void LookThrough(Plan& plan) {
    const std::vector<std::string> named =
        RequireExpression(session_, plan.expression, options_.tables);
    if (!plan.rows || !plan.rows->columns.empty()) return;
    for (const std::string& name : named) {
      const Column* column = shape_.Find(name);
      if (column != nullptr) plan.rows->columns.push_back(column->name);
    }
    if (plan.rows->columns.empty()) plan.rows->columns = {shape_.columns.front().name};
  }

  static std::string Judged(const Work& work) {
    return AllOf({work.plan.filter, "(NOT " + work.plan.rows->ignored + ")"});
  }

  void AddCounts(Work& work, AggregateScan& scan) {
    const RowCheck& check = *work.plan.rows;
    work.cells.push_back(scan.Add(CountSql(work.plan.filter)));
    work.cells.push_back(scan.Add(
        check.ignored == "FALSE" ? "0" : CountSql(AllOf({work.plan.filter, check.ignored}))));
    work.cells.push_back(scan.Add(
        check.unexpected == "FALSE" ? "0" : CountSql(AllOf({Judged(work), check.unexpected}))));
  }

  // Whether an error is of the whole run, so that asking again in smaller pieces has no sense.
  static bool EndsAll(const Error& error) {
    return error.code() == Code::kAborted || error.code() == Code::kDeadlineExceeded;
  }

  // Most of what can be wrong with an expectation shows before a row is read: those are taken out
  // and the rest is one scan still. What fails on rows is found by a scan for each.
  void RunScan(AggregateScan& scan) {
    try {
      scan.Run();
      return;
    } catch (const Error& error) {
      if (EndsAll(error)) throw;
    }
    std::vector<size_t> rest;
    for (Work& work : works_) {
      if (work.cells.empty()) continue;
      Guarded(work, [&] { scan.Bind(work.cells); });
      if (!work.finished) rest.insert(rest.end(), work.cells.begin(), work.cells.end());
    }
    std::sort(rest.begin(), rest.end());
    rest.erase(std::unique(rest.begin(), rest.end()), rest.end());
    try {
      scan.RunSome(rest);
      return;
    } catch (const Error& error) {
      if (EndsAll(error)) throw;
    }
    for (Work& work : works_) {
      if (!work.cells.empty()) Guarded(work, [&] { scan.RunSome(work.cells); });
    }
  }

  static Cells Take(Work& work, const AggregateScan& scan) {
    Cells cells;
    for (size_t place : work.cells) cells.push_back(scan.At(place));
    work.cells.clear();
    return cells;
  }

  static void SetCounts(Work& work, const Cells& cells) {
    const auto count = [&](size_t i) { return cells[i].is_null() ? 0 : cells[i].AsInt(); };
    work.findings.elements = count(0);
    work.findings.missing = count(1);
    work.findings.unexpected = count(2);
  }

  void FirstScan() {
    AggregateScan scan(session_, table_);
    for (Work& work : works_) {
      if (work.finished) continue;
      if (work.plan.aggregate) {
        for (const std::string& sql : work.plan.aggregate->first) {
          work.cells.push_back(scan.Add(Filtered({sql}, work.plan.filter)));
        }
      } else if (work.plan.rows && work.plan.rows->refine) {
        for (const std::string& sql : work.plan.rows->prior) {
          work.cells.push_back(scan.Add(Filtered({sql}, Judged(work))));
        }
      } else if (work.plan.rows && work.plan.rows->windows.empty()) {
        AddCounts(work, scan);
      }
    }
    RunScan(scan);
    for (Work& work : works_) {
      Guarded(work, [&] { work.first = Take(work, scan); });
    }
  }

  void SecondScan() {
    AggregateScan scan(session_, table_);
    for (Work& work : works_) {
      Guarded(work, [&] { AskAgain(work, scan); });
    }
    RunScan(scan);
    for (Work& work : works_) {
      Guarded(work, [&] {
        const Cells cells = Take(work, scan);
        if (work.plan.aggregate) {
          Finish(work, work.plan.aggregate->finish(work.first, cells));
        } else if (work.plan.rows && work.plan.rows->refine && !cells.empty()) {
          SetCounts(work, cells);
        }
      });
    }
  }

  void AskAgain(Work& work, AggregateScan& scan) {
    if (work.plan.aggregate && work.plan.aggregate->second) {
      for (const Aggregate& aggregate : work.plan.aggregate->second(work.first)) {
        work.cells.push_back(scan.Add(Filtered(aggregate, work.plan.filter)));
      }
    } else if (work.plan.rows && work.plan.rows->refine) {
      work.plan.rows->refine(*work.plan.rows, work.first);
      if (work.plan.rows->windows.empty()) AddCounts(work, scan);
    } else if (work.plan.rows && work.plan.rows->windows.empty()) {
      SetCounts(work, work.first);
    }
  }

  void RunOwnQueries(Work& work) {
    if (work.plan.rows) {
      const RowCheck& check = *work.plan.rows;
      if (!check.windows.empty()) CountWindowed(work);
      if (!check.unique_key.empty()) CountRepeated(work);
      FetchUnexpected(work);
      Finish(work, RowOutcome(work.findings, check.mostly, check.reports_missing, options_));
    } else if (work.plan.values) {
      Finish(work,
             work.plan.values->finish(CountValues(work.plan.values->column, work.plan.filter)));
    } else if (work.plan.query) {
      RunQuery(work);
    } else if (work.plan.scan) {
      RunScanCheck(work);
    }
  }

  std::string Numbered() const {
    return "(SELECT *, row_number() OVER () - 1 AS " + std::string(kRowNumberColumn) + " FROM " +
           table_ + ")";
  }

  // The judged rows with what the check's windows add.
  std::string JudgedRows(const Work& work) const {
    std::string source = Numbered();
    const std::string judged = Judged(work);
    if (!judged.empty()) source = "(SELECT * FROM " + source + " WHERE " + judged + ")";
    if (!work.plan.rows->unique_key.empty()) return Repeated(source, work.plan.rows->unique_key);
    if (work.plan.rows->windows.empty()) return source;
    std::string windows;
    for (const auto& [alias, sql] : work.plan.rows->windows) windows += ", " + sql + " AS " + alias;
    return "(SELECT *" + windows + " FROM " + source + ")";
  }

  void CountWindowed(Work& work) {
    const RowCheck& check = *work.plan.rows;
    const Table totals = session_.Query(
        "SELECT " + Filtered({"count(*)"}, work.plan.filter) + ", " +
        Filtered({"count(*)"}, AllOf({work.plan.filter, check.ignored})) + " FROM " + table_);
    const Table broken =
        session_.Query("SELECT count(*) FROM " + JudgedRows(work) + " WHERE " + check.unexpected);
    SetCounts(work, {totals.ToJson(0, 0), totals.ToJson(0, 1), broken.ToJson(0, 0)});
  }

  // Gathers the keys that several judged rows have: seldom many, so that finding their rows is
  // cheap, while a window over the key would sort the table by it.
  void CountRepeated(Work& work) {
    RowCheck& check = *work.plan.rows;
    std::vector<std::string> keys;
    for (const std::string& sql : check.unique_key)
      keys.push_back(sql + " AS " + KeyName(keys.size()));
    const std::string judged = Judged(work);
    session_.Execute("CREATE OR REPLACE TEMP TABLE " + std::string(kRepeatsTable) + " AS SELECT " +
                     Join(keys, ", ") + ", count(*) AS repeats FROM " + table_ +
                     (judged.empty() ? "" : " WHERE " + judged) +
                     " GROUP BY ALL HAVING count(*) > 1");
    work.findings.unexpected =
        session_
            .Query("SELECT coalesce(sum(repeats), 0)::BIGINT FROM " + std::string(kRepeatsTable))
            .Int(0, 0);
    check.unexpected = "TRUE";
  }

  // The rows whose key CountRepeated found last.
  static std::string Repeated(const std::string& rows, const std::vector<std::string>& unique_key) {
    std::vector<std::string> same;
    for (const std::string& sql : unique_key)
      same.push_back(sql + " IS NOT DISTINCT FROM " + KeyName(same.size()));
    return "(SELECT * FROM " + rows + " SEMI JOIN " + kRepeatsTable + " ON (" +
           Join(same, " AND ") + "))";
  }

  static std::string KeyName(size_t i) { return "__millwright_key_" + std::to_string(i); }

  size_t ListMax() const {
    if (options_.format == ResultFormat::kBooleanOnly) return 0;
    if (options_.format == ResultFormat::kComplete)
      return options_.index_list_max > 0 ? options_.index_list_max : kUnexpectedIndexMax;
    return static_cast<size_t>(
        std::max(options_.partial_unexpected_count, options_.row_sample_max));
  }

  void FetchUnexpected(Work& work) {
    const RowCheck& check = *work.plan.rows;
    std::vector<std::string> names = check.columns;
    names.insert(names.end(), options_.index_columns.begin(), options_.index_columns.end());
    std::vector<std::string> selected;
    for (const std::string& name : names) selected.push_back(ShownSql(shape_.At(name)));
    if (check.windows.empty() && check.unique_key.empty()) {
      std::vector<std::string> quoted;
      for (const std::string& name : check.columns) quoted.push_back(QuoteName(name));
      work.findings.query = "SELECT " + Join(quoted, ", ") + " FROM " + table_ + " WHERE " +
                            AllOf({Judged(work), check.unexpected});
    }
    if (work.findings.unexpected == 0 || ListMax() == 0) return;
    const Table rows =
        session_.Query("SELECT " + Join(selected, ", ") + ", " + kRowNumberColumn + " FROM " +
                       JudgedRows(work) + " WHERE " + check.unexpected + " ORDER BY " +
                       kRowNumberColumn + " LIMIT " + std::to_string(ListMax()));
    for (size_t row = 0; row < rows.row_count(); ++row) AddUnexpected(work, rows, row, names);
  }

  void AddUnexpected(Work& work, const Table& rows, size_t row,
                     const std::vector<std::string>& names) {
    const RowCheck& check = *work.plan.rows;
    Json list = Json::MakeArray(), object = Json::MakeObject(), index = Json::MakeObject();
    for (size_t i = 0; i < names.size(); ++i) {
      const Json value = rows.ToJson(row, i);
      index.Set(names[i], value);
      if (i >= check.columns.size()) continue;
      list.Append(value);
      object.Set(names[i], value);
    }
    work.findings.indexes.push_back(std::move(index));
    work.findings.rows.push_back(rows.Int(row, names.size()));
    work.sample.push_back(work.findings.rows.back());
    if (work.findings.values.size() >= kUnexpectedListMax) return;
    const Json scalar = list.AsArray().front();
    const bool is_scalar = check.shape == ValueShape::kScalar;
    work.findings.keys.push_back(is_scalar ? scalar : list);
    work.findings.values.push_back(is_scalar                          ? scalar
                                   : check.shape == ValueShape::kList ? list
                                                                      : object);
  }

  // Distinct values are asked for once, however many expectations judge them.
  const ValueCounts& CountValues(const std::string& name, const std::string& filter) {
    const auto key = std::pair(name, filter);
    if (const auto found = counted_.find(key); found != counted_.end()) return found->second;
    const Column& column = shape_.At(name);
    const Table answer =
        session_.Query("SELECT " + PrintableSql(column) + " AS value, count(*) FROM " + table_ +
                       " WHERE " + AllOf({PresentSql(column), filter}) +
                       " GROUP BY 1 ORDER BY 1 LIMIT " + std::to_string(kDistinctValuesMax + 1));
    if (static_cast<int64_t>(answer.row_count()) > kDistinctValuesMax) {
      throw InvalidArgument("Column {} has more than {} distinct values", name, kDistinctValuesMax);
    }
    ValueCounts counts;
    for (size_t row = 0; row < answer.row_count(); ++row) {
      counts.emplace_back(answer.ToJson(row, 0), answer.Int(row, 1));
    }
    return counted_.emplace(key, std::move(counts)).first->second;
  }

  void RunQuery(Work& work) {
    const QueryCheck& check = *work.plan.query;
    if (check.is_of_suite) {
      RequireOnlyReads(session_, WithBatch(check.sql, kBatchName), options_.tables);
    }
    const std::string& filter = work.plan.filter;
    const std::string sql = WithBatch(
        check.sql, filter.empty() ? table_ : "(SELECT * FROM " + table_ + " WHERE " + filter + ")");
    const std::string answer = " FROM (" + sql + "\n)";
    const int64_t count = session_.Query("SELECT count(*)" + answer).Int(0, 0);
    const Table rows =
        session_.Query("SELECT *" + answer + " LIMIT " + std::to_string(kUnexpectedListMax));
    Finish(work, work.plan.query->finish(count, rows));
  }

  void RunScanCheck(Work& work) {
    const ScanCheck& check = *work.plan.scan;
    const Column& column = shape_.At(check.column);
    RowFindings& findings = work.findings;
    const std::string where = work.plan.filter.empty() ? "" : " WHERE " + work.plan.filter;
    const size_t rows_max = std::max(kUnexpectedListMax, options_.index_list_max);
    session_.Stream("SELECT " + TextSql(column) + ", " + MissingSql(column) + ", " +
                        kRowNumberColumn + " FROM " + Numbered() + where,
                    [&](const Table& piece) {
                      for (size_t row = 0; row < piece.row_count(); ++row) {
                        ++findings.elements;
                        if (std::get<bool>(piece.At(row, 1))) {
                          ++findings.missing;
                        } else if (!check.expected(piece.Text(row, 0))) {
                          if (++findings.unexpected > static_cast<int64_t>(rows_max)) continue;
                          findings.rows.push_back(piece.Int(row, 2));
                          if (findings.values.size() >= kUnexpectedListMax) continue;
                          const Json value = Shown(piece.ToJson(row, 0));
                          findings.values.push_back(value);
                          findings.keys.push_back(value);
                          findings.indexes.push_back(Json::Of({{check.column, value}}));
                        }
                      }
                      return true;
                    });
    work.sample = findings.rows;
    Finish(work, RowOutcome(findings, check.mostly, true, options_));
  }

  // Reads the whole rows of all samples in one query.
  void FetchSamples() {
    if (options_.format == ResultFormat::kBooleanOnly || options_.row_sample_max <= 0) return;
    std::set<int64_t> wanted;
    for (Work& work : works_) {
      if (work.result.success || work.result.raised) work.sample.clear();
      work.sample.resize(
          std::min(work.sample.size(), static_cast<size_t>(options_.row_sample_max)));
      wanted.insert(work.sample.begin(), work.sample.end());
    }
    if (wanted.empty()) return;
    size_t shown_rows = 0;
    for (const Work& work : works_) shown_rows += work.sample.size();
    // A row is shown by its first columns, and by those that are judged.
    const size_t first =
        std::min({shape_.columns.size(), kRowSampleColumnsMax,
                  std::max(kRowSampleColumnsMin, kRowSampleCellsMax / shown_rows)});
    const std::map<int64_t, Json> rows = ReadRows(wanted, first);
    for (Work& work : works_) {
      if (work.sample.empty()) continue;
      Json list = Json::MakeArray();
      size_t place = 0;
      for (int64_t row : work.sample) {
        Json shown = rows.at(row);
        if (work.plan.rows && place < work.findings.indexes.size()) {
          for (const auto& [name, value] : work.findings.indexes[place].AsObject())
            if (!shown.Has(name)) shown.Set(name, value);
        }
        list.Append(std::move(shown));
        ++place;
      }
      work.result.rows = std::move(list);
    }
  }

  std::map<int64_t, Json> ReadRows(const std::set<int64_t>& wanted, size_t shown) {
    std::vector<std::string> numbers, selected;
    for (int64_t row : wanted) numbers.push_back(std::to_string(row));
    for (size_t i = 0; i < shown; ++i) selected.push_back(ShownSql(shape_.columns[i]));
    const Table table = session_.Query("SELECT " + Join(selected, ", ") + ", " + kRowNumberColumn +
                                       " FROM " + Numbered() + " WHERE " + kRowNumberColumn +
                                       " IN (" + Join(numbers, ", ") + ")");
    std::map<int64_t, Json> rows;
    for (size_t row = 0; row < table.row_count(); ++row) {
      Json object = Json::MakeObject();
      for (size_t column = 0; column < shown; ++column) {
        object.Set(shape_.columns[column].name, table.ToJson(row, column));
      }
      rows.emplace(table.Int(row, shown), std::move(object));
    }
    return rows;
  }

  ValidationResult Gather() {
    ValidationResult validation;
    validation.suite = suite_.name;
    validation.parameters = parameters_;
    validation.success = true;
    for (Work& work : works_) {
      validation.success &= work.result.success;
      validation.results.push_back(std::move(work.result));
    }
    return validation;
  }

  Session& session_;
  std::string table_;
  const Suite& suite_;
  const ValidationOptions& options_;
  TableShape shape_;
  Json parameters_;
  std::vector<Work> works_;
  size_t steps_ = 0;
  std::map<std::pair<std::string, std::string>, ValueCounts> counted_;
};

}  // namespace

ValidationResult Validate(Session& session, const std::string& table, const Suite& suite,
                          const ValidationOptions& options) {
  if (options.partial_unexpected_count < 0 ||
      options.partial_unexpected_count > kPartialUnexpectedMax) {
    throw InvalidArgument("partial_unexpected_count must be from 0 to {}", kPartialUnexpectedMax)
        .WithField("partial_unexpected_count");
  }
  if (options.row_sample_max < 0 || options.row_sample_max > kRowSampleMax) {
    throw InvalidArgument("row_sample_max must be from 0 to {}", kRowSampleMax)
        .WithField("row_sample_max");
  }
  return Validation(session, table, suite, options).Run();
}

ValidationResult ValidateFile(const std::filesystem::path& file, const Suite& suite,
                              const ValidationOptions& options) {
  // Read from this file alone, whatever SQL the suite has.
  analytics::SessionOptions confined;
  confined.allowed_files = FindDataFiles(file.string());
  Session session(confined);
  return Validate(session, OpenDataFiles(session, confined.allowed_files, kDataTable), suite,
                  options);
}

}  // namespace millwright::quality
