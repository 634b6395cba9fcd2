#include "quality/table_profiler.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>

#include "base/error.h"
#include "quality/number_column.h"
#include "quality/pair_scan.h"
#include "quality/plan_sql.h"
#include "quality/profile_warnings.h"
#include "quality/text_column.h"

namespace millwright::quality {
namespace {

using analytics::Column;
using analytics::ColumnType;
using analytics::NumberSpan;
using analytics::QuoteName;
using analytics::Session;
using analytics::Table;

// Values of number columns that are read by one query: 128 MiB.
constexpr int64_t kValuesAtOnce = 1 << 24;
constexpr size_t kColumnsAtOnce = 64;
constexpr size_t kCopiesMax = 50;

constexpr std::string_view kWideIntegers[] = {"UBIGINT", "HUGEINT", "UHUGEINT"};

bool IsWideInteger(const Column& column) {
  return std::find(std::begin(kWideIntegers), std::end(kWideIntegers), column.sql_type) !=
         std::end(kWideIntegers);
}

FiguresKind KindOf(const Column& column) {
  if (IsNumeric(column)) return FiguresKind::kNumber;
  return IsTemporal(column) ? FiguresKind::kTime : FiguresKind::kText;
}

class Profiler {
 public:
  Profiler(Session& session, const std::string& table, const ProfileOptions& options)
      : session_(session), table_(table), options_(options) {}

  TableProfile Run() {
    Choose();
    CountRows();
    ReadNumbers();
    ReadTexts();
    Tell("rows that are equal");
    CountDuplicates();
    FindCopies();
    Tell("pairs of columns");
    ScanPairs(session_, table_, columns_, options_, &profile_);
    profile_.warnings = WarningsOf(profile_);
    return std::move(profile_);
  }

 private:
  void Choose() {
    TableShape shape{session_.Describe("SELECT * FROM " + table_)};
    if (options_.columns.empty()) {
      columns_ = shape.columns;
    } else {
      for (const std::string& name : options_.columns) columns_.push_back(shape.At(name));
    }
    if (columns_.size() > kProfileColumnsMax) {
      throw InvalidArgument(
          "The table has {} columns; a profile holds {}. Name those to look at with --columns",
          columns_.size(), kProfileColumnsMax)
          .WithField("columns");
    }
    const auto is_target = [&](const Column& column) { return column.name == options_.target; };
    if (!options_.target.empty() && std::none_of(columns_.begin(), columns_.end(), is_target))
      throw InvalidArgument("There is no column {} to be the target", options_.target)
          .WithField("target");
    steps_ = columns_.size() + 2;
  }

  void Tell(const std::string& note) {
    if (options_.progress)
      options_.progress(static_cast<double>(step_) / static_cast<double>(steps_), note);
    ++step_;
  }

  // One scan for all that needs no more than counting.
  void CountRows() {
    std::vector<std::string> counts, missing;
    for (const Column& column : columns_) {
      missing.push_back(MissingSql(column));
      counts.push_back("count_if(" + missing.back() + ")");
      if (IsWideInteger(column))
        counts.push_back(fmt::format("coalesce(max({0}) <= {1} AND min({0}) >= -{1}, TRUE)",
                                     QuoteName(column.name), INT64_MAX));
      if (IsTemporal(column))
        counts.push_back("count_if(NOT isfinite(" + QuoteName(column.name) + "))");
    }
    const Table answer = session_.Query(
        "SELECT count(*), " + (missing.empty() ? "0" : "count_if(" + AnyOf(missing) + ")") +
        (counts.empty() ? "" : ", " + Join(counts, ", ")) + " FROM " + table_);
    profile_.rows = answer.Int(0, 0);
    profile_.rows_with_missing = CountAt(answer, 1);
    size_t cell = 2;
    for (const Column& column : columns_) {
      ColumnStatistics statistics;
      statistics.name = column.name;
      statistics.type = analytics::ColumnTypeName(column.type);
      statistics.sql_type = column.sql_type;
      statistics.kind = KindOf(column);
      statistics.rows = profile_.rows;
      statistics.missing = CountAt(answer, cell++);
      if (IsWideInteger(column)) fits_integer_.push_back(answer.ToJson(0, cell++).AsBool());
      if (IsTemporal(column)) infinite_times_.push_back(CountAt(answer, cell++));
      profile_.columns.push_back(std::move(statistics));
    }
  }

