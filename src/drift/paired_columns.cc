#include "drift/paired_columns.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "quality/plan_sql.h"

namespace millwright::drift {
namespace {

using analytics::Column;
using analytics::ColumnType;
using analytics::QuoteName;
using analytics::Session;

constexpr char kRowName[] = "\"row of the table\"";

bool Holds(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string PeriodKey(int64_t epoch_s, Period period) {
  const auto time = fmt::gmtime(static_cast<std::time_t>(epoch_s));
  return period == Period::kHour ? fmt::format("{:%Y-%m-%d %H:00}", time)
                                 : fmt::format("{:%Y-%m-%d}", time);
}

// One side: what is selected of it and where the numbers go.
struct Side {
  std::string table;
  const char* sample;  // the table for the rows that are drawn
  std::vector<double> PairedColumn::*values;
  size_t* rows;
  int64_t* rows_all;
  std::vector<std::string>* period;
};

class Reading {
 public:
  Reading(Session& session, const std::string& reference, const std::string& current,
          const PairedOptions& options)
      : session_(session),
        reference_{session.Describe("SELECT * FROM " + reference)},
        current_{session.Describe("SELECT * FROM " + current)},
        options_(options) {
    Choose();
    Side sides[] = {
        {reference, "\"drawn of the reference\"", &PairedColumn::reference, &result_.reference_rows,
         &result_.reference_rows_all, &result_.reference_period},
        {current, "\"drawn of the current rows\"", &PairedColumn::current, &result_.current_rows,
         &result_.current_rows_all, &result_.current_period}};
    int64_t cells = 0;
    for (const Side& side : sides) {
      *side.rows_all = session.Query("SELECT count(*) FROM " + side.table).Int(0, 0);
      const int64_t taken =
          options.rows_max > 0 ? std::min(options.rows_max, *side.rows_all) : *side.rows_all;
      cells += taken * static_cast<int64_t>(result_.columns.size());
    }
    if (cells > kPairedCellsMax) {
      throw ResourceExhausted(
          "{} cells are more than the {} that are compared at once: choose columns", cells,
          kPairedCellsMax);
    }
    for (Side& side : sides) {
      if (options.rows_max > 0 && options.rows_max < *side.rows_all) Draw(&side);
    }
    for (PairedColumn& column : result_.columns) {
      if (column.kind == statistics::ColumnKind::kCategorical) {
        MakeType(&column, sides[0].table, sides[1].table);
      }
    }
    for (const Side& side : sides) Read(side);
  }

  PairedColumns Result() { return std::move(result_); }

 private:
  void Choose() {
    const auto add = [&](const Column& column) {
      const bool is_number = quality::IsNumeric(column);
      PairedColumn& out = result_.columns.emplace_back();
      out.name = column.name;
      if (!is_number || Holds(options_.categorical, column.name)) {
        out.kind = statistics::ColumnKind::kCategorical;
      }
      if (column.type == ColumnType::kInteger) out.type = statistics::ValueType::kInteger;
    };
    const auto can_be = [](const Column& column) {
      return quality::IsNumeric(column) || column.type == ColumnType::kText ||
             column.type == ColumnType::kBoolean;
    };
    for (const std::string& name : options_.categorical) reference_.At(name);
    for (const std::string& name : options_.columns) {
      const Column& column = reference_.At(name);
      current_.At(name);
      if (!can_be(column)) {
        throw InvalidArgument("{} is neither number, boolean nor text: {}", name, column.sql_type);
      }
      add(column);
    }
    if (options_.columns.empty()) {
      for (const Column& column : reference_.columns) {
        const Column* other = current_.Find(column.name);
        const bool fits = other != nullptr && can_be(column) && can_be(*other) &&
                          quality::IsNumeric(column) == quality::IsNumeric(*other);
        if (fits && column.name != options_.time_column) add(column);
      }
    }
    if (result_.columns.empty()) throw InvalidArgument("There is no column to compare");
  }

  // Puts the rows that are drawn into a table of their own: values of rows that are not drawn need
  // no place among the categories.
  void Draw(Side* side) {
    std::vector<std::string> names;
    for (const PairedColumn& column : result_.columns) names.push_back(QuoteName(column.name));
    const std::string time = QuoteName(options_.time_column);
    if (!options_.time_column.empty() && !Holds(names, time)) names.push_back(time);
    const double share =
        static_cast<double>(options_.rows_max) / static_cast<double>(*side->rows_all);
    session_.Execute(fmt::format(
        "CREATE OR REPLACE TEMP TABLE {} AS SELECT {} FROM (SELECT *, row_number() OVER () AS {} "
        "FROM {}) WHERE hash({}, {}) < {}",
        side->sample, quality::Join(names, ", "), kRowName, side->table, kRowName, options_.seed,
        static_cast<uint64_t>(share * 0x1p64)));
    side->table = side->sample;
  }

  // The values of both sides in rising order: a category is then its code.
  void MakeType(PairedColumn* column, const std::string& reference, const std::string& current) {
    const auto values = [&](const quality::TableShape& shape, const std::string& table) {
      return "SELECT " + TextSql(shape.At(column->name)) + " AS value FROM " + table;
    };
    const std::string name = TypeName(*column);
    session_.Execute("DROP TYPE IF EXISTS " + name);
    session_.Execute("CREATE TYPE " + name + " AS ENUM (SELECT value FROM (" +
                     values(reference_, reference) + " UNION " + values(current_, current) +
                     ") WHERE value IS NOT NULL ORDER BY value)");
    column->categories =
        static_cast<size_t>(session_.Query("SELECT len(enum_range(NULL::" + name + "))").Int(0, 0));
  }

  std::string TypeName(const PairedColumn& column) const {
    return QuoteName("values of " + column.name);
  }

  // 1 and 1.0 of two sources are the same category.
  static std::string TextSql(const Column& column) {
    const std::string name = QuoteName(column.name);
    if (!quality::IsNumeric(column)) return "CAST(" + name + " AS VARCHAR)";
    return "regexp_replace(CAST(CAST(" + name + " AS DOUBLE) AS VARCHAR), '\\.0$', '')";
  }

  void Read(const Side& side) {
    const quality::TableShape& shape =
        side.values == &PairedColumn::reference ? reference_ : current_;
    std::string select;
    for (PairedColumn& column : result_.columns) {
      const Column& own = shape.At(column.name);
      const bool is_number = column.kind == statistics::ColumnKind::kNumeric;
      select += (is_number ? "CAST(" + QuoteName(column.name) + " AS DOUBLE)"
                           : "CAST(enum_code(CAST(" + TextSql(own) + " AS " + TypeName(column) +
                                 ")) AS DOUBLE)") +
                ", ";
    }
    const bool has_period = options_.period != Period::kNone;
    select += has_period ? PeriodSql(options_.period, options_.time_column) : "CAST(0 AS BIGINT)";
    std::string sql = "SELECT " + select + " FROM (SELECT *, row_number() OVER () AS " + kRowName +
                      " FROM " + side.table + ")";
    if (!options_.time_column.empty()) {
      sql +=
          fmt::format(" ORDER BY {}, {}", QuoteName(shape.At(options_.time_column).name), kRowName);
    }
    int64_t last = std::numeric_limits<int64_t>::min();
    session_.StreamNumbers(sql, [&](const std::vector<analytics::NumberSpan>& spans, size_t rows) {
      for (size_t c = 0; c < result_.columns.size(); ++c) {
        std::vector<double>& values = result_.columns[c].*side.values;
        for (size_t row = 0; row < rows; ++row) {
          const double value = spans[c].Has(row) ? spans[c].reals[row] : NAN;
          values.push_back(std::isfinite(value) ? value : NAN);
        }
      }
      for (size_t row = 0; has_period && row < rows; ++row) {
        if (!spans.back().Has(row)) throw InvalidArgument("A row has no {}", options_.time_column);
        const int64_t epoch = spans.back().integers[row];
        side.period->push_back(epoch == last ? side.period->back()
                                             : PeriodKey(epoch, options_.period));
        last = epoch;
      }
      *side.rows += rows;
      return true;
    });
  }

  Session& session_;
  const quality::TableShape reference_, current_;
  const PairedOptions& options_;
  PairedColumns result_;
};

}  // namespace

PairedColumns ReadPaired(Session& session, const std::string& reference, const std::string& current,
                         const PairedOptions& options) {
  if (options.period != Period::kNone && options.time_column.empty()) {
    throw InvalidArgument("A period needs a time column").WithField("--time");
  }
  return Reading(session, reference, current, options).Result();
}

}  // namespace millwright::drift