  // count_if is NULL for an empty table.
  static int64_t CountAt(const Table& answer, size_t cell) {
    return answer.IsNull(0, cell) ? 0 : answer.Int(0, cell);
  }

  // A balanced tree of ORs: a chain of thousands would be as deep.
  static std::string AnyOf(const std::vector<std::string>& conditions) {
    std::vector<std::string> level = conditions;
    while (level.size() > 1) {
      std::vector<std::string> next;
      for (size_t i = 0; i < level.size(); i += 2)
        next.push_back(i + 1 < level.size() ? "(" + level[i] + " OR " + level[i + 1] + ")"
                                            : level[i]);
      level = std::move(next);
    }
    return level.front();
  }

  struct Source {
    size_t place = 0;
    std::string sql;
    NumberKind kind = NumberKind::kReal;
  };

  std::vector<Source> NumberSources() {
    std::vector<Source> sources;
    size_t wide = 0, temporal = 0;
    for (size_t i = 0; i < columns_.size(); ++i) {
      const Column& column = columns_[i];
      const std::string name = QuoteName(column.name);
      const bool fits = !IsWideInteger(column) || fits_integer_[wide++];
      if (IsTemporal(column)) {
        profile_.columns[i].numbers.emplace().infinite = infinite_times_[temporal++];
        const std::string time =
            column.type == ColumnType::kDate ? "CAST(" + name + " AS TIMESTAMP)" : name;
        sources.push_back({i, "CASE WHEN isfinite(" + name + ") THEN epoch_us(" + time + ") END",
                           NumberKind::kTime});
      } else if (column.type == ColumnType::kInteger && fits) {
        sources.push_back({i, "CAST(" + name + " AS BIGINT)", NumberKind::kInteger});
      } else if (IsNumeric(column)) {
        sources.push_back({i, "CAST(" + name + " AS DOUBLE)", NumberKind::kReal});
      }
    }
    return sources;
  }

  void ReadNumbers() {
    const std::vector<Source> sources = NumberSources();
    const auto at_once =
        static_cast<size_t>(std::clamp<int64_t>(kValuesAtOnce / std::max<int64_t>(profile_.rows, 1),
                                                1, static_cast<int64_t>(kColumnsAtOnce)));
    for (size_t start = 0; start < sources.size(); start += at_once) {
      const size_t end = std::min(start + at_once, sources.size());
      ReadGroup({sources.begin() + static_cast<std::ptrdiff_t>(start),
                 sources.begin() + static_cast<std::ptrdiff_t>(end)});
    }
  }

  void ReadGroup(const std::vector<Source>& group) {
    std::vector<std::string> selected;
    std::vector<NumberColumn> readers;
    for (const Source& source : group) {
      selected.push_back(source.sql);
      readers.emplace_back(source.kind, profile_.rows);
    }
    Tell(profile_.columns[group.front().place].name);
    step_ += group.size() - 1;
    session_.StreamNumbers("SELECT " + Join(selected, ", ") + " FROM " + table_,
                           [&](const std::vector<NumberSpan>& spans, size_t rows) {
                             for (size_t i = 0; i < readers.size(); ++i)
                               readers[i].Add(spans[i], rows);
                             return true;
                           });
    std::atomic<size_t> next = 0;
    const auto work = [&] {
      for (size_t i = next++; i < readers.size(); i = next++) {
        ColumnStatistics& column = profile_.columns[group[i].place];
        readers[i].Finish(options_.top_values, &column);
        TellNumberSemantics(&column);
      }
    };
    std::jthread other(work);
    work();
  }

  static void TellNumberSemantics(ColumnStatistics* column) {
    if (column->count() == 0) return;
    if (column->kind == FiguresKind::kTime) {
      const bool is_date = column->time && column->time->unit == "day";
      column->semantic = {is_date ? "date" : "datetime", "", 1};
      return;
    }
    const NumberFigures& numbers = *column->numbers;
    if (!numbers.min) return;
    const Distribution& values = column->sketch.values;
    bool is_integer = values.kind == NumberKind::kInteger;
    if (!is_integer && values.exact()) {
      is_integer = true;
      for (size_t i = 0; i < values.size() && is_integer; ++i)
        is_integer = values.Number(i) == std::floor(values.Number(i));
    }
    column->semantic = SemanticTypeOfNumbers(
        {.name = column->name, .count = column->count(), .distinct = column->distinct},
        {.min = *numbers.min, .max = *numbers.max, .is_integer = is_integer});
  }

  void ReadTexts() {
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (profile_.columns[i].kind != FiguresKind::kText) continue;
      Tell(columns_[i].name);
      ProfileTextColumn(session_, table_, columns_[i], options_.top_values, &profile_.columns[i]);
    }
  }

  // Rows are told apart by 64 bits of a hash: among a billion, one pair in 37 tables is taken for
  // equal that is not.
  void CountDuplicates() {
    if (columns_.empty()) return;
    std::vector<std::string> names;
    for (const Column& column : columns_) names.push_back(QuoteName(column.name));
    profile_.duplicate_rows =
        profile_.rows - session_
                            .Query("SELECT count(*) FROM (SELECT 1 FROM " + table_ +
                                   " GROUP BY hash(" + Join(names, ", ") + "))")
                            .Int(0, 0);
  }

  static bool MayBeEqual(const ColumnStatistics& a, const ColumnStatistics& b) {
    if (a.sql_type != b.sql_type || a.missing != b.missing || a.distinct != b.distinct ||
        a.unique != b.unique || a.top_values.size() != b.top_values.size())
      return false;
    for (size_t i = 0; i < a.top_values.size(); ++i) {
      if (a.top_values[i].count != b.top_values[i].count ||
          a.top_values[i].value != b.top_values[i].value)
        return false;
    }
    return true;
  }

  // Figures that agree name the candidates; the rows decide.
  void FindCopies() {
    std::map<std::pair<int64_t, int64_t>, std::vector<size_t>> alike;
    std::vector<std::pair<size_t, size_t>> candidates;
    for (size_t i = 0; i < columns_.size(); ++i) {
      const ColumnStatistics& column = profile_.columns[i];
      if (column.distinct < 2) continue;
      for (const size_t j : alike[{column.missing, column.distinct}]) {
        if (candidates.size() < kCopiesMax && MayBeEqual(profile_.columns[j], column))
          candidates.emplace_back(j, i);
      }
      alike[{column.missing, column.distinct}].push_back(i);
    }
    if (candidates.empty()) return;
    std::vector<std::string> tests;
    for (const auto& [a, b] : candidates)
      tests.push_back(fmt::format("bool_and({} IS NOT DISTINCT FROM {})",
                                  QuoteName(columns_[a].name), QuoteName(columns_[b].name)));
    const Table answer = session_.Query("SELECT " + Join(tests, ", ") + " FROM " + table_);
    for (size_t i = 0; i < candidates.size(); ++i) {
      if (answer.ToJson(0, i).AsBool())
        profile_.copies.emplace_back(columns_[candidates[i].first].name,
                                     columns_[candidates[i].second].name);
    }
  }

  Session& session_;
  const std::string table_;
  const ProfileOptions& options_;
  std::vector<Column> columns_;
  std::vector<bool> fits_integer_;       // of wide integers, in order
  std::vector<int64_t> infinite_times_;  // of times, in order
  TableProfile profile_;
  size_t step_ = 0, steps_ = 1;
};

}  // namespace

TableProfile ProfileWholeTable(Session& session, const std::string& table,
                               const ProfileOptions& options) {
  return Profiler(session, table, options).Run();
}

}  // namespace millwright::quality
